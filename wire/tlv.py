"""Uplinks of entries: a key that names what follows and how long it is (LoRaWAN sensors of Milesight and others).

An unknown key has an unknown length, so nothing after it can be read. What stands before it is good all the same.
"""

from collections.abc import Sequence

from wire.messages import Message, TlvShape

TIME_SIZE = 4
"""Bytes of a unix time."""


def split(shapes: Sequence[TlvShape], payload: bytes) -> tuple[list[Message], bytes]:
    """The entries in their order, and the rest from the first that is not known or not whole."""
    found: list[Message] = []
    place = 0
    while place < len(payload):
        shape = next((shape for shape in shapes if payload.startswith(shape.key, place)), None)
        if shape is None or len(payload) < place + len(shape.key) + shape.size:
            break
        begin = place + len(shape.key)
        place = begin + shape.size
        value = payload[begin:place]
        found.append(Message(shape.name, value, _time_s(shape, value)))
    return found, payload[place:]


def _time_s(shape: TlvShape, value: bytes) -> int | None:
    if shape.time_at is None:
        return None
    return int.from_bytes(value[shape.time_at : shape.time_at + TIME_SIZE], "little" if shape.is_little else "big")
