"""Taking what was set aside once more, after the store was mended or the cloud upgraded."""

from collections.abc import Callable

from cloud import alarms, ingest
from cloud.alarms import AlarmsLane
from cloud.ingest import ReadingsLane
from cloud.poison import Cause, Poison
from cloud.quarantine import Quarantine
from wire.errors import Rejected


class Replay:
    """Hands a message back to its lane. It leaves the quarantine when it is stored."""

    def __init__(self, quarantine: Quarantine, readings: Callable[[], ReadingsLane], alarms: AlarmsLane) -> None:
        """The lanes need not run. Readings need one that knows nothing yet: watermarks rise elsewhere."""
        self._quarantine, self._readings, self._alarms = quarantine, readings, alarms

    async def take(self, poison: Poison) -> None:
        """Raises WireError and Rejected when it is still no good, Unavailable when it may be later."""
        if poison.cause is Cause.REFUSED:
            batch = ingest.read(poison.topic, poison.payload)
            await self._readings().write_again(batch, f"quarantine-{poison.id}")
        elif poison.topic.endswith("/readings"):
            batch = ingest.read(poison.topic, poison.payload)
            stored = await self._readings().take([batch])
            _require_taken(poison, batch.last_sequence, stored[batch.box, batch.spool_id])
        elif poison.topic.endswith("/alarms"):
            message = alarms.read(poison.topic, poison.payload)
            _require_taken(poison, message.last_sequence, await self._alarms.take(message))
        else:
            fix = "drop it: its box says its status again by itself."
            raise Rejected("only readings and alarms are replayed.", where=poison.topic, fix=fix, code="E-QUAR-004")
        await self._quarantine.drop(poison.id)


def _require_taken(poison: Poison, last_sequence: int, stored_through: int) -> None:
    if stored_through < last_sequence:
        raise Rejected(
            f"sequences {stored_through + 1} and on are missing before it.",
            where=poison.topic,
            fix="wait: its box sends them again, and this message after them; or drop it.",
            code="E-QUAR-005",
        )
