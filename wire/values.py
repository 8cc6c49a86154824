"""One answer of a device in words and numbers: its points, what is derived from them, what it publishes.

The box judges by these values, and the cloud shows with the same arithmetic how they came about.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from wire.expression import Expression, ExpressionError
from wire.fields import decode_message
from wire.inventory import Sensor
from wire.profile import Derived, Profile
from wire.quantities import rounded
from wire.registers import Value, decode_block

_SCOPES = ("zero.", "site.")


def values_of(sensor: Sensor, block: str, answer: Sequence[int]) -> dict[str, Value]:
    """Everything that the profile's expressions may name, unrounded: points, flags, derived values, `zero.*`, `site.*`.

    `answer`: the registers of a block, or the bytes of a message. Raises SourceError when it is none, or comes from
    another model.
    """
    profile = sensor.profile
    if block in profile.messages:
        points = decode_message(profile, block, bytes(answer))
    else:
        points = decode_block(profile, block, answer)
    values: dict[str, Value] = {f"zero.{name}": value for name, value in sensor.zero.items()}
    values |= {f"site.{name}": value for name, value in sensor.constants.items()}
    values |= points
    for derived in derived_from(sensor.profile, set(points)):
        values[derived.name] = _evaluate(derived.expression, values)
    return values


def derived_from(profile: Profile, known: set[str]) -> Iterator[Derived]:
    """The derived values that need no other block than the one whose names are `known`, in file order."""
    for derived in profile.derived:
        needed = {name for name in derived.expression.names if not name.startswith(_SCOPES)}
        if needed and needed <= known:
            known = known | {derived.name}
            yield derived


def quantities_of(profile: Profile, values: Mapping[str, Value]) -> Iterator[tuple[str, float | None]]:
    """Each quantity that these values publish, at its resolution, or None where there is no number."""
    named = [(point.name, point.quantity) for point in profile.points]
    named += [(derived.name, derived.quantity) for derived in profile.derived]
    for name, quantity in named:
        if quantity and name in values:
            yield quantity, published(quantity, values[name])


def published(quantity: str, value: Value) -> float | None:
    """At the quantity's resolution; a word, a flag, NaN and the infinities are no values of a quantity."""
    if value is None or isinstance(value, bool | str) or not math.isfinite(value):
        return None
    return rounded(quantity, value)


def _evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    try:
        return expression(values)
    except ExpressionError:
        return None  # a point without a value leaves what is derived from it without one
