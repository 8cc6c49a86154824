"""The simulated world: repeatable, quiet in calm weather, lively in a typhoon."""

import math

import pytest

from edge.sim.world import World

SITE = "XM-TA-0117"
DAWN_NS = 1_764_000_000_000_000_000
HOUR = [DAWN_NS + 700_000_000 * step for step in range(5_000)]


def tilts(world: World) -> list[float]:
    """Resultant tilt in degrees over an hour."""
    return [math.hypot(*world.tilt_deg(SITE, time_ns, 1.0)) for time_ns in HOUR]


def test_one_seed_is_one_world() -> None:
    """Two worlds with the same seed measure the same; another seed another noise."""
    assert World(1).tilt_deg(SITE, DAWN_NS, 1.0) == World(1).tilt_deg(SITE, DAWN_NS, 1.0)
    assert World(1).tilt_deg(SITE, DAWN_NS, 1.0) != World(2).tilt_deg(SITE, DAWN_NS, 1.0)


def test_calm_weather_stays_below_every_limit() -> None:
    """Billboards within 0.1° (blue is 0.3°), gas below 5 %LEL, water below 0.10 m, decks below 0.315 m/s²."""
    world = World(1)
    assert max(tilts(world)) < 0.1
    assert max(world.gas_lel(SITE, time_ns) for time_ns in HOUR) < 2
    assert max(world.water_level_m(SITE, time_ns) for time_ns in HOUR) < 0.06
    assert max(abs(axis) for time_ns in HOUR for axis in world.acceleration_m_s2(SITE, time_ns)) < 0.25


def test_a_typhoon_swings_billboards_and_leaves_them_upright() -> None:
    """Gusts to 45 m/s swing a billboard beyond 0.2°, never lastingly: the median stays below 0.15°."""
    world = World(1)
    world.typhoon()
    swings = sorted(tilts(world))
    assert 0.2 < swings[-1] < 0.3
    assert swings[len(swings) // 2] < 0.15
    assert 27 <= world.wind_m_s(DAWN_NS) <= 45
    world.calm()
    assert max(tilts(world)) < 0.1


def test_a_manhole_cover_does_not_sway() -> None:
    """What lies in the ground shows noise only, whatever the wind."""
    world = World(1)
    world.typhoon()
    assert max(math.hypot(*world.tilt_deg(SITE, time_ns, 0.0)) for time_ns in HOUR) < 0.06


def test_a_lean_is_what_was_commanded() -> None:
    """2° show as 2° within a few hundredths, at this site only."""
    world = World(1)
    world.lean(SITE, 2.0)
    assert math.hypot(*world.tilt_deg(SITE, DAWN_NS, 1.0)) == pytest.approx(2.0, abs=0.08)
    assert math.hypot(*world.tilt_deg("XM-TA-0118", DAWN_NS, 1.0)) < 0.1


def test_the_day_is_warm_at_three_in_the_afternoon() -> None:
    """15:00 in Xiamen is 07:00 UTC: 32 °C, and 20 °C twelve hours later."""
    seven_utc_ns = DAWN_NS // 86_400_000_000_000 * 86_400_000_000_000 + 7 * 3_600_000_000_000
    assert World(1).temperature_c(SITE, seven_utc_ns) == pytest.approx(32, abs=0.1)
    assert World(1).temperature_c(SITE, seven_utc_ns + 12 * 3_600_000_000_000) == pytest.approx(20, abs=0.1)
