"""Who is asked now: the duty rota (值班) of each unit, and the chain that a case climbs while nobody accepts it.

    duty:
      tongan-ads:
        hand_over: "08:00"
        turn: 1d
        from: 2026-01-05
        order: [lin, chen, wang]
        swaps:
          - {date: 2026-10-01, on: chen}

The first of `order` begins at `hand_over` on the day `from`, in the time of the city's calendar; after
each `turn` (8h, 12h, 1d or 1w) the next one takes over, and whoever comes next is the deputy. A swap
gives the 24 hours that begin at `hand_over` on its date to another person of the unit; the one whose
turn it was is asked last then. The clock on the wall counts: a day on which the clocks change has a
turn of 23 or 25 hours.

A case asks the unit's person on duty, then the deputy, then the person on duty of each supervisor, and
stays with the command centre. A unit without a rota calls its people in the order of the file; one
without people is asked as a whole.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from cloud.city.organisation import Organisation, Unit, check_unit
from wire.located import Block, nearest

TURNS = {
    "8h": timedelta(hours=8),
    "12h": timedelta(hours=12),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
}
"""How long a turn may be, by the word in the file."""

_DAY = timedelta(days=1)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Turn(msgspec.Struct, frozen=True):
    """Who is on duty, swaps included: start ≤ instant < end (UTC ns). A swap cuts a turn that is longer than it."""

    start_ns: int
    end_ns: int
    person: str


@dataclass(frozen=True, slots=True)
class Rota:
    """The rota of one unit. `order` names at least one person; `swaps` who has the day that begins on a date."""

    zone: ZoneInfo
    hand_over: time
    turn: timedelta
    first: date
    order: tuple[str, ...]
    swaps: Mapping[date, str] = field(default_factory=dict)

    def on_duty(self, now_ns: int) -> tuple[str, ...]:
        """The one on duty, then the deputies, each once, in the order in which they are called."""
        turns = self._passed(now_ns, self.turn) % len(self.order)
        in_turn = (*self.order[turns:], *self.order[:turns])
        swapped = self._swapped(self._passed(now_ns, _DAY) * _DAY)
        if swapped is not None:
            in_turn = (swapped, *in_turn[1:], in_turn[0])
        return tuple(dict.fromkeys(in_turn))

    def turn_at(self, now_ns: int) -> Turn:
        """The turn of this instant; before `first` the order is thought to have run as after it."""
        begin = self._passed(now_ns, self.turn) * self.turn
        end = begin + self.turn
        days = (day * _DAY for day in range(begin // _DAY + 1, -(-end // _DAY)))
        cuts = [day for day in days if self._swapped(day) != self._swapped(day - _DAY)]
        edges_ns = [self._instant_ns(edge) for edge in (begin, *cuts, end)]
        after = bisect_right(edges_ns, now_ns)
        return Turn(edges_ns[after - 1], edges_ns[after], self.on_duty(now_ns)[0])

    def turns(self, start_ns: int, end_ns: int) -> Iterator[Turn]:
        """Those that touch this time, each of them whole."""
        while start_ns < end_ns:
            turn = self.turn_at(start_ns)
            yield turn
            start_ns = turn.end_ns

    def _swapped(self, since_first: timedelta) -> str | None:
        """Who has taken over the day that begins so long after the rota."""
        return self.swaps.get(self.first + since_first)

    def _passed(self, now_ns: int, step: timedelta) -> int:
        """How many whole steps lie between the rota's beginning and now; negative before it."""
        local = datetime.fromtimestamp(now_ns // 10**9, self.zone).replace(tzinfo=None)
        steps = (local - datetime.combine(self.first, self.hand_over)) // step
        # In the hour that is there twice or not at all, the clock on the wall and the instant disagree.
        while self._instant_ns(steps * step) > now_ns:
            steps -= 1
        while self._instant_ns((steps + 1) * step) <= now_ns:
            steps += 1
        return steps

    def _instant_ns(self, since_first: timedelta) -> int:
        """When the clock on the wall shows `first` at `hand_over` and this much more."""
        local = datetime.combine(self.first, self.hand_over) + since_first
        return int(local.replace(tzinfo=self.zone).timestamp()) * 10**9


class Reason(StrEnum):
    """Why somebody is asked."""

    ON_DUTY = "on_duty"
    DEPUTY = "deputy"
    SUPERVISOR = "supervisor"
    COMMAND_CENTRE = "command_centre"


@dataclass(frozen=True, slots=True)
class Step:
    """One who is asked; an empty `person` means the unit as a whole."""

    unit: str
    person: str
    reason: Reason


def chain(organisation: Organisation, rotas: Mapping[str, Rota], unit_id: str, now_ns: int) -> tuple[Step, ...]:
    """Who is asked in turn while nobody accepts: at least one step, none twice, the command centre's last.

    An empty or unknown unit means the command centre, whose own cases ask its person on duty, then its deputy.
    """
    own, *above = organisation.climb(unit_id)
    called = _called(own, rotas, now_ns)
    steps = [Step(own.id, called[0], Reason.ON_DUTY)]
    steps += [Step(own.id, person, Reason.DEPUTY) for person in called[1:2]]
    for unit in above:
        is_last = unit.id == organisation.command_centre
        reason = Reason.COMMAND_CENTRE if is_last else Reason.SUPERVISOR
        steps.append(Step(unit.id, _called(unit, rotas, now_ns)[0], reason))
    return tuple(steps)


def read(root: Block, organisation: Organisation, zone: ZoneInfo) -> dict[str, Rota]:
    """`duty` of cloud.yaml: the rotas by unit, in the calendar's `zone`; mistakes are collected."""
    found: dict[str, Rota] = {}
    duty = root.mapping("duty", optional=True)
    for name, block in duty.blocks():
        check_unit(duty, name, name, organisation)
        rota = _rota(block, organisation.units.get(name), zone)
        if rota.order:
            found[name] = rota
        block.done()
    return found


def _called(unit: Unit, rotas: Mapping[str, Rota], now_ns: int) -> tuple[str, ...]:
    rota = rotas.get(unit.id)
    return rota.on_duty(now_ns) if rota else tuple(unit.people) or ("",)


def _rota(block: Block, unit: Unit | None, zone: ZoneInfo) -> Rota:
    order = block.sequence("order")
    for index, person in enumerate(order.texts()):
        _check_person(person, unit, order.place(index), block)
    if "order" in block and not len(order):
        block.wrong("order", "nobody is on this rota.", "name the people of the unit, in their order", "E-ORG-021")
    return Rota(
        zone=zone,
        hand_over=_time(block),
        turn=TURNS[block.choice("turn", list(TURNS))],
        first=_date(block, "from"),
        order=order.texts(),
        swaps=_swaps(block, unit),
    )


def _swaps(block: Block, unit: Unit | None) -> dict[date, str]:
    found: dict[date, str] = {}
    for swap in block.sequence("swaps", optional=True).blocks():
        day, person = _date(swap, "date"), swap.text("on")
        _check_person(person, unit, swap.place("on"), block)
        if day in found and day != date.min:
            fix = f"keep one; the other gives the day to {found[day]}"
            swap.wrong("date", f"{day} is swapped twice.", fix, "E-ORG-024")
        found[day] = person
        swap.done()
    return found


def _check_person(person: str, unit: Unit | None, where: str, block: Block) -> None:
    """Nobody is known of a unit that is not there: that is said at the unit."""
    if person and unit is not None and person not in unit.people:
        fix = nearest(person, unit.people) if unit.people else f"describe the people of {unit.id} under `units:`"
        block.mistakes.add(where, f"unit {unit.id} has no person {person!r}.", fix, "E-ORG-020")


def _time(block: Block) -> time:
    text = block.text("hand_over")
    if _TIME.fullmatch(text):
        return time.fromisoformat(text)
    if text:
        block.wrong("hand_over", f"{text!r} is no time of day.", 'write hours and minutes: "08:00"', "E-ORG-022")
    return time.min


def _date(block: Block, key: str) -> date:
    """The stand-in for what is no date is `date.min`."""
    text = block.text(key)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # 30 February
    if text:
        block.wrong(key, f"{text!r} is no date.", "write year, month and day: 2026-10-01", "E-ORG-023")
    return date.min


_TEXT: dict[str, object] = {"type": "string"}
_DAY_TEXT: dict[str, object] = {**_TEXT, "pattern": f"^{_DATE.pattern}$"}
_SWAP: dict[str, object] = {
    "type": "object",
    "properties": {"date": _DAY_TEXT, "on": _TEXT},
    "required": ["date", "on"],
    "additionalProperties": False,
}
_ROTA: dict[str, object] = {
    "type": "object",
    "properties": {
        "hand_over": {**_TEXT, "pattern": f"^({_TIME.pattern})$", "description": "in the calendar's time zone"},
        "turn": {"enum": list(TURNS)},
        "from": {**_DAY_TEXT, "description": "the day on which the first of `order` begins"},
        "order": {"type": "array", "items": _TEXT, "minItems": 1},
        "swaps": {"type": "array", "items": _SWAP},
    },
    "required": ["hand_over", "turn", "from", "order"],
    "additionalProperties": False,
}
SCHEMA: dict[str, dict[str, object]] = {"duty": {"type": "object", "additionalProperties": _ROTA}}
"""JSON Schema of the section that `read` reads."""
