"""The figures of one case, on the day that each belongs to, and how the sums follow when a case changes."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import busy_city
import msgspec
import pytest
from busy_city import Town, at
from sqlalchemy import select

from cloud.cases import tally
from cloud.cases.case_act import Act
from cloud.cases.case_acts import Accept, Close, Dispatch, Extend, FeedBack, Refuse, Resume, SendBack, Suspend
from cloud.cases.case_flow import Case, CaseKind, Outcome, Stage
from cloud.cases.case_ties import Dispute, Merge
from cloud.city.mode import ModeName
from cloud.schema.cases import case_tallies
from wire.alarm import Level

MADE = Case(
    number="20260930-00001",
    code_class="part",
    code="0390",
    stage=Stage.CLOSED,
    outcome=Outcome.HANDLED,
    level=Level.RED,
    title="",
    title_en="",
    source="sensor",
    unit="tongan-ads",
    district="tongan",
    street="新民",
    opened_ns=at("2026-09-30 23:50"),
    filed_ns=at("2026-09-30 23:55"),
    dispatched_ns=at("2026-09-30 23:56"),
    dispatch_due_ns=at("2026-09-30 23:56"),
    accepted_ns=at("2026-10-01 00:10"),
    accept_due_ns=at("2026-10-01 00:09:59"),
    fed_back_ns=at("2026-10-01 01:00"),
    closed_ns=at("2026-10-01 02:00"),
    due_ns=at("2026-10-01 03:55"),
    stage_ns=at("2026-10-01 02:00"),
)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Wednesday, 18 November 2026, 10:00, and nothing has happened."""
    town = busy_city.town(tmp_path)
    async with town.ledger:
        yield town


def figures(case: Case, period: str) -> dict[str, int]:
    """What a case adds in a day or a month."""
    return {cell.figure: amount for cell, amount in tally.added(case).items() if cell.period == period}


async def kept(town: Town, period: str = "20261118") -> Counter[str]:
    """The sums of a day in the ledger, over units, streets, codes and levels."""
    wanted = select(case_tallies).where(case_tallies.c.period == period)
    rows = await town.ledger.read(lambda connection: list(connection.execute(wanted).mappings()))
    return Counter({name: sum(row[name] for row in rows) for name in tally.FIGURES})


def test_every_figure_is_on_its_own_day() -> None:
    """A case over midnight in China: reported, filed and dispatched on 30 September, the rest on 1 October."""
    assert figures(MADE, "20260930") == {
        "reported": 1,
        "filed": 1,
        "dispatched": 1,
        "dispatched_on_time": 1,
        "dispatch_s": 60,
    }
    assert figures(MADE, "20261001") == {
        "accepted": 1,
        "accept_s": 840,
        "handled": 1,
        "handled_on_time": 1,
        "handle_s": 3_000,
        "due": 1,
        "due_closed": 1,
        "due_closed_on_time": 1,
        "closed": 1,
        "confirmed": 1,
        "verified": 1,
        "verify_s": 3_600,
    }
    assert figures(MADE, "202609")["reported"] == 1
    assert figures(MADE, "202610")["closed"] == figures(MADE, "2026")["closed"] == 1


def test_a_cell_says_whose_and_where() -> None:
    """Unit, district, street, class and code, and level."""
    cell = next(cell for cell in tally.added(MADE) if cell.figure == "closed" and cell.grain == "day")
    assert cell == ("day", "20261001", "tongan-ads", "tongan", "新民", "part 0390", "red", "closed")


@pytest.mark.parametrize(
    "change", [{"is_drill": True}, {"kind": CaseKind.COORDINATION}, {"kind": CaseKind.SPECIAL_TASK}]
)
def test_what_is_not_assessed(change: dict[str, object]) -> None:
    """Drills, coordination matters and special tasks add nothing at all."""
    assert not tally.added(msgspec.structs.replace(MADE, **change))


@pytest.mark.parametrize("outcome", [Outcome.DISMISSED, Outcome.MERGED, Outcome.DUPLICATE])
def test_what_ended_without_work_is_never_due(outcome: Outcome) -> None:
    """It was reported, and that is all that its end tells."""
    found = figures(msgspec.structs.replace(MADE, outcome=outcome), "202610")
    assert not found.keys() & {"due", "due_closed", "due_closed_on_time", "closed", "confirmed", "false_alarms"}


@pytest.mark.parametrize(
    ("change", "figure", "amount"),
    [
        ({"closed_ns": MADE.due_ns}, "due_closed_on_time", 1),
        ({"closed_ns": at("2026-10-01 03:55:01")}, "due_closed_on_time", 0),
        ({"fed_back_ns": at("2026-10-01 03:55:01"), "closed_ns": at("2026-10-01 04:00")}, "handled_on_time", 0),
        ({"accepted_ns": at("2026-10-01 00:09:59")}, "accepted_on_time", 1),
        ({"outcome": Outcome.FALSE_ALARM}, "false_alarms", 1),
        ({"outcome": Outcome.NOTHING_FOUND}, "false_alarms", 1),
        ({"outcome": Outcome.FALSE_ALARM, "source": "person"}, "false_alarms", 0),
        ({"source": "person"}, "confirmed", 0),
        ({"reworked": 3}, "sent_back", 1),
        ({"extended": 2}, "extended", 1),
        ({"suspended_ns": 1, "closed_ns": None}, "due_suspended", 1),
        ({"suspended_ns": 1, "closed_ns": None}, "due_closed", 0),
    ],
)
def test_the_edges_of_figures(change: dict[str, object], figure: str, amount: int) -> None:
    """The deadline's own instant is on time; rework and extension count cases, not times."""
    assert figures(msgspec.structs.replace(MADE, **change), "20261001").get(figure, 0) == amount


def test_a_difference_holds_only_what_changed() -> None:
    """Another unit: what one loses the other gets; the same case: nothing."""
    moved = msgspec.structs.replace(MADE, unit="tongan-chengguan")
    changes = tally.difference([MADE], [moved])
    assert sum(changes.values()) == 0
    assert {cell.unit for cell, amount in changes.items() if amount < 0} == {"tongan-ads"}
    assert tally.difference([MADE], [MADE]) == Counter()


async def test_the_sums_follow_a_case_through_its_life(town: Town) -> None:
    """Reported, accepted late, sent back, extended, closed: the day's sums after each are those of the case then."""
    case = await town.file()
    town.pass_s(120)
    for act, seen in (
        (Accept(), {"accepted": 1, "accepted_on_time": 0, "accept_s": 120}),
        (FeedBack(), {"handled": 1, "handled_on_time": 1, "sent_back": 0}),
        (SendBack(note="x"), {"handled": 0, "accepted": 0}),
        (Suspend(note="x"), {"due": 1, "due_suspended": 1}),
    ):
        await town.do(case.number, act)
        sums = await kept(town)
        assert {name: sums[name] for name in seen} == seen, act
    await town.do(case.number, Resume())
    for act in (FeedBack(), Extend(note="x", seconds=60), Close()):
        await town.do(case.number, act)
    sums = await kept(town)
    wanted = {"reported": 1, "sent_back": 1, "extended": 1, "closed": 1, "due_closed_on_time": 1, "due_suspended": 0}
    assert {name: sums[name] for name in wanted} == wanted


@pytest.mark.parametrize("again", [SendBack(note="还在晃"), Dispatch(unit="tongan-chengguan")])
async def test_who_is_asked_again_is_timed_from_then_on(town: Town, again: Act) -> None:
    """Two hours with the first unit or in the first round are nobody's way to accept: a minute is a minute."""
    case = await town.file()
    town.pass_s(30)
    for act in (Accept(), FeedBack(), again) if isinstance(again, SendBack) else (again,):
        town.pass_s(3_600)
        await town.do(case.number, act)
    town.pass_s(60)
    await town.do(case.number, Accept())
    sums = await kept(town)
    assert (sums["accepted"], sums["accept_s"], sums["dispatch_s"]) == (1, 60, 0)


async def test_a_refused_case_is_dispatched_no_more(town: Town) -> None:
    """Until somebody dispatches it again."""
    case = await town.file()
    assert (await kept(town))["dispatched"] == 1
    await town.do(case.number, Refuse(note="x"))
    assert (await kept(town))["dispatched"] == 0


async def test_drills_disputes_and_merges_in_the_sums(town: Town) -> None:
    """A drill adds nothing, a dispute adds nothing, and of two merged cases one is due."""
    first, second = await town.says("XM-TA-0117-T1", "XM-SM-0001-T1")
    before = await kept(town)
    await town.do(first.number, Dispute(note="x"))
    await town.switch(ModeName.WATCH, is_drill=True)
    await town.file()
    assert await kept(town) == before
    await town.do(second.number, Merge(into=first.number))
    after = await kept(town)
    assert (before["due"], after["due"], after["reported"]) == (2, 1, 2)
