"""Alarm events on the wire: one JSON document, readable by any MQTT client."""

import msgspec

from wire.alarm import EVIDENCE_MAX, AlarmEvent
from wire.bounded import UNDECODABLE, Sequence, in_short, require_words
from wire.errors import WireError

EVENTS_MAX = 100
"""Events in one message."""


class AlarmMessage(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.alarms/1"):
    """A run of alarm events of one box, in order of their sequence in its spool.

    `trimmed_through` as in `wire.batch.Batch`. `receipted_through`: events up to it had a receipt before, and are sent
    again to a cloud that has lost them.
    """

    box: str
    spool_id: str
    trimmed_through: Sequence
    events: tuple[AlarmEvent, ...]
    receipted_through: Sequence = 0

    @property
    def is_again(self) -> bool:
        """Did a cloud have all of it before?"""
        return self.last_sequence <= self.receipted_through

    @property
    def first_sequence(self) -> int:
        """Of its first event."""
        return self.events[0].sequence

    @property
    def last_sequence(self) -> int:
        """Of its last event."""
        return self.events[-1].sequence


def encode(message: AlarmMessage) -> bytes:
    """The MQTT payload."""
    return msgspec.json.encode(message)


def decode(payload: bytes) -> AlarmMessage:
    """The message, checked: 1..100 events with consecutive sequences and names of their own. Raises WireError."""
    try:
        message = msgspec.json.decode(payload, type=AlarmMessage)
    except UNDECODABLE as error:
        raise _unreadable(in_short(error)) from error
    first = message.trimmed_through + 1
    sequences = [event.sequence for event in message.events]
    if not 0 < len(sequences) <= EVENTS_MAX or sequences[0] < max(first, 1):
        raise _unreadable(f"sequences {sequences[:3]} after {message.trimmed_through} are impossible")
    if sequences != list(range(sequences[0], sequences[0] + len(sequences))):
        raise _unreadable("its sequences are not consecutive")
    if any(len(event.evidence) > EVIDENCE_MAX for event in message.events):
        raise _unreadable(f"more than {EVIDENCE_MAX} readings of evidence")
    for event in message.events:
        require_words(event.sensor, event.quantity, event.rule)
        if event.alarm != f"{event.sensor}/{event.rule}":
            raise _unreadable(f"{event.alarm[:80]!r} is no alarm of {event.sensor}/{event.rule}")
    return message


def _unreadable(why: str) -> WireError:
    return WireError(f"this is no alarm message: {why}", fix="see docs/wire.md", code="E-WIRE-004")
