"""What waits for the targets of notices, and dead letters sent again, over HTTP and by the command."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import guarded_town
import httpx
import msgspec
import pytest
import small_city
from click.testing import CliRunner
from litestar import Router, get

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.ports import Notice
from cloud.stores import embedded
from cloud.tables import audit, outbox
from cloud.tables.audit import Wanted
from wire.alarm_message import AlarmMessage
from wire.main import root

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
"""18 November 2026, 11:06:40 UTC."""
BILLBOARDS = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """A served API and its ledger."""

    ledger: Ledger
    client: httpx.AsyncClient
    url: str

    async def dead(self, **query: int) -> list[dict[str, object]]:
        """GET /outbox/dead."""
        found: list[dict[str, object]] = (await self.client.get("api/v1/outbox/dead", params=query)).json()
        return found


@get("/api/v1/quarantine")
async def quarantine() -> list[str]:
    """Empty; `egret cloud status` asks for it, too."""
    return []


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Three billboards lean; `city-desk` has refused all three for good, and `group` does not answer for the first."""
    city = small_city.inventory(tmp_path)
    store = embedded.open_store(embedded.Config(folder=str(tmp_path)))
    targets = ("city-desk", "group")
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, Practice(city), targets) as ledger, store:
        [event] = small_city.lean(1, NOW_NS).events
        events = (
            msgspec.structs.replace(event, sequence=at, alarm=f"XM-TA-0117-T{at}/lean")
            for at in range(1, BILLBOARDS + 1)
        )
        await ledger.take_alarms(AlarmMessage("XM-TA-01", "spool-1", 0, tuple(events)))
        for row in await ledger.due("city-desk", NOW_NS, 10):
            await ledger.failed([row.id], None, "answered 410")
        [first, *_] = await ledger.due("group", NOW_NS, 10)
        await ledger.failed([first.id], NOW_NS + 60 * small_city.SECOND_NS, "no answer within 10 s")
        async with (
            serving(
                create_app(ledger, store, Live(), city, lambda: NOW_NS, [Router("/", route_handlers=[quarantine])])
            ) as url,
            httpx.AsyncClient(base_url=url, timeout=30) as client,
        ):
            yield Desk(ledger, client, url)


async def test_each_target_is_summed_up(desk: Desk) -> None:
    """One refuses, one does not answer, the store has three alarm points to take."""
    found = {state["target"]: state for state in (await desk.client.get("api/v1/outbox")).json()}
    assert list(found) == ["city-desk", "group", "store"]
    assert (found["city-desk"]["waiting"], found["city-desk"]["dead"]) == (0, 3)
    assert found["city-desk"]["error"] == "answered 410"
    assert (found["group"]["waiting"], found["group"]["oldest_ns"]) == (3, NOW_NS)
    assert (found["group"]["failing_ns"], found["group"]["error"]) == (NOW_NS, "no answer within 10 s")
    assert (found["store"]["waiting"], found["store"]["failing_ns"], found["store"]["error"]) == (3, None, "")


async def test_a_target_that_has_left_is_still_seen(desk: Desk) -> None:
    """Its notices would wait for ever, and nobody would know."""
    del desk.ledger.routes["group"]
    found = {state["target"]: state["is_known"] for state in (await desk.client.get("api/v1/outbox")).json()}
    assert found == {"city-desk": True, "group": False, "store": True}


async def test_dead_letters_are_pages_from_the_newest(desk: Desk) -> None:
    """Three in pages of two, each once, with what was said and what they are about."""
    first = await desk.dead(limit=2)
    rest = await desk.dead(limit=2, after=int(str(first[-1]["id"])))
    assert [letter["about"] for letter in first + rest] == [f"20261118-0000{at}" for at in (3, 2, 1)]
    assert {(letter["kind"], letter["error"], letter["attempts"]) for letter in first} == {
        ("case.opened", "answered 410", 1)
    }


async def test_one_letter_is_sent_again(desk: Desk) -> None:
    """It is due at once with no failures behind it; a second time there is nothing to send."""
    letter = (await desk.dead())[0]["id"]
    assert (await desk.client.post(f"api/v1/outbox/{letter}/replay")).json() == {"replayed": 1}
    [row] = await desk.ledger.due("city-desk", NOW_NS, 10)
    assert (row.id, row.attempts) == (letter, 0)
    again = await desk.client.post(f"api/v1/outbox/{letter}/replay")
    assert (again.status_code, again.json()["code"]) == (404, "E-OUTBOX-001")


async def test_all_letters_of_a_target_are_sent_again(desk: Desk) -> None:
    """The oldest first; those of other targets stay; the audit log has one line."""
    answer = await desk.client.post("api/v1/outbox/replay", params={"target": "city-desk"})
    assert answer.json() == {"replayed": BILLBOARDS}
    ids = [row.notice.id for row in await desk.ledger.due("city-desk", NOW_NS, 10)]
    assert ids == [f"20261118-0000{at}.opened.red" for at in (1, 2, 3)]
    none = await desk.client.post("api/v1/outbox/replay", params={"target": "group"})
    assert none.json() == {"replayed": 0}
    [line] = await desk.ledger.read(lambda connection: audit.onward(connection, Wanted(act="outbox.replay")))
    assert (line.object, line.detail) == ("target city-desk", "3 dead letters")


async def test_a_target_must_be_named(desk: Desk) -> None:
    """Nothing is sent again by a request that forgets for whom."""
    for path in ("outbox/replay", "outbox/replay?target="):
        assert (await desk.client.post(f"api/v1/{path}")).status_code == 400
    assert len(await desk.dead()) == BILLBOARDS


async def test_letters_are_a_maintainers(tmp_path: Path) -> None:
    """A viewer sees how the targets are, not what they said; letters and their replay need the right to maintain."""
    notice, said = Notice("20261118-00001.opened.red", "case.opened", NOW_NS, b"{}"), "http://10.0.0.7: answered 500"
    async with guarded_town.opened(tmp_path, Http()) as town:
        await town.gate.database.write(lambda connection: outbox.put(connection, "group", notice, NOW_NS))
        await town.gate.database.write(lambda connection: outbox.failed(connection, [1], NOW_NS, said))
        for name, error in (("wu", ""), ("lin", ""), ("zhao", said)):
            await town.log_in(name)
            [group, _] = (await town.client.get("api/v1/outbox")).json()
            assert (group["target"], group["waiting"], group["error"]) == ("group", 1, error)
        await town.log_in("wu")
        assert (await town.client.get("api/v1/outbox/dead")).status_code == 403
        assert (await town.change("POST", "outbox/1/replay")).status_code == 403
        assert (await town.change("POST", "outbox/replay?target=city-desk")).status_code == 403
        await town.log_in("zhao")
        assert (await town.client.get("api/v1/outbox/dead")).json() == []
        assert (await town.change("POST", "outbox/1/replay")).status_code == 404


async def test_status_says_who_is_not_told(desk: Desk) -> None:
    """A line for all, and one for each target that has something to complain about."""
    words = ("cloud", "status", "--url", f"{desk.url}api/v1")
    said = (await asyncio.to_thread(CliRunner().invoke, root, words)).stdout.splitlines()
    notices = said.index("notices     6 wait, 3 dead letters")
    assert said[notices + 1].endswith("city-desk has dead letters: 0 wait, 3 dead letters: answered 410")
    assert "group takes nothing of 2026-11-18" in said[notices + 2]
    assert said[notices + 2].endswith("and later: 3 wait, 0 dead letters: no answer within 10 s")
