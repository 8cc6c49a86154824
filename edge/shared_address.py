"""Two devices at one unit identifier, found by their second answers.

Both answer every request. Where they talk at once the frame is damaged, and that is all one sees; where one is
slower, its reply comes when nobody has asked, or for an answer to the next request. So after damage at a unit the
line is left alone once after its next good reply, and whoever else answers there is heard.
"""

import logging

from wire.errors import AddressShared

AGAIN_S = 60.0
"""A unit that was cleared is not suspected again for so long: on a noisy line damage says little."""
CLEARED_AFTER = 3
"""Times that nobody else has answered, after which a unit counts as one device again."""
_SECOND_ANSWER = 4
"""Bytes that are more than what transceivers add when they switch off."""

_log = logging.getLogger(__name__)


class SharedAddresses:
    """Of one line. All times are loop times in seconds."""

    def __init__(self) -> None:
        """All is well."""
        self._suspected: set[int] = set()
        self._cleared_at: dict[int, float] = {}
        self._shared: dict[int, int] = {}
        """How often nobody else was heard since."""
        self._listening: int | None = None
        self._answered: int | None = None

    def suspect(self, unit: int) -> None:
        """Somebody wants to know."""
        self._suspected.add(unit)

    def was_damaged(self, unit: int, now: float) -> None:
        """A reply of this unit was no answer."""
        self._answered = None
        if now >= self._cleared_at.get(unit, -AGAIN_S) + AGAIN_S:
            self._suspected.add(unit)

    def is_to_listen(self, unit: int) -> bool:
        """Shall the line be left alone after a good reply of this unit, for as long as another may come?"""
        return unit in self._suspected or unit in self._shared

    def answered(self, unit: int, frame: bytes, where: str) -> None:
        """A good reply. Raises AddressShared where it may be either device's."""
        self._answered = unit
        self._listening = unit if self.is_to_listen(unit) else None
        if unit in self._shared:
            raise AddressShared(
                "two devices answer at this unit identifier.",
                raw=frame,
                where=where,
                fix="disconnect one of them, and give the other an address of its own: egret bus set-address.",
                code="E-BUS-019",
            )

    def heard_after(self, octets: bytes, now: float) -> None:
        """What came between a good reply and the next request."""
        unit, self._answered = self._answered, None
        listening, self._listening = self._listening, None
        if unit is None:
            return
        if len(octets) >= _SECOND_ANSWER and octets[0] == unit:
            if unit not in self._shared:
                _log.warning("unit %d: two devices answer at this unit identifier", unit)
            self._shared[unit] = 0
            self._suspected.discard(unit)
        elif listening is not None:
            self._suspected.discard(unit)
            self._cleared_at[unit] = now
            self._clear(unit)

    def _clear(self, unit: int) -> None:
        if unit in self._shared:
            self._shared[unit] += 1
            if self._shared[unit] == CLEARED_AFTER:
                del self._shared[unit]
