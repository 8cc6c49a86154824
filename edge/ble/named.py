"""Which of the devices that are heard is meant by an address, or by a name that somebody may have twice."""

import logging

from edge.ble.radio import Advert
from wire.addresses import BLE, is_ble, known_by
from wire.inventory import Sensor

_log = logging.getLogger(__name__)


class Named:
    """Finds one sensor among the adverts."""

    def __init__(self, sensor: Sensor, silence_s: float) -> None:
        """Nobody was heard. `silence_s`: for so long another one of its name is not taken for it."""
        self._sensor, self._known_by, self._silence_s = sensor, known_by(BLE[0], sensor), silence_s
        self._is_address = is_ble(self._known_by)
        self._bound, self._bound_at = "", 0.0
        self._is_doubled = False

    def is_meant(self, advert: Advert, now: float) -> bool:
        """The first with its name is it, until that has been silent for too long."""
        if self._is_address:
            return advert.address == self._known_by
        if advert.name != self._known_by:
            return False
        is_other = bool(self._bound) and advert.address != self._bound
        if is_other and now - self._bound_at <= self._silence_s:
            self._doubt(advert)
            return False
        self._bound, self._bound_at = advert.address, now
        return True

    def heard(self, now: float) -> None:
        """It spoke otherwise than by an advert."""
        self._bound_at = now

    def _doubt(self, advert: Advert) -> None:
        if not self._is_doubled:
            self._is_doubled = True
            _log.warning(
                "sensor %s: %s and %s are both called %r; the first is used."
                " fix: write its Bluetooth address as address: in sensors.yaml [E-BLE-010]",
                self._sensor.id,
                self._bound,
                advert.address,
                self._known_by,
            )
