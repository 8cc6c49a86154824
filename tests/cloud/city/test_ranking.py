"""Which boards a patrol should see first: every number worked out by hand, and nothing unknown is hidden."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import small_city
from hypothesis import given
from hypothesis import strategies as st

from cloud.city import ranking
from cloud.city.ranking import Facts, Heard, Key, Margin, Part, Ranked, Seen
from wire.alarm import Level
from wire.inventory import Exposure, Inventory, Limit, RuleConfig, Sensor, Site

TODAY = date(2026, 11, 18)
BOARD, OTHER = "XM-TA-0117", "XM-SM-0001"
MAST = {"height_m": 18.0, "area_m2": 108.0, "exposure": Exposure.B, "inspected": date(2026, 4, 18)}
"""A billboard of 18 m by 6 m on a mast of 18 m, in open country, looked over 214 days ago."""


def city(folder: Path, sizes: Mapping[str, Mapping[str, object]] | None = None) -> Inventory:
    """The small city, of whose sites nothing is known but these `sizes`."""
    found = small_city.inventory(folder)
    sites = {name: replace(site, **(sizes or {}).get(name, {})) for name, site in found.sites.items()}
    return replace(found, sites=sites)


def seen(heard: Heard = lambda *_: 0.06, alarm: Level | None = None) -> Seen:
    """All sensors say 0.06° unless a test says otherwise; `alarm` stands at BOARD."""
    return Seen(heard, {BOARD: alarm} if alarm else {}, TODAY)


def ranked(inventory: Inventory, now: Seen, site: str = BOARD) -> Ranked:
    """One site of the ranking."""
    return next(one for one in ranking.rank("billboard", inventory, now) if one.site.id == site)


def points(one: Ranked) -> dict[Key, float]:
    """By reason."""
    return {part.key: part.points for part in ranking.parts_of(one, ranking.reasons_of("billboard"))}


def unknown(one: Ranked) -> tuple[Key, ...]:
    """Of which nobody knows all."""
    return ranking.unknown_of(one.facts, ranking.reasons_of("billboard"))


@pytest.mark.parametrize(
    ("exposure", "height_m", "factor"),
    [
        *((Exposure.A, 5, 1.09), (Exposure.A, 10, 1.28), (Exposure.A, 50, 1.89), (Exposure.A, 300, 2.91)),
        *((Exposure.B, 5, 1.00), (Exposure.B, 10, 1.00), (Exposure.B, 20, 1.23), (Exposure.B, 100, 2.00)),
        *((Exposure.C, 5, 0.65), (Exposure.C, 15, 0.65), (Exposure.C, 30, 0.88), (Exposure.C, 100, 1.50)),
        *((Exposure.D, 5, 0.51), (Exposure.D, 30, 0.51), (Exposure.D, 60, 0.77), (Exposure.D, 550, 2.91)),
    ],
)
def test_the_wind_at_a_height(exposure: Exposure, height_m: float, factor: float) -> None:
    """Table 8.2.1 of GB 50009-2012 as others reproduce it, to a hundredth; the table itself was not re-read."""
    assert ranking.height_factor(height_m, exposure) == pytest.approx(factor, abs=0.0101)


def test_a_score_is_the_sum_of_its_points(tmp_path: Path) -> None:
    """108 m² × 18 m × 1.193 is the largest of all: 30; 0.06° of 0.3° are 3 of 15, 214 days 8.8 of 15, orange 2/3."""
    one = ranked(city(tmp_path, {BOARD: MAST}), seen(alarm=Level.ORANGE))
    assert ranking.parts_of(one, ranking.reasons_of("billboard")) == (
        Part(Key.WIND, 30.0, 2318.9, "m3", "108 m² × 18 m × 1.19 (B)"),
        Part(Key.MARGIN, 3.0, 0.2, "1", "XM-TA-0117-T1 tilt 0.06 / 0.3 °"),
        Part(Key.ALARM, 26.7, None, "", "orange"),
        Part(Key.AGE, 8.8, 214, "d", "2026-04-18"),
        Part(Key.DRIFT, 0.0, None, "1"),
    )
    assert one.score == 68.5
    assert unknown(one) == (Key.DRIFT,)


def test_the_wind_is_a_share_of_the_city_s_largest(tmp_path: Path) -> None:
    """A board of half the area in the same place has half the points."""
    half = MAST | {"area_m2": 54.0}
    inventory = city(tmp_path, {BOARD: MAST, OTHER: half})
    assert points(ranked(inventory, seen()))[Key.WIND] == 30.0
    assert points(ranked(inventory, seen(), OTHER))[Key.WIND] == 15.0


@pytest.mark.parametrize("missing", ["height_m", "area_m2", "exposure"])
def test_a_board_without_a_size_has_half_the_points_and_says_so(tmp_path: Path, missing: str) -> None:
    """It neither hides behind all others nor stands before a board that is known to be large."""
    one = ranked(city(tmp_path, {BOARD: MAST | {missing: None}, OTHER: MAST}), seen())
    assert (points(one)[Key.WIND], unknown(one)) == (15.0, (Key.WIND, Key.DRIFT))
    wind = ranking.parts_of(one, ranking.reasons_of("billboard"))[0]
    assert (wind.value, wind.text.count("?")) == (None, {"height_m": 2, "exposure": 2}.get(missing, 1))


def test_in_a_city_of_which_nothing_is_known_all_are_equal(tmp_path: Path) -> None:
    """15 + 7.5 + 0 + 7.5 of 100 each, in the order of the file."""
    found = ranking.rank("billboard", city(tmp_path), seen(lambda *_: None))
    assert {one.score for one in found} == {30.0}
    assert [one.site.id for one in found] == ["XM-SM-0001", "XM-SM-0002", "XM-TA-0117"]
    assert unknown(found[0]) == (Key.WIND, Key.MARGIN, Key.AGE, Key.DRIFT)


@pytest.mark.parametrize(
    ("day", "given"),
    [("2026-11-18", 0.0), ("2026-11-30", 0.0), ("2026-05-20", 7.5), ("2025-11-18", 15), ("2019-01-01", 15)],
)
def test_an_inspection_gets_old_within_a_year(tmp_path: Path, day: str, given: float) -> None:
    """Today none of 15, after 182 days half, after a year all; one that is dated in the future is of today."""
    one = ranked(city(tmp_path, {BOARD: {"inspected": date.fromisoformat(day)}}), seen())
    assert points(one)[Key.AGE] == given


@pytest.mark.parametrize(("tilt", "given"), [(-0.1, 0.0), (0.0, 0.0), (0.15, 7.5), (0.3, 15.0), (2.0, 15.0)])
def test_nearness_is_to_the_lowest_limit(tmp_path: Path, tilt: float, given: float) -> None:
    """Of a billboard blue, 0.3°; what is over it has all points, and its alarm says how far."""
    one = ranked(city(tmp_path), seen(lambda *_: tilt))
    assert points(one)[Key.MARGIN] == given


def two_sensors(folder: Path) -> Inventory:
    """XM-TA-0117 has a second tilt sensor, T2."""
    inventory = small_city.inventory(folder)
    board, tilt = inventory.sites["XM-TA-0117"], inventory.sensors["XM-TA-0117-T1"]
    second = replace(tilt, id="XM-TA-0117-T2")
    sites = inventory.sites | {board.id: replace(board, sensors=(tilt.id, second.id))}  # type: ignore[operator]
    return replace(inventory, sites=sites, sensors=inventory.sensors | {second.id: second})  # type: ignore[operator]


def says(values: Mapping[str, float]) -> Heard:
    """What these sensors say; the others say nothing."""

    def heard(sensor: Sensor, _: str) -> float | None:
        return values.get(sensor.id)

    return heard


@pytest.mark.parametrize(
    ("first", "second", "given", "ratio"), [(0.06, 0.24, 12.0, 0.8), (0.06, None, 7.5, 0.2), (0.24, None, 12.0, 0.8)]
)
def test_the_worst_sensor_of_a_site_counts(
    tmp_path: Path, first: float, second: float | None, given: float, ratio: float
) -> None:
    """One that is silent may be worse than the one that is heard: half the points at least, and it is said."""
    values = {"XM-TA-0117-T1": first} | ({} if second is None else {"XM-TA-0117-T2": second})
    one = ranked(two_sensors(tmp_path), seen(says(values)))
    assert points(one)[Key.MARGIN] == given
    assert one.facts.margin is not None
    assert one.facts.margin.ratio == pytest.approx(ratio)
    assert (Key.MARGIN in unknown(one)) == (second is None)


def test_a_limit_that_no_value_is_a_share_of_says_nothing(tmp_path: Path) -> None:
    """Below 0 °C, for example: such a rule is left out, and without another one nobody knows how near it is."""
    inventory = small_city.inventory(tmp_path)
    frost = RuleConfig("frost", "limit", "temperature", 0.0, 0.0, (Limit(Level.BLUE, 0.0, 0.0, "judgement"),))
    tilt = replace(inventory.sensors["XM-TA-0117-T1"], rules=(frost,))
    one = ranked(replace(inventory, sensors=inventory.sensors | {tilt.id: tilt}), seen())  # type: ignore[operator]
    assert one.facts.margin is None
    assert Key.MARGIN in unknown(one)


@pytest.mark.parametrize(
    ("level", "given"), [(Level.RED, 40.0), (Level.ORANGE, 26.7), (Level.YELLOW, 13.3), (Level.BLUE, 6.7)]
)
def test_an_alarm_gives_points_by_its_level(tmp_path: Path, level: Level, given: float) -> None:
    """Of 40; without one there are none, and that is known."""
    assert points(ranked(city(tmp_path), seen(alarm=level)))[Key.ALARM] == given
    assert points(ranked(city(tmp_path), seen()))[Key.ALARM] == 0.0


def test_a_board_that_leans_is_seen_before_the_largest_one(tmp_path: Path) -> None:
    """Red on 15 m² that were looked at yesterday, against 240 m² at 45 m by the sea, a year ago, in calm weather."""
    small = {"height_m": 5.5, "area_m2": 15.0, "exposure": Exposure.C, "inspected": date(2026, 11, 17)}
    large = {"height_m": 45.0, "area_m2": 240.0, "exposure": Exposure.A, "inspected": date(2025, 6, 1)}
    now = seen(says({"XM-TA-0117-T1": 2.0, "XM-SM-0001-T1": 0.06}), alarm=Level.RED)
    first, second, *_ = ranking.rank("billboard", city(tmp_path, {BOARD: small, OTHER: large}), now)
    assert (first.site.id, second.site.id) == ("XM-TA-0117", "XM-SM-0001")
    assert (first.score, second.score) == (55.1, 48.0)


def test_other_kinds_are_not_asked_about_the_wind(tmp_path: Path) -> None:
    """A road that may be flooded: margin, alarm and inspection; 0.3 %LEL of 5 is 0.9 points."""
    assert [reason.key for reason in ranking.reasons_of("drainage")] == [Key.MARGIN, Key.ALARM, Key.AGE]
    [one] = ranking.rank("gas", small_city.inventory(tmp_path), seen(lambda *_: 0.3))
    assert one.tenths == (9, 0, 75)
    assert [part.key for part in ranking.parts_of(one, ranking.reasons_of("gas"))] == [Key.MARGIN, Key.ALARM, Key.AGE]
    assert ranking.unknown_of(one.facts, ranking.reasons_of("gas")) == (Key.AGE,)


def test_every_reason_says_where_it_is_from() -> None:
    """A standard that was not re-read says so, a judgement says that it is one, and the points make 100."""
    reasons = ranking.reasons_of("billboard")
    assert sum(reason.most for reason in reasons) == 100
    assert "GB 50009" in reasons[0].source
    assert "not re-read" in reasons[0].source
    assert all("judgement" in reason.source for reason in reasons if reason.most)
    assert [reason.source for reason in reasons if not reason.most] == [
        "not measured yet: it gives no points and takes none"
    ]


@pytest.mark.parametrize(
    ("every_s", "age_s", "is_so"), [(0.5, 600, True), (0.5, 601, False), (900.0, 2_700, True), (900.0, 2_701, False)]
)
def test_how_long_a_value_is_of_now(tmp_path: Path, every_s: float, age_s: int, *, is_so: bool) -> None:
    """Ten minutes, or three intervals of a sensor that reports every quarter of an hour."""
    sensor = replace(small_city.inventory(tmp_path).sensors["XM-TA-0117-T1"], every_s=every_s)
    assert ranking.is_of_now(sensor, age_s * 10**9) is is_so


FACTS = st.builds(
    Facts,
    site=st.just(Site("S", "S", "", "billboard", "tongan", None, None, ())),
    moment_m3=st.none() | st.floats(0.01, 1e4),
    age_days=st.none() | st.integers(0, 10_000),
    margin=st.none() | st.builds(Margin, st.just("S"), st.just("tilt"), st.floats(-90, 90), st.floats(0.01, 90)),
    is_silent=st.booleans(),
    alarm=st.none() | st.sampled_from(Level),
)


@given(FACTS)
def test_no_reason_gives_more_than_its_most(facts: Facts) -> None:
    """Whatever is measured: shares are 0..1, and what is unknown gives neither nothing nor all."""
    shares = ranking._shares(facts, 1e4)
    assert all(0 <= share <= 1 for share in shares)
    tenths = tuple(round(10 * reason.most * share) for reason, share in zip(ranking._REASONS, shares, strict=True))
    parts = ranking.parts_of(Ranked(facts, tenths), ranking._REASONS)
    silent = set(ranking.unknown_of(facts, ranking._REASONS)) - {Key.DRIFT}
    given = {part.key: part.points for part in parts}
    assert all(given[reason.key] >= reason.most / 2 for reason in ranking._REASONS if reason.key in silent)


def test_the_manual_tells_every_number() -> None:
    """docs/operate/typhoon.md has the points of each reason, the profiles of the wind, and what is unknown."""
    manual = (Path(__file__).parents[3] / "docs/operate/typhoon.md").read_text(encoding="utf-8")
    for reason in ranking.reasons_of("billboard"):
        assert f"| `{reason.key}` | {reason.most:g} |" in manual
    for exposure, (at_10_m, exponent, lowest_m) in ranking._WIND.items():
        least = ranking.height_factor(0.1, exposure)
        row = next(line for line in manual.splitlines() if line.startswith(f"| `{exposure.value}` "))
        assert row.endswith(f"| {at_10_m:.3f} (h ÷ 10)^{exponent:.2f} | {least:.2f}, at {lowest_m:g} m |")
    assert f"÷ {ranking.AGE_FULL_DAYS}, at most 1" in manual
    assert f"never over {ranking._FACTOR_MAX}" in manual
