"""Decode: the registers of one answer become named values in engineering units.

The only stage that knows a device's profile by its registers. What cannot be decoded is a fault of
that device, never an exception: its neighbours on the line are read on.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from wire.errors import SourceError
from wire.expression import Expression, ExpressionError
from wire.inventory import Sensor
from wire.profile import Derived, Profile
from wire.quantities import rounded
from wire.reading import Sample
from wire.registers import Value, decode_block

_SCOPES = ("zero.", "site.")


@dataclass(frozen=True, slots=True)
class Decoded:
    """One sample in words and numbers.

    `values` holds everything the profile's expressions may name: points, flags, derived values,
    `zero.*` and `site.*`, unrounded; of a recording or a JSON message, its quantities. `readings`
    pairs each published quantity with its value at the quantity's resolution, or None.
    """

    sample: Sample
    values: Mapping[str, Value]
    readings: tuple[tuple[str, float | None], ...]


def decode(sample: Sample, sensor: Sensor) -> Decoded:
    """What `sample` says, by the profile, zero and constants of its sensor.

    Named values (a recording, JSON) pass as they are: their zero was taken where they were made.
    A sample with a fault has None for every quantity of its block, or of the device when it names none.
    """
    profile = sensor.profile
    if sample.fault:
        return _without_values(sample, profile)
    if sample.values:
        pairs = tuple((quantity, _published(quantity, value)) for quantity, value in sample.values)
        return Decoded(sample, dict(sample.values), pairs)
    try:
        points = decode_block(profile, sample.block, sample.registers)
    except SourceError as error:
        return _without_values(replace(sample, fault=str(error)), profile)
    values: dict[str, Value] = {f"zero.{name}": value for name, value in sensor.zero.items()}
    values |= {f"site.{name}": value for name, value in sensor.constants.items()}
    values |= points
    for derived in _derived_from(profile, set(points)):
        values[derived.name] = _evaluate(derived.expression, values)
    return Decoded(sample, values, tuple(_readings(profile, values)))


def published_by(profile: Profile, block: str) -> tuple[str, ...]:
    """The quantities that a good answer to `block` publishes; all of the device for an empty block name."""
    if not block:
        return profile.quantities
    points = [point for point in profile.points if point.block == block]
    names = {point.name for point in points}
    names |= {f"{point.name}.{flag}" for point in points for flag in point.bits.values()}
    found = [point.quantity for point in points] + [value.quantity for value in _derived_from(profile, names)]
    return tuple(quantity for quantity in found if quantity)


def _without_values(sample: Sample, profile: Profile) -> Decoded:
    return Decoded(sample, {}, tuple((quantity, None) for quantity in published_by(profile, sample.block)))


def _derived_from(profile: Profile, known: set[str]) -> Iterator[Derived]:
    """The derived values that need no other block than the one whose names are `known`, in file order."""
    for derived in profile.derived:
        needed = {name for name in derived.expression.names if not name.startswith(_SCOPES)}
        if needed and needed <= known:
            known = known | {derived.name}
            yield derived


def _evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    try:
        return expression(values)
    except ExpressionError:
        return None  # a point without a value leaves what is derived from it without one


def _readings(profile: Profile, values: Mapping[str, Value]) -> Iterator[tuple[str, float | None]]:
    named = [(point.name, point.quantity) for point in profile.points]
    named += [(derived.name, derived.quantity) for derived in profile.derived]
    for name, quantity in named:
        if quantity and name in values:
            yield quantity, _published(quantity, values[name])


def _published(quantity: str, value: Value) -> float | None:
    """At the quantity's resolution; a word, a flag, NaN and the infinities are no values of a quantity."""
    if value is None or isinstance(value, bool | str) or not math.isfinite(value):
        return None
    return rounded(quantity, value)
