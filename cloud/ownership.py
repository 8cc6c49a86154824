"""Whose sensors a box may speak of: its own, itself, and a bounded number that sensors.yaml does not know (yet).

A stolen box has a good certificate. It can lie about its own sensors until its key is taken back; it must not clear
another box's alarms, or fill a store with names that it makes up. But sensors.yaml may be the one that is wrong: a
sensor was moved, and its alarm must be heard. So what a box says of another's sensor counts for a sensor of its own,
`{sensor}@{box}`, which nobody knows: it is stored, shown and opens cases, and touches nothing of the other's.
"""

from wire.inventory import Inventory
from wire.quantities import known

UNKNOWN_MAX = 1000
"""Series of one box whose sensor or quantity nobody knows; a store has an index entry for each (judgement)."""
_OF = "@"
"""In no id: nobody can be called so by accident."""


def attributed(inventory: Inventory, sensor: str, box: str) -> str:
    """What the sensor is called when this box speaks of it."""
    return sensor if inventory.box_of(sensor) in ("", box) else f"{sensor}{_OF}{box}"


def as_said(sensor: str) -> str:
    """What the box itself calls it."""
    return sensor.partition(_OF)[0]


class Ownership:
    """Remembers which unknown series boxes have spoken of since the cloud started."""

    def __init__(self, inventory: Inventory) -> None:
        """None yet."""
        self._inventory = inventory
        self._unknown: dict[str, set[tuple[str, str]]] = {}

    def objection(self, box: str, sensor: str, quantity: str) -> str:
        """Why readings of it are set aside, or nothing."""
        if self._inventory.box_of(sensor) == box and known(quantity):
            return ""
        series = self._unknown.setdefault(box if box in self._inventory.boxes else "", set())
        if (sensor, quantity) not in series:
            if len(series) >= UNKNOWN_MAX:
                return f"box {box} has spoken of {UNKNOWN_MAX} series that nobody knows"
            series.add((sensor, quantity))
        return ""
