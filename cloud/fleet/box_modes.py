"""Which mode of the city's each box is to be in, and whether it has to be told.

The maintainer has signed what each mode does to a box; the cloud says the name alone, and until when. A box ends a
mode by itself: one that is cut off goes back when its lease ends, so where the mode lasts longer the lease is renewed.
"""

from collections.abc import Collection, Mapping, Sequence

from cloud.city.mode import Mode, document, in_force
from cloud.tables.fleet import Answer
from wire.inventory import Inventory
from wire.overlay import NORMAL, Allowed, Chosen

RENEWED_NS = 1800 * 10**9
"""So long before the end of a lease that is shorter than its mode the box is told again (judgement)."""


USUALLY_S = 86_400.0
"""How long a box that is cut off stays in a mode, unless the maintainer signs another time (judgement)."""


def allowed(longest_s: float = USUALLY_S) -> tuple[Allowed, ...]:
    """The city's modes that change something on boxes, for a maintainer to sign."""
    return tuple(
        Allowed(name.value, rules.overlay.kinds, rules.overlay.every, rules.overlay.on_delay, longest_s)
        for name, rules in document().items()
        if rules.overlay.kinds
    )


def districts_of(inventory: Inventory) -> Mapping[str, frozenset[str]]:
    """By box, where its sensors are."""
    found: dict[str, set[str]] = {box: set() for box in inventory.boxes}
    for sensor in inventory.sensors.values():
        found[sensor.box].add(inventory.sites[sensor.site].district)
    return {box: frozenset(districts) for box, districts in found.items()}


def wanted(modes: Sequence[Mode], districts: frozenset[str], signed: Collection[str], now_ns: int) -> Chosen:
    """What a box in these districts is to be in: where they differ, the newest that is not the normal one.

    One that was not `signed` for the box is none for it.
    """
    standing = [mode for district in districts if (mode := in_force(modes, district, now_ns))]
    special = [mode for mode in standing if mode.mode.value in signed]
    newest = max(special, key=lambda mode: (mode.since_ns, mode.id), default=None)
    return Chosen(newest.mode.value, newest.until_ns) if newest else NORMAL


def due(answer: Answer, choice: Chosen, now_ns: int) -> bool:
    """Is the box in another mode, or in this one for too long, or about to end it while it lasts?"""
    if answer.mode != choice.mode or answer.mode_ends_ns > choice.ends_ns:
        return True
    return answer.mode_ends_ns < choice.ends_ns and answer.mode_ends_ns - now_ns < RENEWED_NS
