"""Decode: the registers or bytes of one answer become named values in engineering units.

The only stage that knows a device's profile by its registers and messages; the arithmetic is `wire.values`. What cannot
be decoded is a fault of that device, never an exception: its neighbours on the line are read on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wire.errors import SourceError
from wire.inventory import Sensor
from wire.profile import Profile
from wire.reading import Sample
from wire.registers import Value
from wire.values import derived_from, published, quantities_of, values_of


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
    A sample with a fault has None for every quantity that it names, or of its block, or of the device.
    """
    profile = sensor.profile
    if sample.fault:
        return _without_values(sample, profile)
    if sample.values:
        pairs = tuple((quantity, published(quantity, value)) for quantity, value in sample.values)
        return Decoded(sample, dict(sample.values), pairs)
    try:
        answer = sample.reply if sample.block in profile.messages else sample.registers
        values = values_of(sensor, sample.block, answer)
    except SourceError as error:
        return _without_values(replace(sample, fault=str(error)), profile)
    return Decoded(sample, values, tuple(quantities_of(profile, values)))


def published_by(profile: Profile, block: str) -> tuple[str, ...]:
    """The quantities that a good answer to `block` publishes; all of the device for an empty block name."""
    if not block:
        return profile.quantities
    points = [point for point in profile.points if point.block == block]
    names = {point.name for point in points}
    names |= {f"{point.name}.{flag}" for point in points for flag in point.bits.values()}
    found = [point.quantity for point in points] + [value.quantity for value in derived_from(profile, names)]
    return tuple(quantity for quantity in found if quantity)


def _without_values(sample: Sample, profile: Profile) -> Decoded:
    missing = [quantity for quantity, _ in sample.values] or published_by(profile, sample.block)
    return Decoded(sample, {}, tuple((quantity, None) for quantity in missing))
