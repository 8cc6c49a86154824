"""The devices on a simulated line: what they hear, when they answer, and those that talk by themselves or unasked."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from edge.serial_port import SerialSettings
from edge.sim import uart
from edge.sim.medium import Listener, Medium
from edge.sim.message_device import MessageDevice
from edge.sim.modbus_device import ModbusDevice

Device = ModbusDevice | MessageDevice
"""What can hang on the wires."""


class Station:
    """One transmitter of a device: on the wires as a speaker, all hearing is done by `Stations`."""

    is_client = False

    def __init__(self, name: str) -> None:
        """`name` is what the transcript calls it."""
        self.name = name

    def hear(self, octets: bytes, sent: SerialSettings, speaker: Listener) -> None:
        """Does nothing."""


class Stations:
    """All devices of a line hear with one ear: a frame ends with silence, then whoever is meant answers."""

    name, is_client = "devices", False

    def __init__(self, medium: Medium, devices: Sequence[Device], rng: Random) -> None:
        """`rng` decides how late a reply is, and which replies have the faults of their device."""
        self._medium, self._rng = medium, rng
        self._stations = [(device, Station(_name(device))) for device in devices]
        self._talkers = [
            Babbler(
                medium,
                partial(_settings, device),
                device.profile.timing.min_poll_s,
                partial(self._said, device),
                _name(device),
            )
            for device in devices
            if isinstance(device, MessageDevice) and device.speaks
        ]
        self._request = b""
        self._speakers: list[Listener] = []
        self._ended_at = 0.0
        self._silence: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        medium.join(self)

    def stop(self) -> None:
        """Those that talk by themselves fall silent."""
        for talker in self._talkers:
            talker.stop()

    def _said(self, device: MessageDevice) -> bytes:
        """What it says by itself, with its faults."""
        faults = device.faults.drawn(self._rng)
        return b"" if faults.is_silent else device.unasked()[: faults.truncate] * faults.repeats

    def hear(self, octets: bytes, sent: SerialSettings, speaker: Listener) -> None:
        """Part of a frame, from whomever: a device that talks unasked spoils what is asked meanwhile."""
        self._request += octets
        self._speakers.append(speaker)
        self._ended_at = self._loop.time()
        if self._silence:
            self._silence.cancel()
        self._silence = self._loop.call_at(self._ended_at + sent.silence_s, self._answer, sent)

    def _answer(self, sent: SerialSettings) -> None:
        request, self._request, self._silence = self._request, b"", None
        speakers, self._speakers = self._speakers, []
        for device, station in self._stations:
            if station in speakers:
                continue
            faults = device.faults.drawn(self._rng)
            own = device.settings
            reply = device.answer(uart.received(request, sent, own), faults)[: faults.truncate]
            if reply:
                late_s = faults.late_s + self._rng.uniform(0, faults.spread_s)
                for _ in range(faults.repeats):
                    self._loop.call_at(self._ended_at + late_s, self._say, station, reply, own)

    def _say(self, station: Station, reply: bytes, own: SerialSettings) -> None:
        self._medium.talk(station, reply, own)


def _name(device: Device) -> str:
    """As the transcript calls it."""
    return device.profile.name if isinstance(device, MessageDevice) else f"unit {device.unit}"


def _settings(device: Device) -> SerialSettings:
    """Those it has now: a brown-out may change them."""
    return device.settings


class Babbler:
    """A device that talks unasked: in streaming mode on a polled line, or a stream sensor on its own."""

    def __init__(
        self,
        medium: Medium,
        settings: Callable[[], SerialSettings],
        every_s: float,
        said: Callable[[], bytes],
        name: str = "babbler",
    ) -> None:
        """Begins at once; `settings` and `said` are asked each time. `name` is for the transcript."""
        self._medium, self._settings, self._every_s, self._said = medium, settings, every_s, said
        self._station = Station(name)
        self._loop = asyncio.get_running_loop()
        self._turn = self._loop.call_soon(self._talk)

    def stop(self) -> None:
        """Falls silent."""
        self._turn.cancel()

    def _talk(self) -> None:
        octets = self._said()
        if octets:
            self._medium.talk(self._station, octets, self._settings())
        self._turn = self._loop.call_later(self._every_s, self._talk)
