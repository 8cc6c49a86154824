"""Does a profile make of its vectors what they say? A wrong scale or word order is found before a device is."""

from collections.abc import Iterator, Mapping

from wire.errors import Mistake, SourceError
from wire.expression import ExpressionError
from wire.fields import decode_message, messages_in
from wire.profile import Profile, Vector
from wire.registers import Value, decode_block

TOLERANCE = 1e-4
"""Of the unit of a number."""


def values_of(profile: Profile, vector: Vector) -> Mapping[str, Value]:
    """What its registers, or the messages in its bytes, say, with what is given and derived. Raises SourceError."""
    values: dict[str, Value] = {}
    if vector.block:
        values |= decode_block(profile, vector.block, vector.registers)
    for message in () if vector.block else messages_in(profile, vector.octets):
        values |= decode_message(profile, message.name, message.octets)
    values |= vector.given
    for derived in profile.derived:
        try:
            values[derived.name] = derived.expression(values)
        except ExpressionError:
            continue  # it needs another block
    return values


def mistakes_of(profile: Profile, where: str) -> tuple[Mistake, ...]:
    """Each vector that gives something else than it says."""
    said = ((number, what) for number, one in enumerate(profile.vectors, 1) for what in _wrong(profile, one))
    fix = "compare scale, order and places with the manual; if the vector is wrong, correct it"
    return tuple(Mistake(where, f"vector {number}: {what}.", fix, "E-PROFILE-030") for number, what in said)


def _wrong(profile: Profile, vector: Vector) -> Iterator[str]:
    try:
        values = values_of(profile, vector)
    except SourceError as error:
        yield error.what.rstrip(".")
        return
    if not vector.want and any(value is not None for value in values.values()):
        yield f"nothing is wanted, and it says {', '.join(values)}"
    for name, want in vector.want.items():
        if name not in values or not _is_alike(values[name], want):
            yield f"{name} is {_said(values.get(name))}, wanted is {_said(want)}"


def _is_alike(value: Value, want: Value) -> bool:
    if isinstance(value, float) and isinstance(want, float):
        return abs(value - want) <= TOLERANCE
    return value == want


def _said(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
