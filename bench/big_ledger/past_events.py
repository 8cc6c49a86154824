"""Alarm events as three years leave them behind: those of the sensor cases, and far more that open none.

Every alarm that is raised is cleared on the same day, but for those of open cases. A box numbers its
events in the order of their times. Arithmetic only.
"""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from bench.big_ledger.past_cases import SECOND_NS, Past
from bench.big_ledger.town import Town
from cloud.alarming.alarm_state import Alarm, AlarmState
from cloud.cases.case_flow import Case
from wire.alarm import Level

SPOOL = "0123456789abcdef"
_LEVELS, _LEVEL_WEIGHTS = [level.value for level in Level], (1, 4, 20, 75)
_LONGEST_NS = 1_800 * SECOND_NS
_TAKEN_NS = 40_000_000


class PastEvent(NamedTuple):
    """The columns of `alarm_events`, in their order."""

    box: str
    spool_id: str
    sequence: int
    alarm: str
    change: str
    level: str
    value: float
    limit: float
    time_ns: int
    taken_ns: int
    reason: str
    config_version: str
    case: str


class Source(NamedTuple):
    """An alarm that a sensor can raise, and where it hangs."""

    alarm: str
    site: str
    sensor: str
    rule: str
    quantity: str
    district: str
    box: str


class PastEvents:
    """Keeps count of what every alarm and every box has said. The same for the same `rng`."""

    def __init__(self, town: Town, rng: Random) -> None:
        """Nothing has happened yet."""
        self._rng = rng
        self.sources = {source.alarm: source for source in _sources(town)}
        self._alarms = list(self.sources)
        self.sequences: Counter[str] = Counter()
        self._last: dict[str, PastEvent] = {}
        self._raised: Counter[str] = Counter()
        self._cases: dict[str, Case] = {}

    def of_day(self, start_ns: int, end_ns: int, pasts: Iterable[Past], count: int) -> list[PastEvent]:
        """About `count` events, those of the day's cases among them."""
        said: list[tuple[int, str, str, str, str]] = []
        for past in pasts:
            if past.case.alarm:
                said += self._of_case(past.case, end_ns)
        rng, pairs, day_ns = self._rng, max(0, count - len(said)) // 2, end_ns - start_ns
        levels, alarms = rng.choices(_LEVELS, _LEVEL_WEIGHTS, k=pairs), rng.choices(self._alarms, k=pairs)
        for level, alarm in zip(levels, alarms, strict=True):
            raised_ns = start_ns + int(rng.random() * day_ns)
            cleared_ns = min(raised_ns + int(rng.random() * _LONGEST_NS), end_ns - 1)
            said.append((raised_ns, alarm, "raised", level, ""))
            said.append((cleared_ns, alarm, "cleared", level, ""))
        said.sort()
        return [self._numbered(*what) for what in said]

    def alarms(self) -> list[Alarm]:
        """How every alarm stands after the last day: those of open cases are active."""
        return [self._standing(source) for source in self.sources.values() if source.alarm in self._last]

    def _of_case(self, case: Case, end_ns: int) -> list[tuple[int, str, str, str, str]]:
        self._cases[case.alarm] = case
        raised_ns, level = case.opened_ns - _TAKEN_NS, case.level.value
        said = [(raised_ns, case.alarm, "raised", level, case.number)]
        if not case.is_open:
            cleared_ns = min(raised_ns + int(self._rng.random() * _LONGEST_NS), end_ns - 1)
            said.append((max(raised_ns, cleared_ns), case.alarm, "cleared", level, case.number))
        return said

    def _numbered(self, time_ns: int, alarm: str, change: str, level: str, case: str) -> PastEvent:
        box = self.sources[alarm].box
        self.sequences[box] += 1
        event = PastEvent(
            box, SPOOL, self.sequences[box], alarm, change, level, 2.17, 1.5, time_ns, time_ns + _TAKEN_NS,
            "tilt 2.17 deg is over 1.5 deg", "0123456789ab", case,
        )  # fmt: skip
        self._last[alarm] = event
        self._raised[alarm] += change == "raised"
        return event

    def _standing(self, source: Source) -> Alarm:
        last, case = self._last[source.alarm], self._cases.get(source.alarm)
        is_active = case is not None and case.is_open
        return Alarm(
            id=source.alarm,
            site=source.site,
            sensor=source.sensor,
            rule=source.rule,
            quantity=source.quantity,
            level=Level(last.level),
            state=AlarmState.ACKNOWLEDGED if is_active else AlarmState.NORMAL,
            since_ns=last.time_ns,
            changed_ns=last.time_ns,
            value=last.value,
            limit=last.limit,
            reason=last.reason,
            case=case.number if case else "",
            is_active=is_active,
            district=source.district,
            box=source.box,
            raised=self._raised[source.alarm],
        )


def counted_in_tens(events: Iterable[PastEvent], sources: dict[str, Source]) -> Counter[tuple[int, str, str]]:
    """Raised alarms by ten minutes, district and level."""
    tens_ns = 600 * SECOND_NS
    return Counter(
        (event.time_ns // tens_ns * tens_ns, sources[event.alarm].district, event.level)
        for event in events
        if event.change == "raised"
    )


def counted_in_days(day: str, events: Iterable[PastEvent], sources: dict[str, Source]) -> Counter[tuple[str, str, str]]:
    """Raised alarms by alarm, of one day."""
    return Counter((day, event.alarm, sources[event.alarm].district) for event in events if event.change == "raised")


def _sources(town: Town) -> list[Source]:
    inventory = town.inventory
    return [
        Source(f"{sensor}/{rule.name}", site.id, sensor, rule.name, rule.quantity, site.district, known.box)
        for site in town.sites
        for sensor in site.sensors
        for known in [inventory.sensors[sensor]]
        for rule in known.rules
    ]
