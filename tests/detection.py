"""Sensors, limits and readings that the tests of decode, condition, detect and the rules share."""

from collections.abc import Iterable, Mapping
from functools import cache

from edge.ports import Rule
from wire.alarm import AlarmEvent, Level
from wire.inventory import Limit, RuleConfig, Sensor
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_library
from wire.reading import Quality, Reading

SECOND_NS = 1_000_000_000
BEGIN_NS = 1_760_000_000 * SECOND_NS
"""9 October 2025, 08:53:20 UTC."""

LEAN = RuleConfig(
    name="lean",
    kind="limit",
    quantity="tilt",
    deadband=0.1,
    off_delay_s=60.0,
    levels=(
        Limit(Level.BLUE, 0.3, 5.0, "judgement"),
        Limit(Level.YELLOW, 0.57, 5.0, "JGJ 125, 1 %"),
        Limit(Level.ORANGE, 0.76, 5.0, "GB 50135, H/75"),
        Limit(Level.RED, 1.5, 2.0, "judgement"),
    ),
)
"""A billboard's lasting lean, in degrees."""

FAULT = RuleConfig(
    name="fault",
    kind="fault",
    quantity="",
    deadband=0.0,
    off_delay_s=60.0,
    levels=(Limit(Level.BLUE, 0.0, 60.0, "judgement"), Limit(Level.ORANGE, 0.0, 600.0, "judgement")),
)
"""A sensor that is silent or no good for a minute; for ten minutes it is worse."""


@cache
def profiles() -> Mapping[str, Profile]:
    """The shipped device library."""
    return load_library(library_folder())


def sensor(
    profile: str = "witmotion-wt901c-485",
    *,
    every_s: float | None = None,
    zero: Mapping[str, float] | None = None,
    constants: Mapping[str, float] | None = None,
    rules: tuple[RuleConfig, ...] = (LEAN, FAULT),
) -> Sensor:
    """The sensor TA-0117-tilt, commissioned level, on a shipped device."""
    return Sensor(
        id="TA-0117-tilt",
        site="TA-0117",
        box="TA-B01",
        line="rs485-1",
        profile=profiles()[profile],
        unit=0x50,
        every_s=every_s,
        zero=zero or {"roll": 0.0, "pitch": 0.0},
        constants=constants or {},
        rules=rules,
    )


def reading(at_s: float, value: float | None, quality: Quality = Quality.GOOD, *, quantity: str = "tilt") -> Reading:
    """A reading `at_s` seconds after BEGIN_NS."""
    return Reading("TA-0117-tilt", quantity, value, BEGIN_NS + round(at_s * SECOND_NS), int(quality))


def events(rule: Rule, readings: Iterable[Reading]) -> list[AlarmEvent]:
    """All the changes that the readings cause."""
    return [event for one in readings for event in rule.step(one)]


def said(found: Iterable[AlarmEvent]) -> list[tuple[str, str, float]]:
    """Change, level and seconds after BEGIN_NS of each event."""
    return [(event.change.value, event.level.value, (event.time_ns - BEGIN_NS) / SECOND_NS) for event in found]
