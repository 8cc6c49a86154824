"""The live stream: at once, in order, and complete over a cut connection."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import small_city
from sqlalchemy import delete

from cloud.schema.stream import events
from wire.alarm import Change, Level


async def listen(
    town: Any, after: int = 0, last_event_id: int | None = None, *, values: str = "true"
) -> AsyncGenerator[tuple[str, str, Any], None]:
    """(id, event, data) of each message."""
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    async with town.client.stream("GET", f"api/v1/events?after={after}&values={values}", headers=headers) as answer:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields.get("id", ""), fields["event"], json.loads(fields["data"])
                fields = {}


async def heard(messages: AsyncIterator[tuple[str, str, Any]], kinds: set[str], count: int) -> list[tuple[str, Any]]:
    """The next `count` messages of these kinds: (id, data)."""
    found: list[tuple[str, Any]] = []
    async with asyncio.timeout(30):
        async for number, kind, data in messages:
            if kind in kinds:
                found.append((number, data))
            if len(found) == count:
                break
    return found


async def test_alarm_is_pushed(town: Any, now_ns: int) -> None:
    """An alarm and its case arrive on their own once the ledger has them, with rising ids."""
    async with aclosing(listen(town)) as messages:
        await heard(messages, {"time"}, 1)
        await town.ledger.take_alarms(small_city.lean(1, now_ns))
        town.live.wake()
        [(first, alarm), (second, case)] = await heard(messages, {"alarm", "case"}, 2)
    assert (alarm["id"], alarm["level"], case["alarm"]) == (small_city.LEAN, "red", small_city.LEAN)
    assert int(first) < int(second)


async def test_nothing_is_missed_over_a_cut(town: Any, now_ns: int) -> None:
    """A browser that comes back with the last id it saw gets every event since, each once."""
    for sequence, level in enumerate((Level.BLUE, Level.YELLOW, Level.RED), start=1):
        await town.ledger.take_alarms(small_city.lean(sequence, now_ns + sequence, level))
    async with aclosing(listen(town)) as messages:
        first = await heard(messages, {"alarm", "case"}, 2)
    async with aclosing(listen(town, last_event_id=int(first[-1][0]))) as messages:
        rest = await heard(messages, {"alarm", "case"}, 4)
    assert [int(number) for number, _ in first + rest] == list(range(1, 7))


async def test_values_carry_no_id(town: Any, now_ns: int) -> None:
    """Values are news of the moment: a browser that reconnects must not ask for old ones."""
    async with aclosing(listen(town)) as messages:
        await heard(messages, {"time"}, 1)
        town.live.put(small_city.tilt_batch(town.inventory, "XM-TA-0117-T1", now_ns, (0.1, 0.2)).columns)
        [(number, [value])] = await heard(messages, {"values"}, 1)
    assert number == ""
    assert (value["sensor"], value["value"]) == ("XM-TA-0117-T1", 0.2)


async def test_values_can_be_left_out(town: Any, now_ns: int) -> None:
    """A board of 5 000 sites asks for the values it shows, and hears of alarms and cases alone."""
    async with aclosing(listen(town, values="false")) as messages:
        await heard(messages, {"time"}, 1)
        town.live.put(small_city.tilt_batch(town.inventory, "XM-TA-0117-T1", now_ns, (0.1, 0.2)).columns)
        await town.ledger.take_alarms(small_city.lean(1, now_ns))
        town.live.wake()
        [(number, _)] = await heard(messages, {"values", "alarm"}, 1)
    assert number == "1"


async def test_from_now_on(town: Any, now_ns: int) -> None:
    """Who follows a snapshot of its own asks for nothing of the past: an id that lies ahead is now."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns))
    async with aclosing(listen(town, after=2**53)) as messages:
        await heard(messages, {"time"}, 1)
        await town.ledger.take_alarms(small_city.lean(2, now_ns + 1, Level.ORANGE, Change.LOWERED))
        town.live.wake()
        [(_, alarm)] = await heard(messages, {"alarm"}, 1)
    assert alarm["level"] == "orange"


async def test_now_is_when_the_answer_begins(town: Any, now_ns: int) -> None:
    """Who asks for a snapshot once the stream is open misses nothing: what happens after its headers is told."""
    said: list[bytes] = []
    told = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await told.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            await town.ledger.take_alarms(small_city.lean(1, now_ns))
            return
        said.append(message["body"])
        if b"event: time" in message["body"]:
            told.set()

    address = {"path": "/api/v1/events", "raw_path": b"/api/v1/events", "query_string": b"after=9007199254740992"}
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "root_path": "", **address}
    local = {"headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    async with asyncio.timeout(20):
        await town.app({**scope, **local, "asgi": {"version": "3.0"}}, receive, send)
    assert small_city.LEAN.encode() in b"".join(said)


async def test_id_of_an_earlier_ledger(town: Any, now_ns: int) -> None:
    """A browser left open over a demonstration started anew hears of the new one, though its ids are lower."""
    async with aclosing(listen(town, last_event_id=5_000)) as messages:
        await heard(messages, {"time"}, 1)
        await town.ledger.take_alarms(small_city.lean(1, now_ns))
        town.live.wake()
        [(number, _)] = await heard(messages, {"alarm"}, 1)
    assert number == "1"


async def test_who_was_away_too_long_is_told(town: Any, now_ns: int) -> None:
    """What followed the id is not kept any more: the stream does not pass over it, and says where to begin anew."""
    for sequence, level in enumerate((Level.BLUE, Level.YELLOW, Level.RED), start=1):
        await town.ledger.take_alarms(small_city.lean(sequence, now_ns + sequence, level))
    await town.ledger.database.write(lambda connection: connection.execute(delete(events).where(events.c.id <= 3)))
    answer = await town.client.get("api/v1/events", headers={"Last-Event-ID": "2"})
    assert (answer.status_code, answer.json()["code"]) == (410, "E-API-021")
    async with aclosing(listen(town, last_event_id=3)) as messages:
        [(number, _)] = await heard(messages, {"alarm", "case"}, 1)
    assert number == "4"


async def test_heartbeat_tells_the_time(town: Any, now_ns: int) -> None:
    """A quiet city still says that its stream lives, and what time the server has."""
    async with aclosing(listen(town)) as messages:
        [(_, data)] = await heard(messages, {"time"}, 1)
    assert data == {"time_ns": now_ns, "newest_ns": 0}
