"""The kinds of values that messages carry, with their bounds: what a database or a screen could choke on is refused.

Decoding checks them (`msgspec.Meta`); our own programs are trusted and build them unchecked.
"""

from typing import Annotated

from msgspec import Meta, MsgspecError

from wire.errors import WireError
from wire.topics import IDENTIFIER

TIME_MAX = 2**63 - 1
"""UTC nanoseconds: a moment of the year 2262."""
SEQUENCE_MAX = 2**53
QUALITY_MAX = 2**31 - 1
NAME_MAX = 64
"""Characters of a quantity's or a rule's name, as of an id."""

UNDECODABLE = (MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no document of the kind: noise, no UTF-8, nested too deep."""

_WHY_MAX = 300

_VISIBLE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters; PostgreSQL takes no NUL in a text."""

Moment = Annotated[int, Meta(ge=0, le=TIME_MAX)]
Sequence = Annotated[int, Meta(ge=0, le=SEQUENCE_MAX)]
Count = Annotated[int, Meta(ge=0, le=TIME_MAX)]
Quality = Annotated[int, Meta(ge=0, le=QUALITY_MAX)]
Word = Annotated[str, Meta(max_length=NAME_MAX, pattern=_VISIBLE)]
Sentence = Annotated[str, Meta(max_length=1000, pattern=_VISIBLE)]


def in_short(error: Exception) -> str:
    """What a decoder says, for a log and a screen: it may quote what somebody sent, however long, with line breaks."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(error))
    return text if len(text) <= _WHY_MAX else f"{text[:_WHY_MAX]}…"


def require_words(sensor: str, *names: str) -> None:
    """A sensor has an id; a quantity or rule has a name that shows what it is, or none. Raises WireError."""
    if not IDENTIFIER.fullmatch(sensor):
        fix = "use 1 to 64 letters, digits, - and _."
        raise WireError(f"{sensor[:80]!r} is no id of a sensor.", fix=fix, code="E-WIRE-008")
    for name in names:
        if len(name) > NAME_MAX or not name.isprintable():
            fix = f"use at most {NAME_MAX} characters that can be seen."
            raise WireError(f"{name[:80]!r} is no name of a quantity or a rule.", fix=fix, code="E-WIRE-009")
