"""The sender's words for how bad it is, and our four colours."""

from collections.abc import Mapping
from typing import Literal

from wire.alarm import Level
from wire.errors import ConfigError, Mistake
from wire.located import nearest

Colour = Literal["red", "orange", "yellow", "blue"]
"""A level as cloud.yaml writes it."""

_USUAL = {"critical": Level.RED, "warning": Level.YELLOW, "info": Level.BLUE}


def levels(level_map: Mapping[str, str], where: str) -> Mapping[str, Level]:
    """Levels by the sender's word in lower case: the colours, the usual words, then `level_map`. Raises ConfigError."""
    colours = {level.value: level for level in Level}
    wrong = [
        Mistake(
            where,
            f"level_map: {word!r} becomes {colour!r}, which is no level.",
            nearest(colour, colours),
            "E-HOOKIN-012",
        )
        for word, colour in level_map.items()
        if colour not in colours
    ]
    if wrong:
        raise ConfigError(wrong)
    return {**colours, **_USUAL, **{word.casefold(): colours[colour] for word, colour in level_map.items()}}
