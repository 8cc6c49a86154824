"""Alarms as boxes send them, one by one and five hundred at once, until their cases are committed."""

import os
import secrets
import time
from dataclasses import dataclass

from bench.big_ledger.stopwatch import Pids, Times, lap
from bench.big_ledger.town import CROWDED, Town, crowd_sensor
from cloud.access.actor import EGRET
from cloud.cases.case_flow import Case
from cloud.cases.casebook import Casebook
from cloud.cases.modework import Switch
from cloud.city.mode import ModeName
from cloud.ledger import Ledger, Taken
from wire.alarm import AlarmEvent, Change, Evidence, Level
from wire.alarm_message import EVENTS_MAX, AlarmMessage, decode, encode

FLOOD = 500


@dataclass(frozen=True, slots=True)
class Alarming:
    """Times of one alarm, and of all of a flood: grouped into one case with so many members, and without grouping."""

    one: Times
    grouped: Times
    single: Times
    members: int


class Boxes:
    """Raises an alarm of each of the town's crowded billboards once."""

    def __init__(self, ledger: Ledger, town: Town, more_pids: Pids) -> None:
        """Of a new spool. `more_pids`: the database's."""
        self._ledger, self._town, self._spool = ledger, town, secrets.token_hex(8)
        self._pids = lambda: [os.getpid(), *more_pids()]
        self._raised = 0

    async def measure(self, times: int) -> Alarming:
        """The flood comes first: what it is grouped into must not be there before."""
        book = Casebook(self._ledger)
        reason = "bench"
        await book.switch_mode(Switch(mode=ModeName.TYPHOON, district=CROWDED, level=Level.RED, reason=reason), EGRET)
        grouped, cases = await self._flood()
        assert len(cases) == 1, sorted(cases)
        [members] = cases.values()
        await book.switch_mode(Switch(mode=ModeName.NORMAL, district=CROWDED, reason=reason), EGRET)
        one = Times()
        for _ in range(times):
            payload = self._message(1)
            with lap(one, self._pids):
                taken = await self._ledger.take_alarms(decode(payload))
            assert [case.members for case in _cases(taken)] == [1]
        single, cases = await self._flood()
        assert len(cases) == FLOOD
        return Alarming(one, grouped, single, members)

    async def _flood(self) -> tuple[Times, dict[str, int]]:
        """Its time, and the members of each case by its number."""
        payloads = [self._message(EVENTS_MAX) for _ in range(FLOOD // EVENTS_MAX)]
        cases: dict[str, int] = {}
        times = Times()
        with lap(times, self._pids):
            for payload in payloads:
                taken = await self._ledger.take_alarms(decode(payload))
                cases |= {case.number: case.members for case in _cases(taken)}
        return times, cases

    def _message(self, count: int) -> bytes:
        first = self._raised
        self._raised += count
        box = self._town.inventory.sensors[crowd_sensor(first)].box
        return encode(AlarmMessage(box, self._spool, 0, tuple(_event(n) for n in range(first, first + count))))


def _event(number: int) -> AlarmEvent:
    sensor, now_ns = crowd_sensor(number), time.time_ns()
    return AlarmEvent(
        alarm=f"{sensor}/lean",
        sensor=sensor,
        rule="lean",
        quantity="tilt",
        change=Change.RAISED,
        level=Level.RED,
        value=2.17,
        limit=1.5,
        time_ns=now_ns,
        reason="tilt 2.17 deg is over 1.5 deg",
        sequence=number + 1,
        config_version="0123456789ab",
        evidence=tuple(Evidence(now_ns - back * 500_000_000, 0.2) for back in range(64, 0, -1)),
    )


def _cases(taken: Taken) -> list[Case]:
    return [change for change in taken.changes if isinstance(change, Case)]
