"""A simulated RS-485 line: several devices on one pair of wires, and pseudo-terminals as the ports of its clients."""

from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType
from typing import Self

from edge.sim.faults import LineFaults
from edge.sim.medium import Frame, Medium
from edge.sim.pty_port import PtyPort
from edge.sim.stations import Device, Stations


def _listen_not(_frame: Frame) -> None:
    """For a line on which nobody listens in."""


class SerialLine:
    """The wires with their devices, from entering to leaving. `faults` may be changed meanwhile."""

    def __init__(
        self, devices: Sequence[Device], frame: str, rng: Random, *, heard: Callable[[Frame], None] = _listen_not
    ) -> None:
        """`frame` ("8N1") is how the client's characters look; `rng` decides by chance; `heard` sees every frame."""
        self.devices = tuple(devices)
        self._frame, self._rng, self._heard = frame, rng, heard
        self._ports: list[PtyPort] = []

    async def __aenter__(self) -> Self:
        """Lays the line, with one port."""
        self.medium = Medium(self._rng, self._heard)
        self._stations = Stations(self.medium, self.devices, self._rng)
        self.plug_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes it down."""
        self._stations.stop()
        self.unplug()

    @property
    def faults(self) -> LineFaults:
        """What is wrong with the wires now."""
        return self.medium.faults

    @faults.setter
    def faults(self, faults: LineFaults) -> None:
        self.medium.faults = faults

    @property
    def path(self) -> str:
        """What the first client opens; empty when nothing is plugged in."""
        return self._ports[0].path if self._ports else ""

    def plug_in(self) -> str:
        """One more port on the same wires (a second client, one who listens in): what it opens."""
        port = PtyPort(self.medium, self._frame)
        self._ports.append(port)
        return port.path

    def unplug(self) -> None:
        """Pulls out all adapters: their ports hang up, what was on the wire for them is gone."""
        for port in self._ports:
            port.unplug()
        self._ports.clear()
