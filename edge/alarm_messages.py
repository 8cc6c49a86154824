"""Alarm events of a spool as they travel, by whichever way."""

from collections.abc import Sequence

from edge.spool import Spool
from wire import alarm_message
from wire.alarm_message import AlarmMessage

_EVENTS_A_MESSAGE = 20
_EVENTS_A_FETCH = 100

Message = tuple[int, bytes]
"""The last sequence in it, and its payload."""


async def alarm_messages(box: str, spool: Spool, after: int, most: int) -> Sequence[Message]:
    """The next messages behind sequence `after`, some `most` of them; none when another spool has begun meanwhile."""
    spool_id = spool.id
    events = await spool.events(after, min(most * _EVENTS_A_MESSAGE, _EVENTS_A_FETCH))
    if not events:
        return ()
    kept = await spool.kept()
    if spool.id != spool_id:
        return ()
    # What had a receipt before and what had none go apart: the cloud tells nobody twice.
    before = [event for event in events if event.sequence <= kept.alarms_through]
    parts = [
        events[start : start + _EVENTS_A_MESSAGE]
        for events in (before, events[len(before) :])
        for start in range(0, len(events), _EVENTS_A_MESSAGE)
    ]
    messages: list[Message] = []
    for part in parts:
        trimmed = min(kept.alarms_from, part[0].sequence) - 1
        message = AlarmMessage(box, spool_id, trimmed, tuple(part), kept.alarms_through)
        messages.append((part[-1].sequence, alarm_message.encode(message)))
    return messages
