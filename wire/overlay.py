"""Sampling and limits under a mode: the same configuration, polled more often and alarming sooner, for a while.

A line never gets more polls than it has time for: where the factor asks for more, intervals are stretched until
they fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec

from wire import line_load
from wire.bounded import Moment, Word
from wire.inventory import Inventory, Line, RuleConfig, Sensor
from wire.limit_sets import OF_THE_SENSOR
from wire.located import Mistakes, block_of
from wire.sensors_yaml import SERIAL

LONGEST_S = 7 * 24 * 3600.0
"""A lease that nobody ends ends by itself, as a mode does."""


class Lease(msgspec.Struct, frozen=True):
    """What holds until `ends_ns`, on the sensors of the site kinds that it names.

    `every` multiplies the sampling interval, `on_delay` the on-delays of structure limits.
    """

    mode: str
    kinds: tuple[str, ...]
    every: Annotated[float, msgspec.Meta(gt=0, le=1)]
    on_delay: Annotated[float, msgspec.Meta(ge=0, le=1)]
    ends_ns: Moment


class Allowed(msgspec.Struct, frozen=True):
    """A mode that the city has signed for a box: the cloud may choose it by name, each time for `longest_s` at most.

    The others as in Lease.
    """

    mode: Word
    kinds: tuple[str, ...]
    every: Annotated[float, msgspec.Meta(gt=0, le=1)]
    on_delay: Annotated[float, msgspec.Meta(ge=0, le=1)]
    longest_s: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_S)]

    def until(self, ends_ns: int) -> Lease:
        """The mode, chosen until then."""
        return Lease(self.mode, self.kinds, self.every, self.on_delay, ends_ns)


class Chosen(msgspec.Struct, frozen=True):
    """The cloud's choice among what is allowed; the empty mode is the normal one."""

    mode: Word = ""
    ends_ns: Moment = 0

    def among(self, allowed: Sequence[Allowed], now_ns: int) -> Lease | None:
        """What it comes to now; None where it is over, or not allowed."""
        found = next((one for one in allowed if one.mode == self.mode), None)
        return found.until(self.ends_ns) if found and self.ends_ns > now_ns else None


NORMAL = Chosen()


def under(inventory: Inventory, lease: Lease, version: str) -> Inventory:
    """The inventory while the lease holds; `version` names it."""
    sensors: dict[str, Sensor] = dict(inventory.sensors)
    for line in inventory.lines:
        sensors |= _line(line, {name: inventory.sensors[name] for name in line.sensors}, inventory, lease)
    return replace(inventory, version=version, sensors=sensors)


def _line(line: Line, before: Mapping[str, Sensor], inventory: Inventory, lease: Lease) -> Mapping[str, Sensor]:
    meant = {name: one for name, one in before.items() if inventory.sites[one.site].kind in lease.kinds}
    options = block_of(line.options, line.where, Mistakes())
    every_s = options.duration("every") if "every" in options else None
    after = {name: _sensor(one, every_s, lease.every, lease.on_delay) for name, one in meant.items()}
    settings = line_load.serial_settings(line, before.values()) if line.source == SERIAL else set()
    if not after or not settings:
        return after
    rate = min(settings)[0]
    fixed = line_load.utilisation((one for name, one in before.items() if name not in meant), rate)
    wanted = line_load.utilisation(after.values(), rate)
    if fixed + wanted <= 1:
        return after
    stretch = min(wanted / (1 - fixed) * lease.every, 1.0) if fixed < 1 else 1.0
    return {name: _sensor(one, every_s, stretch, lease.on_delay) for name, one in meant.items()}


def _sensor(sensor: Sensor, line_every_s: float | None, every: float, on_delay: float) -> Sensor:
    profile, least_s = sensor.profile, sensor.profile.timing.min_poll_s
    every_s = sensor.every_s or line_every_s
    if every_s:
        every_s = max(every_s * every, least_s)
    else:
        blocks = {name: replace(one, every_s=max(one.every_s * every, least_s)) for name, one in profile.blocks.items()}
        spoken = {
            name: replace(one, every_s=max(one.every_s * every, least_s)) for name, one in profile.messages.items()
        }
        profile = replace(profile, blocks=blocks, messages=spoken)
    rules = tuple(_rule(rule, on_delay) for rule in sensor.rules)
    return replace(sensor, every_s=every_s, profile=profile, rules=rules)


def _rule(rule: RuleConfig, on_delay: float) -> RuleConfig:
    """The rule that judges the sensor itself is in no hurry."""
    if rule.kind == OF_THE_SENSOR:
        return rule
    return replace(rule, levels=tuple(replace(level, on_delay_s=level.on_delay_s * on_delay) for level in rule.levels))
