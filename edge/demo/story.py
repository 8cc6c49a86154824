"""The scripted minute: a lean, a link cut with a lean behind it, and what came of them, as one JSON object."""

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import Literal

import msgspec

from edge.demo import town
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration
from wire.errors import EgretError

_LENGTH_S = 60.0
_LEAN_AT_S, _CUT_AT_S, _JOIN_AT_S, _LEAN_BEHIND_AT_S = 15.0, 20.0, 35.0, 25.0


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds; None when nothing was measured."""

    median: float | None
    p99: float | None
    max: float | None


class Memory(msgspec.Struct, frozen=True):
    """Resident MiB of the largest process of each role."""

    edge_box: float
    cloud: float
    broker: float


class Report(msgspec.Struct, frozen=True):
    """What the demonstration measured. Every number is counted or timed in this run."""

    sites: int
    boxes: int
    sensors: int
    readings_sampled: int
    readings_stored: int
    readings_lost: int
    readings_duplicated: int
    readings_in_flight: int
    readings_stale: int
    alarms: int
    cases: int
    sensor_to_case_ms: Spread
    backlog_drained_s: float | None
    rss_mib: Memory
    broker: str
    store: str
    seconds_to_ready: float
    errors: list[str]

    @property
    def is_good(self) -> bool:
        """Nothing lost, nothing doubled, every lean exactly one case, no error."""
        return not (self.readings_lost or self.readings_duplicated or self.errors)


def spread(values: Sequence[float]) -> Spread:
    """Median, 99th percentile (nearest rank) and maximum."""
    if not values:
        return Spread(None, None, None)
    ordered = sorted(values)
    rank = max(0, -(-99 * len(ordered) // 100) - 1)
    return Spread(round(median(ordered), 1), round(ordered[rank], 1), round(ordered[-1], 1))


async def play(demonstration: Demonstration, length_s: float) -> None:
    """Play the story in `length_s` seconds; shorter than a minute, it is told faster."""
    pace = min(1.0, length_s / _LENGTH_S)
    first, behind, box = _actors(demonstration)
    acts: list[tuple[float, Order]] = [
        (_LEAN_AT_S, Order("tilt", first)),
        (_CUT_AT_S, Order("cut-link", box, seconds=(_JOIN_AT_S - _CUT_AT_S) * pace)),
        (_LEAN_BEHIND_AT_S, Order("tilt", behind)),
    ]
    started = time.monotonic()
    for at_s, order in acts:
        await asyncio.sleep(started + at_s * pace - time.monotonic())
        answer = await demonstration.obey(order)
        if not answer.is_done:
            demonstration.diary.errors.append(answer.said)
    await asyncio.sleep(started + length_s - time.monotonic())


def _actors(demonstration: Demonstration) -> tuple[str, str, str]:
    """A billboard to lean, another on a different box, and that box."""
    inventory = demonstration.inventory
    boxes = {
        site.id: inventory.sensors[site.sensors[0]].box for site in inventory.sites.values() if site.kind == "billboard"
    }
    behind = next((site for site, box in boxes.items() if box != boxes[town.STAR]), None)
    if behind is None:
        raise EgretError("the story needs billboards on two boxes.", fix="use --sites 9 or more.", code="E-DEMO-004")
    return town.STAR, behind, boxes[behind]


async def report(demonstration: Demonstration, ready_s: float) -> Report:
    """Stop the boxes, balance the books, and write it all down."""
    diary, processes, inventory = demonstration.diary, demonstration.processes, demonstration.inventory
    ended = processes.ended()
    if ended:
        diary.errors.append(str(ended.ended()))
    roles: tuple[Literal["edge_box", "cloud", "broker"], ...] = ("edge_box", "cloud", "broker")
    memory = Memory(*(processes.rss_mib(role) for role in roles))
    alarms = await demonstration.cloud.alarm_count()
    await demonstration.stop_boxes()
    books = await demonstration.books()
    cases = await demonstration.cloud.cases()
    reaction_ms = await _reactions_ms(demonstration)
    leaned = {lean.site for lean in diary.leans}
    diary.errors += [f"case {case.number} ({case.alarm}) without a lean" for case in cases if case.site not in leaned]
    return Report(
        sites=len(inventory.sites),
        boxes=len(inventory.boxes),
        sensors=len(inventory.sensors),
        readings_sampled=books.sampled,
        readings_stored=books.stored,
        readings_lost=books.lost,
        readings_duplicated=books.duplicated,
        readings_in_flight=books.in_flight,
        readings_stale=books.stale,
        alarms=alarms,
        cases=len(cases),
        sensor_to_case_ms=spread(reaction_ms),
        backlog_drained_s=max(diary.drained_s, default=None),
        rss_mib=memory,
        broker=demonstration.options.broker,
        store=demonstration.options.store,
        seconds_to_ready=round(ready_s, 2),
        errors=diary.errors,
    )


async def _reactions_ms(demonstration: Demonstration) -> list[float]:
    """Lean → case announced, for boxes that were not cut off; a lean without exactly one case is an error."""
    found = []
    for lean in demonstration.diary.leans:
        cases = await demonstration.cases_of(lean)
        if len(cases) != 1:
            demonstration.diary.errors.append(f"the lean of {lean.site} opened {len(cases)} cases, not 1")
        elif not lean.is_behind_cut:
            seen_ns = demonstration.diary.opened_ns.get(cases[0].number, cases[0].opened_ns)
            found.append((seen_ns - lean.time_ns) / 1e6)
    return found
