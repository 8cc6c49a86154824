"""GET /events: the live stream, as server-sent events (HTML Living Standard, §9.2).

`alarm`, `case`, `box` and `mode` carry the ledger's event ids, so a browser that was cut off goes on where it
was (`Last-Event-ID`). Whoever is confined to units hears `left` instead of `case`, with the number alone, of a case
that was theirs and is another unit's now. `values` and `time` carry no id: only the newest matter. `time` is the
heartbeat; its comment keeps proxies awake, its data lets the board see that the stream lives.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.di import Provide
from litestar.params import HeaderParameter, QueryParameter, SkipValidation
from litestar.response import Stream

from cloud.access.actor import Actor
from cloud.access.permits import sees, sees_district
from cloud.api.crowd import Crowd
from cloud.api.desk import Desk, OnDesk
from cloud.api.doors import OnActor, OnDoors
from cloud.api.paging import BIGGEST
from cloud.api.problems import RequestError
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.live import Change
from cloud.tables.events import LedgerEvent

HEARTBEAT_S = 5.0
PAGE = 500
"""Events read from the ledger, and sent, at once."""
OPEN_CASES_MAX = 1_000
"""In a snapshot."""
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
STREAMS_MOST, STREAMS_OF_ONE = 1_000, 50
"""Open at once, together and of one account: some boards in a command centre share one. 800 idle ones take a third of
a core, and each change is told to every one of them."""


class _Placed(msgspec.Struct, frozen=True):
    """Of an event, whose it is."""

    number: str = ""
    district: str = ""
    unit: str = ""
    dispatched_to: str = ""


class Left(msgspec.Struct, frozen=True):
    """A case that was theirs, and is another unit's now."""

    number: str


class Heartbeat(msgspec.Struct, frozen=True):
    """The server's clock, and the time of the newest reading of any sensor, 0 for none."""

    time_ns: int
    newest_ns: int


AnyRequest = Request[Any, Any, Any]
Streams = SkipValidation[Crowd]
LastEventId = Annotated[int | None, HeaderParameter(name="Last-Event-ID", ge=0, le=BIGGEST)]
After = Annotated[int, QueryParameter(ge=0, le=BIGGEST)]
WithValues = Annotated[bool, QueryParameter(description="of a large city the newest values are most of what there is")]


def router() -> Router:
    """The route, and how many follow it."""
    crowd = Crowd("streams of events", most=STREAMS_MOST, of_one=STREAMS_OF_ONE)
    return Router(
        "/api/v1",
        route_handlers=[events],
        dependencies={"streams": Provide(lambda: crowd, sync_to_thread=False)},
    )


@get("/events", tags=["city"], summary="Alarms, cases, boxes and values as they change", media_type="text/event-stream")
async def events(  # noqa: PLR0913, PLR0917 - three are the client's, the others what every route may ask for
    desk: OnDesk,
    doors: OnDoors,
    actor: OnActor,
    streams: Streams,
    request: AnyRequest,
    last_event_id: LastEventId = None,
    after: After = 0,
    values: WithValues = True,  # noqa: FBT002 - a query parameter
) -> Stream:
    """Events after `Last-Event-ID`, which a browser sends by itself, or else after `after`.

    It ends with the session or token that opened it, at the next heartbeat. An `after` that lies ahead is now;
    one that lies so far back that events are not kept any more is refused (410), for some would be missed.
    """
    streams.require_room(actor.name)
    is_still = partial(doors.is_still, request, actor)
    start = after if last_event_id is None else last_event_id
    # Known before the answer begins: who then asks for a snapshot hears all that comes after it. An id from an earlier
    # ledger (a demonstration that was started anew) must not silence this one.
    start = min(start, await desk.ledger.last_event_id())
    if 0 < start < await desk.ledger.first_event_id() - 1:
        what = f"the events after {start} are not kept any more."
        fix = "take GET /state and go on after its last_event_id."
        raise RequestError(what, status=410, fix=fix, code="E-API-021")
    messages = _messages(desk, actor, is_still, start, values=values)
    return Stream(_counted(messages, streams, actor.name), media_type="text/event-stream", headers=_HEADERS)


async def _counted(messages: AsyncGenerator[bytes, None], streams: Crowd, who: str) -> AsyncIterator[bytes]:
    """From its first message on: of an answer that nobody reads, the generator is never begun, nor ended."""
    if not streams.has_room(who):
        return
    with streams.joined(who):
        async with aclosing(messages):
            async for message in messages:
                yield message


async def _messages(
    desk: Desk, actor: Actor, is_still: Callable[[], Awaitable[bool]], after: int, *, values: bool
) -> AsyncGenerator[bytes, None]:
    async with (
        aclosing(desk.live.watch(values=values)) as changes,
        aclosing(_told(desk, actor, is_still, after, changes)) as messages,
    ):
        async for message in messages:
            yield message


async def _told(
    desk: Desk, actor: Actor, is_still: Callable[[], Awaitable[bool]], after: int, changes: AsyncIterator[Change]
) -> AsyncGenerator[bytes, None]:
    told = _Told(actor, await _numbers(desk, actor))
    clock = asyncio.get_running_loop().time
    heartbeat_at = clock()
    async for change in changes:
        is_due = clock() >= heartbeat_at
        if is_due and not await is_still():
            return
        if change.has_events or is_due:  # when due, too: another process may have written to the ledger
            async for page in _news(desk, after):
                after = page[-1].id
                if theirs := b"".join(map(told.of, page)):
                    yield theirs
        if change.values:
            yield _message("values", msgspec.json.encode(change.values))
        if is_due:
            heartbeat_at = clock() + HEARTBEAT_S
            data = msgspec.json.encode(Heartbeat(desk.now(), desk.live.newest_ns))
            yield b": heartbeat\n" + _message("time", data)


async def _news(desk: Desk, after: int) -> AsyncIterator[Sequence[LedgerEvent]]:
    while page := await desk.ledger.events_after(after, PAGE):
        yield page
        after = page[-1].id


def _message(kind: str, data: bytes, event_id: int | None = None) -> bytes:
    """Litestar's own messages are each sent alone, and take a burst of alarms 0.25 ms apiece. JSON has no line ends."""
    numbered = b"" if event_id is None else b"id: %d\n" % event_id
    return numbered + b"event: %s\ndata: %s\n\n" % (kind.encode(), data)


async def _numbers(desk: Desk, actor: Actor) -> set[str]:
    """The open cases that may become another unit's: those of somebody who is confined to units."""
    if not actor.units:
        return set()
    theirs = conditions(CaseFilter(is_open=True), actor, desk.now())
    return {case.number for case in await desk.ledger.cases(theirs, limit=OPEN_CASES_MAX, with_logs=False)}


class _Told:
    """What one listener hears: nothing of other districts, nor of other units' cases but that they are those now."""

    def __init__(self, actor: Actor, numbers: set[str]) -> None:
        self._actor, self._numbers = actor, numbers

    def of(self, event: LedgerEvent) -> bytes:
        """The message, empty for what is not theirs."""
        data = bytes(event.data)
        if event.kind == "case":
            return self._of_case(event.id, data)
        if event.kind == "alarm" and not sees_district(self._actor, msgspec.json.decode(data, type=_Placed).district):
            return b""
        return _message(event.kind, data, event.id)

    def _of_case(self, event_id: int, data: bytes) -> bytes:
        case = msgspec.json.decode(data, type=_Placed)
        if sees(self._actor, case.district, case.unit, case.dispatched_to):
            if self._actor.units:
                self._numbers.add(case.number)
            return _message("case", data, event_id)
        if case.number not in self._numbers:
            return b""
        self._numbers.discard(case.number)
        return _message("left", msgspec.json.encode(Left(case.number)), event_id)
