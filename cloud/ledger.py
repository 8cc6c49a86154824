"""The ledger: alarms, cases, watermarks, the event log and the outbox, in one database.

An alarm, its case, what is to be sent and the watermark that the box is receipted with are one
transaction. After a kill -9 at any instant either all of it is there, or none and the box sends again.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from sqlalchemy import Connection

from cloud.alarm_state import Alarm
from cloud.case_flow import Case, CaseFile, closed
from cloud.database import Database
from cloud.docket import Docket, fresh, notice, point
from cloud.ports import Notice, Now
from cloud.tables import alarms, boxes, cases, events, outbox, watermarks
from cloud.tables.boxes import BoxState
from cloud.tables.events import LedgerEvent
from cloud.tables.outbox import OutboxRow
from wire.alarm_message import AlarmMessage
from wire.inventory import Inventory
from wire.receipt import BoxStatus, Lane


class Taken(msgspec.Struct, frozen=True):
    """`stored_through` is the watermark to receipt; `changes` are alarms and cases as they became, in order."""

    stored_through: int
    changes: tuple[Alarm | Case, ...]


class Ledger:
    """An async context manager. Every method raises Unavailable while the database cannot be used."""

    def __init__(self, url_or_path: str | Path, now: Now, inventory: Inventory, targets: Sequence[str] = ()) -> None:
        """`targets` are the names of the notifiers that get every notice."""
        self._database = Database(url_or_path)
        self._now, self._inventory, self._targets = now, inventory, tuple(targets)

    async def __aenter__(self) -> Self:
        """Open, and bring the tables up to date."""
        await self._database.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.__aexit__(kind, error, trace)

    async def take_alarms(self, message: AlarmMessage) -> Taken:
        """Everything a message leads to, in one transaction; what was taken before changes nothing.

        When events before the message are missing nothing is taken: the box sends again from the
        watermark it gets.
        """

        def take(connection: Connection) -> Taken:
            spool = (message.box, message.spool_id, Lane.ALARMS)
            watermark = watermarks.of(connection, *spool)
            new = fresh(message, watermark)
            if not new:
                return Taken(watermark, ())
            now_ns = self._now()
            docket = self._docket(connection, {event.alarm for event in new}, now_ns)
            for event in new:
                docket.apply(event, message.box)
            self._commit(connection, docket, message, now_ns)
            watermarks.advance(connection, [(*spool, new[-1].sequence)])
            return Taken(new[-1].sequence, tuple(docket.changes))

        return await self._database.write(take)

    async def watermark(self, box: str, spool_id: str, lane: Lane) -> int:
        """Everything up to it is durable; 0 for a spool never heard of."""
        return await self._database.read(lambda connection: watermarks.of(connection, box, spool_id, lane))

    async def advance(self, box: str, spool_id: str, lane: Lane, through: int) -> None:
        """A watermark never falls."""
        await self.advance_many([(box, spool_id, lane, through)])

    async def advance_many(self, marks: Sequence[tuple[str, str, Lane, int]]) -> None:
        """(box, spool id, lane, through) each, in one transaction."""
        if marks:
            await self._database.write(lambda connection: watermarks.advance(connection, marks))

    async def save_status(self, status: BoxStatus) -> None:
        """Watchers hear of it when more than its time has changed."""
        state = msgspec.convert(status, BoxState, from_attributes=True)

        def save(connection: Connection) -> None:
            now_ns = self._now()
            changed = boxes.put(connection, state, now_ns)
            if changed:
                events.add(connection, [changed], now_ns)

        await self._database.write(save)

    async def boxes(self) -> Sequence[BoxState]:
        """By name."""
        return await self._database.read(boxes.everyone)

    async def alarms(self) -> Sequence[Alarm]:
        """All that are not normal, the worst first, and of a level the longest standing."""
        return await self._database.read(alarms.not_normal)

    async def cases(self, *, open_only: bool = False, limit: int = 500, after: str = "") -> Sequence[Case]:
        """The newest first, with the end of their logs; the next page is `after` the last number."""
        return await self._database.read(
            lambda connection: cases.latest(connection, open_only=open_only, limit=limit, after=after)
        )

    async def case(self, number: str) -> CaseFile:
        """With its whole log and its evidence. Raises NoSuchCase."""
        return await self._database.read(lambda connection: cases.file_of(connection, number))

    async def close_case(self, number: str, actor: str, note: str) -> Case:
        """The case as it is then; its alarm stays as it is. Raises NoSuchCase and CaseClosed."""

        def close(connection: Connection) -> Case:
            now_ns = self._now()
            case = closed(cases.one(connection, number), actor, note, now_ns)
            cases.change(connection, [case])
            cases.add_lines(connection, [(number, case.log[-1])])
            events.add(connection, [case], now_ns)
            self._post(connection, [notice("closed", case, now_ns)])
            return case

        return await self._database.write(close)

    async def events_after(self, event_id: int, limit: int) -> Sequence[LedgerEvent]:
        """Oldest first."""
        return await self._database.read(lambda connection: events.after(connection, event_id, limit))

    async def last_event_id(self) -> int:
        """0 when nothing ever happened."""
        return await self._database.read(events.last_id)

    async def due(self, target: str, now_ns: int, limit: int) -> Sequence[OutboxRow]:
        """What one target should get now, the longest due first."""
        return await self._database.read(lambda connection: outbox.due(connection, target, now_ns, limit))

    async def sent(self, row_id: int) -> None:
        """The target has it: the row is gone."""
        await self._database.write(lambda connection: outbox.sent(connection, row_id))

    async def failed(self, row_id: int, retry_at_ns: int | None, error: str) -> None:
        """The target has not taken it; None makes it a dead letter."""
        await self._database.write(lambda connection: outbox.failed(connection, row_id, retry_at_ns, error))

    async def dead_letters(self, limit: int = 100) -> Sequence[OutboxRow]:
        """What was given up, the newest first."""
        return await self._database.read(lambda connection: outbox.dead_letters(connection, limit))

    def _docket(self, connection: Connection, ids: Collection[str], now_ns: int) -> Docket:
        return Docket(
            alarms.of(connection, ids),
            cases.open_of(connection, ids),
            inventory=self._inventory,
            now_ns=now_ns,
            next_number=lambda: cases.next_number(connection, now_ns),
        )

    def _commit(self, connection: Connection, docket: Docket, message: AlarmMessage, now_ns: int) -> None:
        opened = [case for case in docket.cases.values() if case.number in docket.evidence]
        grown = [case for case in docket.cases.values() if case.number not in docket.evidence]
        cases.add(connection, opened, docket.evidence)
        cases.change(connection, grown)
        cases.add_lines(connection, docket.lines)
        alarms.put(connection, docket.alarms.values())
        alarms.add_history(connection, message, docket.applied, now_ns)
        events.add(connection, docket.changes, now_ns)
        self._post(connection, docket.notices)
        points = [point(applied, message.box, self._inventory) for applied in docket.applied]
        outbox.put_points(connection, points, now_ns)

    def _post(self, connection: Connection, notices: Sequence[Notice]) -> None:
        for target in self._targets:
            outbox.put(connection, target, notices)
