"""The figures of ISA-18.2, each on numbers that one can count by hand."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import many_boards
import msgspec
import pytest
import small_city
from many_boards import leans, message, sensor_of

from cloud.alarming import alarm_load
from cloud.alarming.alarm_load import Flood, Often, Period, first_outs, floods, period, rate, repeated, shares
from cloud.alarming.alarm_state import Alarm, AlarmState, step
from cloud.alarming.alarmwork import Shelve
from cloud.cases.casebook import Casebook
from cloud.ledger import Ledger
from cloud.tables import alarm_load as table
from cloud.tables import gauges
from cloud.tables.alarm_load import MostRaised, Standing
from wire.alarm import Change, Level
from wire.inventory import Tags
from wire.receipt import BoxStatus

SECOND_NS = 10**9
TEN_NS = 600 * SECOND_NS
HOUR_NS = 6 * TEN_NS
START_NS = 1_795_000_200 * SECOND_NS
"""18 November 2026, 11:10:00 UTC: an interval begins."""
NOW_NS = START_NS + 30 * HOUR_NS
RED, ORANGE, YELLOW, BLUE = Level
RAISED, CLEARED = Change.RAISED, Change.CLEARED


def test_a_period_is_of_whole_intervals() -> None:
    """From 11:19:59 to 11:30:01 touches three of them; one that ends at a full ten minutes does not touch the next."""
    assert START_NS % TEN_NS == 0
    touched = period(START_NS + 599 * SECOND_NS, START_NS + 1_201 * SECOND_NS, "tongan")
    assert (touched.start_ns, touched.end_ns, touched.intervals) == (START_NS, START_NS + 3 * TEN_NS, 3)
    assert period(START_NS, START_NS + TEN_NS).intervals == 1


def test_rate_of_an_hour() -> None:
    """24 alarms in six intervals are 4.0 on average; 11 at the worst, which is a flood, 10 is none yet."""
    counts = {START_NS: 10, START_NS + TEN_NS: 11, START_NS + 3 * TEN_NS: 3}
    found = rate(counts, Period(START_NS, START_NS + HOUR_NS), operators=2)
    assert (found.raised, found.mean, found.per_operator, found.target_per_operator) == (24, 4.0, 2.0, 1.0)
    assert (found.peak, found.peak_start_ns) == (11, START_NS + TEN_NS)
    assert (found.flood_intervals, found.flood_share) == (1, 1 / 6)


def test_a_quiet_day_has_figures_too() -> None:
    """Nothing divides by nothing."""
    found = rate({}, Period(START_NS, START_NS + HOUR_NS), operators=1)
    assert (found.raised, found.mean, found.peak, found.flood_share) == (0, 0.0, 0, 0.0)
    assert shares({}) == {RED: 0.0, ORANGE: 0.0, YELLOW: 0.0, BLUE: 0.0}
    assert (floods({}), repeated([]).chattering, first_outs([])) == ([], (), frozenset())


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([10, 10, 10], []),
        ([11], [(0, 1, 11, 11)]),
        ([11, 5, 12, 4, 11], [(0, 3, 28, 12), (4, 5, 11, 11)]),  # ends below 5, and begins anew above 10
        ([4, 9, 11, 5, 5, 4], [(2, 5, 21, 11)]),
        ([11, 0, 5], [(0, 1, 11, 11)]),
        ([11, 0, 20], [(0, 1, 11, 11), (2, 3, 20, 20)]),
    ],
)
def test_floods(counts: Sequence[int], expected: list[tuple[int, int, int, int]]) -> None:
    """A flood begins above 10 in ten minutes and ends below 5 (ISA-18.2); times are in intervals."""
    raised = {START_NS + at * TEN_NS: count for at, count in enumerate(counts) if count}
    assert floods(raised) == [
        Flood(START_NS + first * TEN_NS, START_NS + end * TEN_NS, total, peak) for first, end, total, peak in expected
    ]


def test_shares_of_levels() -> None:
    """One red, three orange, six yellow and ninety blue of a hundred."""
    assert shares({RED: 1, ORANGE: 3, YELLOW: 6, BLUE: 90}) == {RED: 0.01, ORANGE: 0.03, YELLOW: 0.06, BLUE: 0.9}
    assert sum(alarm_load.RECOMMENDED.values()) == pytest.approx(1.01)


def said(alarm: str, *seconds: float) -> list[tuple[str, Change, int]]:
    """Raised, cleared, raised … at these times."""
    return [(alarm, CLEARED if at % 2 else RAISED, round(s * 1e9)) for at, s in enumerate(seconds)]


@pytest.mark.parametrize(
    ("seconds", "chatters", "fleeting"),
    [
        ([0, 5, 30, 35, 60, 65], True, 0),  # three times within 60 s
        ([0, 5, 30, 35, 60.1, 65], False, 3),  # three times within 60.1 s
        ([0, 5, 30, 35], False, 2),
        ([0, 59.9], False, 1),
        ([0, 60], False, 0),
        ([0], False, 0),
        ([0, 1, 1_000, 1_001, 1_020, 1_021, 1_060], True, 0),
    ],
)
def test_chatter_and_fleeting_alarms(seconds: Sequence[float], *, chatters: bool, fleeting: int) -> None:
    """Raised three times within a minute it chatters; over within a minute, and no chatter, it is fleeting."""
    found = repeated(said("a/lean", *seconds))
    assert (bool(found.chattering), sum(one.times for one in found.fleeting)) == (chatters, fleeting)


def test_the_most_frequent_come_first() -> None:
    """With their share of all that was raised: 6 of 10 and 3 of 10 chatter."""
    six, three, one = said("b/lean", *range(0, 24, 2)), said("a/lean", *range(6)), said("c/lean", 0, 100)
    found = repeated([*six, *three, *one])
    assert found.chattering == (Often("b/lean", 6, 0.6), Often("a/lean", 3, 0.3))
    assert found.fleeting == ()


def standing(sensor: str, at_s: float, district: str = "tongan", site: str = "") -> Alarm:
    """A board leans since then."""
    tags = Tags(site or sensor, sensor, "XM-TA-01", "billboard", district)
    return step(None, leans(sensor, 1, START_NS + round(at_s * 1e9)), tags)


def test_first_out_of_a_flood() -> None:
    """Of eleven alarms of a district within ten minutes the first is named, of ten none; the next flood has its own."""
    eleven = [standing(f"a{at}", at) for at in range(11)]
    later = [standing(f"b{at}", 5_000 + 50 * at) for at in range(20)]
    assert first_outs(eleven[:10]) == frozenset()
    assert first_outs([*later, *eleven]) == {"a0/lean", "b0/lean"}
    assert first_outs([standing(f"c{at}", 60 * at) for at in range(11)]) == frozenset()
    split = [standing(f"d{at}", at, "tongan" if at % 2 else "siming") for at in range(20)]
    assert first_outs(split) == frozenset()


def test_first_out_of_a_site() -> None:
    """Two alarms of one site 599.9 s apart have a first; 600 s apart, or at no known site, they have none."""
    near = [standing("a1", 0, site="a"), standing("a2", 599.9, site="a")]
    far = [standing("b1", 0, site="b"), standing("b2", 600, site="b")]
    nowhere = [standing("c1", 0, site="_unregistered"), standing("c2", 1, site="_unregistered")]
    assert first_outs([*near, *far, *nowhere]) == {"a1/lean"}


def test_what_is_held_or_over_is_never_first() -> None:
    """It explains nothing of what people see now."""
    over = msgspec.structs.replace(standing("a1", 0, site="a"), is_active=False)
    held = msgspec.structs.replace(standing("a2", 1, site="a"), state=AlarmState.SHELVED)
    seen = [standing("a3", 2, site="a"), standing("a4", 3, site="a")]
    assert first_outs([over, held, *seen]) == {"a3/lean"}


def test_a_test_is_the_cause_of_nothing() -> None:
    """Somebody tests a sensor beside one that leans: the lean is no first-out for it, nor the test."""
    tested = msgspec.structs.replace(standing("a1", 0, site="a"), id="a1/test", rule="test")
    assert first_outs([tested, standing("a2", 1, site="a")]) == frozenset()


@pytest.fixture
async def ledger(ledger_place: Path | str, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Twelve boards lean at 11:11, the last first; one chatters at 11:35; one in the other district leans next day."""
    async with Ledger(ledger_place, lambda: NOW_NS, many_boards.practice(tmp_path, 12)) as ledger:
        gust = [leans(sensor_of(n), n, START_NS + (73 - n) * SECOND_NS, ORANGE) for n in range(1, 13)]
        chatter = [
            leans(
                sensor_of(1), 13 + at, START_NS + (1_500 + 5 * at) * SECOND_NS, BLUE, CLEARED if at % 2 == 0 else RAISED
            )
            for at in range(7)
        ]
        await ledger.take_alarms(message([*gust, *chatter]))
        siming = leans("XM-SM-0001-T1", 1, START_NS + 26 * HOUR_NS, RED)
        await ledger.take_alarms(message([siming], box="XM-SM-01"))
        yield ledger


async def test_what_was_raised_when(ledger: Ledger) -> None:
    """By ten minutes and by level, of a district or the city; the tests of people are not counted."""
    city, tongan = Period(START_NS, NOW_NS), Period(START_NS, NOW_NS, "tongan")
    found = await ledger.read(lambda connection: table.raised(connection, city))
    assert found.by_interval == {START_NS: 12, START_NS + 2 * TEN_NS: 3, START_NS + 26 * HOUR_NS: 1}
    assert found.by_level == {ORANGE: 12, BLUE: 3, RED: 1}
    assert (await ledger.read(lambda connection: table.raised(connection, tongan))).by_level == {ORANGE: 12, BLUE: 3}


async def test_first_alarm_of_a_flood(ledger: Ledger) -> None:
    """The earliest by the box's clock, not the first in the message."""
    found = await ledger.read(lambda connection: table.first_out(connection, Period(START_NS, NOW_NS)))
    assert found == f"{sensor_of(12)}/lean"
    asked = Period(START_NS, NOW_NS, "siming")
    assert await ledger.read(lambda connection: table.first_out(connection, asked)) == "XM-SM-0001-T1/lean"
    nothing = Period(START_NS + HOUR_NS, START_NS + 2 * HOUR_NS)
    assert await ledger.read(lambda connection: table.first_out(connection, nothing)) == ""


async def test_most_raised_of_a_day_and_of_more(ledger: Ledger) -> None:
    """Within 24 h to the ten minutes; beyond that in whole days of China: 18 to 20 November."""
    hour = Period(START_NS, START_NS + HOUR_NS)
    found = await ledger.read(lambda connection: table.most_raised(connection, hour))
    assert (len(found.times), next(iter(found.times.items())), found.total) == (10, (f"{sensor_of(1)}/lean", 4), 15)
    days = await ledger.read(lambda connection: table.most_raised(connection, Period(START_NS, NOW_NS)))
    assert (days.total, days.times[f"{sensor_of(1)}/lean"]) == (16, 4)
    midnight_ns = START_NS - 19 * HOUR_NS - TEN_NS
    assert (days.start_ns, days.end_ns) == (midnight_ns, midnight_ns + 72 * HOUR_NS)
    tongan = Period(START_NS, NOW_NS, "siming")
    one = await ledger.read(lambda connection: table.most_raised(connection, tongan))
    assert one == MostRaised({"XM-SM-0001-T1/lean": 1}, 1, midnight_ns, midnight_ns + 72 * HOUR_NS)


async def test_recent_events_are_of_the_last_day(ledger: Ledger) -> None:
    """Of 30 h the last 24 hold one; of the first hour all 19, the oldest first, and board 1 chatters."""
    last = await ledger.read(lambda connection: table.recent(connection, Period(START_NS, NOW_NS)))
    assert last == [("XM-SM-0001-T1/lean", RAISED, START_NS + 26 * HOUR_NS)]
    hour = Period(START_NS, START_NS + HOUR_NS, "tongan")
    events = await ledger.read(lambda connection: table.recent(connection, hour))
    assert (len(events), events[0][0]) == (19, f"{sensor_of(12)}/lean")
    assert repeated(events).chattering == (Often(f"{sensor_of(1)}/lean", 4, 4 / 15),)


async def test_standing_and_held_alarms(ledger: Ledger) -> None:
    """Eleven boards have stood for 30 h and one is shelved, and stands all the same; the other district's is young."""
    name = f"{sensor_of(2)}/lean"
    act = Shelve(note="crane beside it", seconds=600)
    await Casebook(ledger).act_on_alarms([name], act, small_city.person())
    found, count = await ledger.read(lambda connection: table.standing(connection, "", NOW_NS))
    assert (len(found), count) == (10, 11)
    assert found[0] == Standing(f"{sensor_of(12)}/lean", ORANGE, AlarmState.UNACKNOWLEDGED, START_NS + 61 * SECOND_NS)
    held = await ledger.read(lambda connection: table.held(connection, "tongan"))
    assert held == {AlarmState.SHELVED: 1, AlarmState.SUPPRESSED: 0, AlarmState.OUT_OF_SERVICE: 0}


async def test_a_box_that_is_gone_counts_once(ledger_place: Path | str, tmp_path: Path) -> None:
    """Two minutes without XM-TA-01, and then the silence of its forty sensors: one alarm in every figure."""
    clock = [START_NS]
    async with Ledger(ledger_place, lambda: clock[0], many_boards.practice(tmp_path, 40)) as ledger:
        for online in (True, False):
            status = BoxStatus(many_boards.BOX, online=online, time_ns=START_NS, boot="b", version="0.1.0")
            await ledger.save_status(status)
        clock[0] += 120 * SECOND_NS
        await ledger.tick()
        silent = [leans(sensor_of(n), n, clock[0] + n, ORANGE, rule="fault") for n in range(1, 41)]
        await ledger.take_alarms(message(silent))
        asked = Period(START_NS, START_NS + TEN_NS)
        offline = f"{many_boards.BOX}/offline"
        assert (await ledger.read(lambda connection: table.raised(connection, asked))).by_level == {YELLOW: 1}
        assert (await ledger.read(lambda connection: table.most_raised(connection, asked))).times == {offline: 1}
        assert len(await ledger.read(lambda connection: table.recent(connection, asked))) == 1
        assert await ledger.read(lambda connection: table.first_out(connection, asked)) == offline
        shown = await ledger.read(lambda connection: gauges.read(connection, clock[0] + SECOND_NS))
        assert (shown.raised, shown.alarms[AlarmState.SUPPRESSED, ORANGE]) == ({YELLOW: 1}, 40)
        days = Period(START_NS - 48 * HOUR_NS, START_NS + TEN_NS)
        assert (await ledger.read(lambda connection: table.most_raised(connection, days))).times == {offline: 1}
