"""A whole inventory as simulated devices: every serial line a PTY, every sensor a device on it."""

from array import array
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from edge.ports import Now
from edge.serial_port import device_path
from edge.sim import box_health
from edge.sim.message_device import MessageDevice
from edge.sim.modbus_device import ModbusDevice
from edge.sim.pty_port import named
from edge.sim.sensing import point_values
from edge.sim.serial_line import SerialLine
from edge.sim.stations import Device
from edge.sim.world import World
from wire.inventory import Inventory, Line, Sensor
from wire.link_yaml import SERIAL
from wire.located import Mistakes, block_of
from wire.registers import Value

OF_ITSELF = "health"
_TILTS = {"tilt_x", "tilt_y"}


@dataclass(frozen=True, slots=True)
class Served:
    """One reply as the device gave it: the registers of a block, and when it took them."""

    sensor: str
    block: str
    registers: tuple[int, ...]
    time_ns: int


class Transcript:
    """Every reply that was given, in order. Kept as bytes: some 40 B a reply, hours fit in memory."""

    def __init__(self) -> None:
        """Empty."""
        self._keys: dict[tuple[str, str, int], int] = {}
        self._key_of = array("L")
        self._times = array("q")
        self._registers = array("H")

    def append(self, reply: Served) -> None:
        """One more."""
        key = (reply.sensor, reply.block, len(reply.registers))
        self._key_of.append(self._keys.setdefault(key, len(self._keys)))
        self._times.append(reply.time_ns)
        self._registers.extend(reply.registers)

    def __len__(self) -> int:
        """Replies so far."""
        return len(self._times)

    def __iter__(self) -> Iterator[Served]:
        """From the first to the last."""
        keys = list(self._keys)
        start = 0
        for key, time_ns in zip(self._key_of, self._times, strict=True):
            sensor, block, count = keys[key]
            yield Served(sensor, block, tuple(self._registers[start : start + count]), time_ns)
            start += count


class _Probe:
    """One sensor of the city: measures the world, and keeps the books of what its device replied."""

    def __init__(self, city: "SimulatedCity", sensor: Sensor) -> None:
        self._city, self._sensor = city, sensor
        self._site_kind = city.inventory.sites[sensor.site].kind
        self._time_ns = 0
        self._shows_lean = any(point.quantity in _TILTS for point in sensor.profile.points)

    def values(self) -> Mapping[str, Value]:
        self._time_ns = self._city.now()
        return point_values(self._city.world, self._sensor, self._site_kind, self._time_ns)

    def replied(self, block: str, registers: tuple[int, ...]) -> None:
        self._city.served.append(Served(self._sensor.id, block, registers, self._time_ns))
        if self._shows_lean:
            self._city.lean_shown(self._sensor.site, self._time_ns)


class SimulatedCity:
    """Runs from entering to leaving: `root/<box>/<port>` is what the box opens as its port."""

    def __init__(self, inventory: Inventory, world: World, root: Path, now: Now, rng: Random) -> None:
        """`rng` decides what noise hits, should a line be given any."""
        self.inventory, self.world, self.now = inventory, world, now
        self.served = Transcript()
        self.devices: dict[str, Device] = {}
        """By sensor."""
        self.lines: dict[tuple[str, str], SerialLine] = {}
        """By box and key of the line."""
        self._root, self._rng = root, rng
        self._stack = AsyncExitStack()
        self._shown: dict[str, tuple[float, int]] = {}

    async def __aenter__(self) -> Self:
        """Lays all lines."""
        async with AsyncExitStack() as stack:
            for box in self.inventory.boxes.values():
                if any(line.source == OF_ITSELF for line in box.lines):
                    box_health.lay(self._root / box.id, Random(box.id))
                for line in box.lines:
                    if line.source in SERIAL:
                        await self._lay(line, stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unplugs them."""
        await self._stack.aclose()

    def changed_ns(self, site: str) -> int | None:
        """When the last commanded lean of `site` first stood in a reply; None before that."""
        lean, time_ns = self._shown.get(site, (0.0, None))
        return time_ns if lean == self.world.lean_of(site) else None

    def lean_shown(self, site: str, time_ns: int) -> None:
        """A reply has just shown how `site` leans."""
        lean = self.world.lean_of(site)
        if self._shown.get(site, (0.0, 0))[0] != lean:
            self._shown[site] = (lean, time_ns)

    async def _lay(self, line: Line, stack: AsyncExitStack) -> None:
        options = block_of(line.options, line.where, Mistakes())
        baud, frame = options.integer("baud", default=0), options.text("frame", "")
        sensors = [self.inventory.sensors[sensor] for sensor in line.sensors]
        for sensor in sensors:
            device, link = self._device(sensor), sensor.profile.link
            device.memory.configure(baud or link.baud, frame or link.frame)
            self.devices[sensor.id] = device
        frame = frame or sensors[0].profile.link.frame
        devices = [self.devices[sensor.id] for sensor in sensors]
        wire = await stack.enter_async_context(SerialLine(devices, frame, self._rng))
        self.lines[line.box, line.key] = wire
        port = device_path(str(self._root / line.box), options.text("port"))
        stack.enter_context(named(wire.path, port))

    def _device(self, sensor: Sensor) -> Device:
        probe = _Probe(self, sensor)
        if sensor.profile.messages:
            return MessageDevice(sensor.profile, sensor.unit, probe.values)
        return ModbusDevice(sensor.profile, sensor.unit, probe.values, probe.replied)
