"""Whose sensors a box may speak of: its own, itself, and a bounded number that sensors.yaml does not know (yet).

A stolen box has a good certificate. It can lie about its own sensors until its key is taken back; it must not clear
another box's alarms, or fill a store with names that it makes up.
"""

from wire.inventory import Inventory
from wire.quantities import known

UNKNOWN_MAX = 1000
"""Series of one box whose sensor or quantity nobody knows; a store has an index entry for each (judgement)."""


class Ownership:
    """Remembers which unknown series boxes have spoken of since the cloud started."""

    def __init__(self, inventory: Inventory) -> None:
        """None yet."""
        self._inventory = inventory
        self._unknown: dict[str, set[tuple[str, str]]] = {}

    def objection(self, box: str, sensor: str, quantity: str) -> str:
        """Why readings of it are set aside, or nothing."""
        owner = self._inventory.box_of(sensor)
        if owner not in ("", box):
            return f"sensor {sensor} hangs on box {owner}, not on {box}"
        if owner and known(quantity):
            return ""
        series = self._unknown.setdefault(box if box in self._inventory.boxes else "", set())
        if (sensor, quantity) not in series:
            if len(series) >= UNKNOWN_MAX:
                return f"box {box} has spoken of {UNKNOWN_MAX} series that nobody knows"
            series.add((sensor, quantity))
        return ""
