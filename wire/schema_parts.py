"""What the JSON Schemas of device profiles are put together from."""

from collections.abc import Mapping

from wire.expression import LENGTH_MAX
from wire.quantities import QUANTITIES

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
RANGE: Schema = {"type": "array", "prefixItems": [NUMBER, NUMBER], "minItems": 2, "maxItems": 2}
NAME = "^[a-z][a-z0-9_]*$"
WORDS_BY_NUMBER: Schema = {"type": "object", "additionalProperties": TEXT}


def mapping(properties: Mapping[str, object], required: list[str], **more: object) -> Schema:
    """A mapping of these keys and no others."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}


def named(entry: Schema) -> Schema:
    """A mapping of names to entries."""
    return {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": entry}


def listed(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def choice(words: tuple[str, ...]) -> Schema:
    """One of some words."""
    return {"enum": list(words)}


def integer(lowest: int, highest: int) -> Schema:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": lowest, "maximum": highest}


def duration() -> Schema:
    """`300ms`, `5s`, `10min`, `1h`."""
    return {"type": "string", "pattern": r"^\d+(\.\d+)?\s?(ms|s|min|h|d)$"}


def expression() -> Schema:
    """An expression of the profile's grammar."""
    return {"type": ["string", "number"], "maxLength": LENGTH_MAX}


def quantity() -> Schema:
    """A quantity that Egret knows."""
    return described(choice(tuple(QUANTITIES)), "the quantity it is published as")


def described(schema: Schema, words: str) -> Schema:
    """With the words that an editor shows."""
    return {**schema, "description": words}
