"""The ledger: alarms, cases, watermarks, the event log and the outbox, in one database.

An alarm, its case, what is to be sent and the watermark that the box is receipted with are one
transaction. After a kill -9 at any instant either all of it is there, or none and the box sends again.
What people do is in `cloud.cases.casebook`.
"""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection

from cloud.alarming.alarm_cases import fresh, standing
from cloud.alarming.alarm_state import Alarm
from cloud.alarming.alarmwork import SPOOL
from cloud.cases import clockwork, modework
from cloud.cases.case_flow import Case, CaseFile
from cloud.cases.practice import Practice
from cloud.cases.work import Work, tell_nobody
from cloud.database import Database
from cloud.notices.notice_route import Targets, facts_of, routes_of
from cloud.ownership import attributed
from cloud.ports import Notice, Now
from cloud.tables import (
    alarm_causes,
    alarm_history,
    alarms,
    backfills,
    boxes,
    case_counts,
    cases,
    events,
    gaps,
    modes,
    outbox,
    watermarks,
)
from cloud.tables.alarm_history import AlarmHistory
from cloud.tables.backfills import Backfill, Lacking
from cloud.tables.boxes import BoxState
from cloud.tables.case_counts import CaseCounts
from cloud.tables.events import LedgerEvent
from cloud.tables.gaps import KnownGap
from cloud.tables.outbox import OutboxRow, TargetState
from wire.alarm import AlarmEvent
from wire.alarm_message import AlarmMessage
from wire.clock import taken_at
from wire.gap import Gap
from wire.receipt import BoxStatus, Lane

T = TypeVar("T")

_NO_GAPS: Mapping[tuple[str, str], Sequence[Gap]] = MappingProxyType({})
_NO_HOLES: Mapping[tuple[str, str], Sequence[tuple[int, int]]] = MappingProxyType({})


class Taken(msgspec.Struct, frozen=True):
    """`stored_through` is the watermark to receipt; `changes` are alarms and cases as they became."""

    stored_through: int
    changes: tuple[Alarm | Case, ...]


class Ledger:
    """An async context manager. Every method raises Unavailable while the database cannot be used."""

    def __init__(self, url_or_path: str | Path, now: Now, practice: Practice, targets: Targets = ()) -> None:
        """`targets` are the notifiers: what each is told, or their names alone, and then each is told everything."""
        self.database = Database(url_or_path)
        self.now, self.practice, self.routes = now, practice, routes_of(targets)
        self._require: Callable[[Connection], None] = lambda _: None

    async def __aenter__(self) -> Self:
        """Open, and bring the tables up to date."""
        await self.database.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.database.__aexit__(kind, error, trace)

    def fenced(self, require: Callable[[Connection], None]) -> "Ledger":
        """The same ledger; nothing is written where `require` raises, which it is asked in each transaction."""
        fenced = copy.copy(self)
        fenced._require = require  # noqa: SLF001 - of this class
        return fenced

    async def take_alarms(self, message: AlarmMessage) -> Taken:
        """Everything a message leads to, in one transaction; what was taken before changes nothing.

        When events before the message are missing nothing is taken: the box sends again from the
        watermark it gets. What a box says of another's sensor is no word of that sensor's. Of what had a receipt
        before, from a ledger that is lost, nobody is told a second time.
        """

        def take(work: Work) -> Taken:
            spool = (message.box, message.spool_id, Lane.ALARMS)
            watermark = watermarks.of(work.connection, *spool)
            new = [self._attributed(event, message.box) for event in fresh(message, watermark)]
            if not new:
                return Taken(watermark, ())
            backfills.give_up(work.connection, *spool, (watermark + 1, new[0].sequence - 1), work.now_ns)
            intake = work.intake({event.alarm for event in new}, [message.box])
            for event in new:
                intake.take(taken_at(event, work.now_ns), message.box)
            changes = work.commit(spool[:2])
            watermarks.advance(work.connection, [(*spool, new[-1].sequence)])
            return Taken(new[-1].sequence, changes)

        return await self.transact(take, is_silent=message.is_again)

    def _attributed(self, event: AlarmEvent, box: str) -> AlarmEvent:
        sensor = attributed(self.practice.inventory, event.sensor, box)
        if sensor == event.sensor:
            return event
        return msgspec.structs.replace(event, sensor=sensor, alarm=f"{sensor}/{event.rule}")

    async def watermark(self, box: str, spool_id: str, lane: Lane) -> int:
        """Everything up to it is durable; 0 for a spool never heard of."""
        return await self.database.read(lambda connection: watermarks.of(connection, box, spool_id, lane))

    async def advance(self, box: str, spool_id: str, lane: Lane, through: int) -> None:
        """A watermark never falls."""
        await self.advance_many([(box, spool_id, lane, through)])

    async def advance_many(
        self,
        marks: Sequence[tuple[str, str, Lane, int]],
        missing: Mapping[tuple[str, str], Sequence[Gap]] = _NO_GAPS,
        holes: Mapping[tuple[str, str], Sequence[tuple[int, int]]] = _NO_HOLES,
    ) -> Sequence[Backfill]:
        """(box, spool id, lane, through) each, with what is missing below it by spool, in one transaction.

        `missing` is gone for good; `holes` were receipted by a ledger that is lost, and may be asked for again: what of
        them nobody had found before.
        """

        def advance(connection: Connection) -> Sequence[Backfill]:
            gaps.add(connection, missing, self.now())
            found = backfills.find(connection, holes, self.now())
            watermarks.advance(connection, marks)
            return found

        return await self.write(advance) if marks else ()

    async def gaps(self, box: str, limit: int) -> Sequence[KnownGap]:
        """What a box had to let go, or any box when it is empty; the last first."""
        return await self.database.read(lambda connection: gaps.newest(connection, box, limit))

    async def save_status(self, status: BoxStatus, *, is_fresh: bool = False) -> Lacking:
        """Watchers hear of it when more than its time has changed. `is_fresh`: said just now, it shows the clock."""
        state = msgspec.convert(status, BoxState, from_attributes=True)

        def save(connection: Connection) -> Lacking:
            now_ns = self.now()
            changed = boxes.put(connection, state, now_ns, is_fresh=is_fresh)
            if changed:
                events.add(connection, [changed], now_ns)
            return backfills.lacking(connection, status, now_ns)

        return await self.write(save)

    async def tick(self) -> bool:
        """Everything that time does to alarms, cases and modes; did anything happen?"""

        def run(work: Work) -> bool:
            spool = (*SPOOL, Lane.ALARMS)
            known = watermarks.of(work.connection, *spool)
            ended = modework.end_overdue(work)
            reached = clockwork.tick(work, known)
            changes = work.commit(SPOOL)
            if reached > known:
                watermarks.advance(work.connection, [(*spool, reached)])
            if ended:
                events.add(work.connection, ended, work.now_ns)
            return bool(changes or ended)

        return await self.transact(run)

    async def boxes(self) -> Sequence[BoxState]:
        """By name."""
        return await self.database.read(boxes.everyone)

    async def alarms(self) -> Sequence[Alarm]:
        """All that are not normal, the worst first, and of a level the longest standing."""
        return await self.database.read(alarms.not_normal)

    async def alarm_cause(self, alarm: str) -> tuple[Alarm, AlarmEvent]:
        """How an alarm stands, and the event that gave it its present level. Raises NoSuchAlarm."""

        def find(connection: Connection) -> tuple[Alarm, AlarmEvent]:
            found = alarms.one(connection, alarm)
            return found, alarm_causes.of(connection, alarm) or standing(found)

        return await self.database.read(find)

    async def alarm_history(
        self, wanted: AlarmHistory, limit: int, after: str
    ) -> tuple[Sequence[alarm_history.PastEvent], str]:
        """Events of alarms, newest first, and the cursor of the next page. Raises BadCursor."""
        return await self.database.read(lambda connection: alarm_history.page(connection, wanted, limit, after))

    async def case_counts(self, wanted: Sequence[ColumnElement[bool]]) -> CaseCounts:
        """How many cases fulfil the conditions, by what they are."""
        return await self.database.read(lambda connection: case_counts.of(connection, wanted))

    async def cases(
        self,
        wanted: Sequence[ColumnElement[bool]] = (),
        *,
        limit: int = 500,
        after: str = "",
        with_logs: bool = True,
    ) -> Sequence[Case]:
        """Those that fulfil the conditions, newest first, with the end of their logs; next from `after` the last."""
        page = cases.page if with_logs else cases.bare_page
        return await self.database.read(lambda connection: page(connection, wanted, limit=limit, before=after))

    async def open_cases(self, limit: int = 1_000) -> Sequence[Case]:
        """The newest that nobody has closed."""
        return await self.cases([cases.IS_OPEN], limit=limit)

    async def case(self, number: str) -> CaseFile:
        """With its whole log, its parts and its evidence. Raises NoSuchCase."""
        return await self.database.read(lambda connection: cases.file_of(connection, number))

    async def events_after(self, event_id: int, limit: int) -> Sequence[LedgerEvent]:
        """Oldest first."""
        return await self.database.read(lambda connection: events.after(connection, event_id, limit))

    async def first_event_id(self) -> int:
        """The oldest that is kept, 0 when nothing ever happened."""
        return await self.database.read(events.first_id)

    async def last_event_id(self) -> int:
        """0 when nothing ever happened."""
        return await self.database.read(events.last_id)

    async def due(self, target: str, until_ns: int, limit: int) -> Sequence[OutboxRow]:
        """What one target should get until then, the longest due first."""
        return await self.database.read(lambda connection: outbox.due(connection, target, until_ns, limit))

    async def sent(self, row_ids: Sequence[int]) -> None:
        """The target has them: the rows are gone."""
        await self.write(lambda connection: outbox.sent(connection, row_ids))

    async def failed(self, row_ids: Sequence[int], retry_at_ns: int | None, error: str) -> None:
        """The target has not taken them; None makes them dead letters."""
        await self.write(lambda connection: outbox.failed(connection, row_ids, retry_at_ns, error))

    async def dead_letters(self, limit: int = 100, before: int = 0) -> Sequence[OutboxRow]:
        """What was given up, the newest first; the next page is `before` the last id."""
        return await self.database.read(lambda connection: outbox.dead_letters(connection, limit, before))

    async def targets_state(self) -> Sequence[TargetState]:
        """Of every notifier and of the store, and of what has left cloud.yaml and still has notices; by name."""
        found = {state.target: state for state in await self.database.read(outbox.states)}
        known = {outbox.STORE, *self.routes}
        return tuple(
            msgspec.structs.replace(found.get(name) or TargetState(target=name), is_known=name in known)
            for name in sorted(known | found.keys())
        )

    async def read(self, call: Callable[[Connection], T]) -> T:
        """What `call` finds."""
        return await self.database.read(call)

    async def transact(self, run: Callable[[Work], T], *, is_silent: bool = False) -> T:
        """What `run` returns; it commits what it puts on the docket. `is_silent`: nobody is told of it."""
        return await self.write(lambda connection: run(self._work(connection, is_silent=is_silent)))

    async def write(self, call: Callable[[Connection], T]) -> T:
        """What `call` returns; all it did is durable, or nothing."""

        def guarded(connection: Connection) -> T:
            self._require(connection)
            return call(connection)

        return await self.database.write(guarded)

    def _work(self, connection: Connection, *, is_silent: bool = False) -> Work:
        practice = self.practice.at(self.now(), modes.standing(connection))
        return Work(connection, practice, tell_nobody if is_silent else self._post)

    def _post(self, connection: Connection, notices: Collection[Notice]) -> None:
        for notice in notices:
            facts = facts_of(notice)
            for target, route in self.routes.items():
                if route.wants(facts):
                    outbox.put(connection, target, notice, route.due_ns(notice.time_ns, facts))
