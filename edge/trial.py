"""The trial of a new configuration: it stays when the box is well with it, else the one before comes back.

The box is well when its link to the broker stands and at least one of its lines brings measurements. A fault of
either that lasts as long as the trial ends it. One that is not over when the trial would end prolongs it until then.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from wire.addresses import MQTT_JSON
from wire.inventory import Box, Inventory


class Verdict(Enum):
    """What a look at the box says."""

    WAIT = auto()
    KEEP = auto()
    CUT_OFF = auto()
    SILENT = auto()


@dataclass(slots=True)
class Trial:
    """Times are of the event loop, in seconds.

    `has_sensors`: there are some that must be heard while it lasts. Of others no line can be asked to bring any.
    """

    began: float
    lasts_s: float
    has_sensors: bool
    _linked_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Until it has shown otherwise, a box counts as linked when its trial begins."""
        self._linked_at = self.began

    def look(self, now: float, *, is_linked: bool, heard_at: float) -> Verdict:
        """`heard_at`: when a line last brought a measurement."""
        if is_linked:
            self._linked_at = now
        if self.has_sensors and now - max(heard_at, self.began) >= self.lasts_s:
            return Verdict.SILENT
        if now - self._linked_at >= self.lasts_s:
            return Verdict.CUT_OFF
        is_heard = heard_at > self.began or not self.has_sensors
        return Verdict.KEEP if is_linked and is_heard and now - self.began >= self.lasts_s else Verdict.WAIT


def must_be_heard(inventory: Inventory, box: Box, within_s: float) -> bool:
    """Would one of a box's sensors be, if all is well? On another platform each reports when it likes."""
    lines = [line for line in box.lines if line.source != MQTT_JSON]
    sensors = [inventory.sensors[name] for line in lines for name in line.sensors]
    return any(sensor.profile.timing.silence_s <= within_s for sensor in sensors)
