"""Fourteen cases of November 2026 whose every rate can be worked out by hand, and a ledger's tables to put them in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine

from cloud.cases import tally
from cloud.cases.case_flow import Case, CaseKind, Outcome, Stage
from cloud.schema import cases as schema
from cloud.tables import cases, tallies
from wire.alarm import Level
from wire.dates import CHINA

NOW_NS = 1_795_000_000 * 10**9
"""18 November 2026, 19:06:40 in China."""


def at(day: int, clock: str) -> int:
    """An instant of November 2026 in China, such as (3, "09:00")."""
    moment = datetime.strptime(f"2026-11-{day:02d} {clock}", "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)
    return int(moment.timestamp()) * 10**9


def case(number: int, day: int, clock: str, level: Level, *, due: tuple[int, str], **facts: object) -> Case:
    """Opened and filed at once, of a billboard in Tong'an, to be dispatched in 5 and accepted in 20 min."""
    opened_ns = at(day, clock)
    told = {
        "number": f"202611{day:02d}-{number:05d}",
        "code_class": "part",
        "code": "0390",
        "level": level,
        "title": "广告牌倾斜",
        "title_en": "leaning billboard",
        "district": "tongan",
        "street": "祥平街道",
        "unit": "tongan-ads",
        "opened_ns": opened_ns,
        "filed_ns": opened_ns,
        "stage_ns": opened_ns,
        "dispatch_due_ns": opened_ns + 300 * 10**9,
        "accept_due_ns": opened_ns + 1_200 * 10**9,
        "due_ns": at(*due),
    }
    moments = {name: at(*value) if isinstance(value, tuple) else value for name, value in facts.items()}
    return Case(**{**told, **moments})  # type: ignore[arg-type]  # one dict of all fields


def story() -> list[Case]:
    """Number by number; what becomes of each stands beside it."""
    handled = {"stage": Stage.CLOSED, "outcome": Outcome.HANDLED}
    return [
        # Everything on time: dispatched after 60 s, accepted after 120 s, handled in 1 h, verified in 10 min.
        case(1, 3, "09:00", Level.RED, due=(3, "13:00"), source="sensor", dispatched_ns=(3, "09:01"),
             accepted_ns=(3, "09:03"), fed_back_ns=(3, "10:03"), closed_ns=(3, "10:13"), **handled),
        # Everything late: 600 s, 600 s, 6 h, 600 s.
        case(2, 4, "09:00", Level.RED, due=(4, "13:00"), source="sensor", dispatched_ns=(4, "09:10"),
             accepted_ns=(4, "09:21"), fed_back_ns=(4, "15:21"), closed_ns=(4, "15:31"), **handled),
        # Sent back once, and on time all the same: 120 s, 600 s, 2 h, 1200 s.
        case(3, 5, "09:00", Level.ORANGE, due=(5, "13:00"), dispatched_ns=(5, "09:02"), reworked=1,
             accepted_ns=(5, "09:12"), fed_back_ns=(5, "11:12"), closed_ns=(5, "11:32"), **handled),
        # A false alarm, closed without feedback: 0 s, 600 s.
        case(4, 6, "09:00", Level.BLUE, due=(6, "13:00"), source="sensor", dispatched_ns=(6, "09:00"),
             accepted_ns=(6, "09:10"), closed_ns=(6, "10:00"), stage=Stage.CLOSED, outcome=Outcome.FALSE_ALARM),
        # Nothing found: 0 s, 1080 s, 1800 s, 600 s.
        case(5, 7, "09:00", Level.YELLOW, due=(8, "09:00"), source="sensor", dispatched_ns=(7, "09:00"),
             accepted_ns=(7, "09:18"), fed_back_ns=(7, "09:48"), closed_ns=(7, "09:58"),
             stage=Stage.CLOSED, outcome=Outcome.NOTHING_FOUND),
        # Extended, and on time then: 300 s, 600 s, 24 h, 600 s.
        case(6, 9, "09:00", Level.YELLOW, due=(12, "09:00"), dispatched_ns=(9, "09:05"), extended=1,
             accepted_ns=(9, "09:15"), fed_back_ns=(10, "09:15"), closed_ns=(10, "09:25"), **handled),
        # Suspended: 60 s, 600 s.
        case(7, 10, "09:00", Level.YELLOW, due=(12, "09:00"), dispatched_ns=(10, "09:01"),
             accepted_ns=(10, "09:11"), suspended_ns=(11, "09:00"), stage=Stage.HANDLING),
        # Of another unit, never accepted, overdue: 300 s.
        case(8, 12, "09:00", Level.BLUE, due=(13, "09:00"), dispatched_ns=(12, "09:05"), stage=Stage.DISPATCHED,
             unit="siming-lights", district="siming", street="中华街道", code="0191"),
        # Open, and due four hours from now.
        case(9, 18, "09:00", Level.ORANGE, due=(18, "23:00"), source="sensor", stage=Stage.FILED),
        # Closed already, and due three hours from now: 0 s, 120 s, 7 h, 1 h.
        case(10, 18, "10:00", Level.RED, due=(18, "22:00"), source="sensor", dispatched_ns=(18, "10:00"),
             accepted_ns=(18, "10:02"), fed_back_ns=(18, "17:02"), closed_ns=(18, "18:02"), **handled),
        # A drill, and a coordination matter: neither is assessed.
        case(11, 13, "09:00", Level.RED, due=(13, "13:00"), is_drill=True, dispatched_ns=(13, "09:01")),
        case(12, 13, "10:00", Level.RED, due=(13, "14:00"), kind=CaseKind.COORDINATION),
        # Merged into another: reported and filed, never due. Dismissed: reported, never filed.
        case(13, 14, "09:00", Level.ORANGE, due=(14, "13:00"), closed_ns=(14, "09:20"),
             stage=Stage.CLOSED, outcome=Outcome.MERGED),
        case(14, 15, "09:00", Level.BLUE, due=(15, "13:00"), filed_ns=None, due_ns=None, unit="",
             closed_ns=(15, "09:20"), stage=Stage.CLOSED, outcome=Outcome.DISMISSED),
    ]  # fmt: skip


def keep(connection: Connection, found: Sequence[Case]) -> None:
    """As the ledger does it, with their sums."""
    cases.add(connection, found, {})
    tallies.apply(connection, tally.difference((), found))


@contextmanager
def tables(path: Path | None = None) -> Iterator[Connection]:
    """Empty tables, in memory or in a file."""
    engine = create_engine(f"sqlite:///{path or ':memory:'}")
    schema.metadata.create_all(engine)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
