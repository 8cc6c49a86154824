"""Does a device keep what sensors.yaml wants of it? Looked at when it first answers, when it is back, and every hour.

A supply that fails may take a setting that was not saved with it, and be back between two polls. Nothing is written: a
person does that, who sees the device (`egret bus write --sensor`).
"""

import asyncio
import logging

from edge.bus import Bus
from edge.modbus_frame import Request
from edge.tcp_bus import TcpBus
from wire.errors import DeviceRefused, FrameError, SourceTimeout
from wire.inventory import Sensor

EVERY_S = 3600.0
_HOLDING = 3

_log = logging.getLogger(__name__)


class KeptSettings:
    """Of the sensors of one line."""

    def __init__(self, bus: Bus | TcpBus) -> None:
        """Nothing is read yet."""
        self._bus = bus
        self._due: dict[str, float] = {}
        self._said: dict[tuple[str, str], int] = {}
        self._loop = asyncio.get_running_loop()

    def forget(self, sensor: Sensor) -> None:
        """It was away: what it keeps is not known any more."""
        self._due.pop(sensor.id, None)
        for name in sensor.settings:
            self._said.pop((sensor.id, name), None)

    async def compare(self, sensor: Sensor) -> None:
        """One read a setting, if it is time; what differs is said once. Raises SourceError for a lost port."""
        if not sensor.settings or self._loop.time() < self._due.get(sensor.id, 0.0):
            return
        self._due[sensor.id] = self._loop.time() + EVERY_S
        for name, wanted in sensor.settings.items():
            setting = sensor.profile.settings[name]
            request = Request(sensor.unit, _HOLDING, setting.register or 0)
            try:
                found = (await self._bus.ask(request, sensor.profile.timing)).numbers[0]
            except (SourceTimeout, FrameError, DeviceRefused) as error:
                _log.warning("sensor %s: whether it keeps its %s is not known: %s", sensor.id, name, error)
                continue
            if found != wanted and self._said.get((sensor.id, name)) != found:
                _log.warning(
                    "sensor %s keeps %s %s, and %s is wanted. fix: egret bus write --sensor %s, with the box's agent"
                    " stopped. [E-BUS-050]",
                    sensor.id,
                    name,
                    setting.said(found),
                    setting.said(wanted),
                    sensor.id,
                )
            self._said[sensor.id, name] = found
