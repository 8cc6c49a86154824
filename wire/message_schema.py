"""The JSON Schema of how a device is reached, and of its messages when it speaks no Modbus."""

from collections.abc import Mapping

from wire import schema_parts as parts
from wire.byte_template import SUMS
from wire.link_yaml import FRAMES, UUID, WAYS
from wire.message_yaml import BYTE_ORDERS, FIELDS_MAX, SIZE_MAX
from wire.schema_parts import Schema

_EVERY = parts.described(parts.duration(), "of the messages in this time one is taken")
_MEDIAN = parts.described(parts.TEXT, "the point by whose median that one is chosen; else the last")
_ASK = parts.described(parts.TEXT, "bytes that ask for it: 77 04 {unit} 04 {sum8}")
_ORDER = parts.described(parts.choice(BYTE_ORDERS), "byte order of its numbers")


def link() -> Schema:
    """The section `link`."""
    uuid: Schema = {"type": "string", "pattern": f"^{UUID.pattern}$"}
    ways: Mapping[str, object] = {way: parts.choice(tuple(words)) for way, words in WAYS.items()}
    return parts.mapping(
        {
            **ways,
            "baud": parts.integer(300, 921_600),
            "frame": parts.described(parts.choice(FRAMES), "data bits, parity, stop bits"),
            "unit": parts.described(parts.integer(1, 247), "unit identifier as delivered"),
            "any_unit": parts.described(parts.integer(1, 255), "unit identifier that all of this model answer"),
            "device": parts.described(parts.TEXT, "how the name of a Bluetooth device begins"),
            "service": uuid,
            "notify": parts.described(uuid, "characteristic that notifies"),
            "write": parts.described(uuid, "characteristic that is written"),
            "company": parts.described(parts.integer(0, 0xFFFF), "number of the maker in adverts"),
            "port": parts.described(parts.integer(1, 223), "LoRaWAN port of its uplinks"),
            "signal": parts.described({"type": "boolean"}, "how strongly it is received is a quantity, too"),
        },
        [],
        oneOf=[{"required": [way]} for way in WAYS],
    )


def sections() -> Mapping[str, object]:
    """The sections by name; a device has one of them, or blocks."""
    return {"frames": parts.named(_frame()), "lines": parts.named(_line()), "tlv": parts.named(_entry())}


def _frame() -> Schema:
    length = parts.mapping(
        {
            "at": parts.integer(0, SIZE_MAX),
            "add": parts.described(parts.integer(0, SIZE_MAX), "what it does not count"),
        },
        ["at", "add"],
    )
    place = parts.integer(-SIZE_MAX, SIZE_MAX)
    check = parts.mapping(
        {"kind": parts.choice(SUMS), "from": parts.integer(0, SIZE_MAX), "to": place, "at": place},
        ["kind", "from", "to", "at"],
    )
    return parts.mapping(
        {
            "sync": parts.described(parts.TEXT, "its first bytes: 55 53"),
            "size": parts.described(parts.integer(1, SIZE_MAX), "bytes of the whole frame"),
            "length": parts.described(length, "the byte that says how long it is"),
            "match": parts.described({"type": "object"}, "further bytes by their places: {3: 0x84}"),
            "check": parts.described(check, "the bytes from..to, which is not counted; negative from the end"),
            "order": _ORDER,
            "every": _EVERY,
            "median": _MEDIAN,
            "ask": _ASK,
        },
        ["sync", "order", "every"],
        oneOf=[{"required": ["size"]}, {"required": ["length"]}],
    )


def _line() -> Schema:
    return parts.mapping(
        {
            "begin": parts.described(parts.TEXT, "how the line begins"),
            "end": parts.described(parts.TEXT, "how it ends"),
            "separator": parts.described(
                parts.TEXT, "what stands between its fields; a message of several lines has the end in it"
            ),
            "fields": parts.integer(1, FIELDS_MAX),
            "check_after": parts.described(parts.TEXT, "the character after which the XOR stands as two digits"),
            "every": _EVERY,
            "median": _MEDIAN,
            "ask": _ASK,
        },
        ["begin", "end", "fields", "every"],
    )


def _entry() -> Schema:
    return parts.mapping(
        {
            "key": parts.described(parts.TEXT, "the bytes that name it: 01 75"),
            "size": parts.described(parts.integer(1, SIZE_MAX), "bytes of its value"),
            "time_at": parts.described(parts.integer(0, SIZE_MAX), "where its own unix time stands in the value"),
            "order": _ORDER,
            "every": parts.described(parts.duration(), "how often it comes"),
        },
        ["key", "size", "every"],
    )
