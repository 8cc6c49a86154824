"""One device at the pole as a sensor of its site: polled on a bus, its answers in words and numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from edge.bus import Bus
from edge.modbus_frame import Request
from wire.errors import DeviceRefused, FrameError, SourceTimeout, Unsafe
from wire.inventory import Sensor
from wire.profile import Profile
from wire.registers import Value
from wire.values import values_of

Values = Mapping[str, Value]
NO_ANSWER = (SourceTimeout, FrameError, DeviceRefused)
"""A poll that failed; any other SourceError is the port's, and ends what is being done."""


class Device:
    """What is asked goes over the bus, what is derived is derived with the site's zero and numbers."""

    def __init__(self, bus: Bus, unit: int, profile: Profile, constants: Mapping[str, float]) -> None:
        """Nothing is asked yet, and every zero is 0. Raises Unsafe for a model that is not asked over Modbus."""
        if not profile.blocks:
            raise Unsafe(
                f"{profile.title} is not asked over Modbus, and this is a bus of devices that are.",
                where=f"unit {unit}",
                fix="commission it by hand: docs/field/commissioning.md.",
                code="E-FIELD-010",
            )
        self.bus = bus
        self.failures: Counter[str] = Counter()
        """By what went wrong with a poll: damaged, silent, refused."""
        zero = dict.fromkeys(zero_names(profile), 0.0)
        self._sensor = Sensor("", "", "", "", profile, unit, None, zero, constants, ())

    @property
    def profile(self) -> Profile:
        """What the library says of it."""
        return self._sensor.profile

    @property
    def unit(self) -> int:
        """Its unit identifier."""
        return self._sensor.unit

    @property
    def where(self) -> str:
        """For people."""
        return f"port {self.bus.port.path}, unit {self.unit}"

    def zeroed(self, zero: Mapping[str, float]) -> None:
        """From here on its derived values count from there."""
        self._sensor = replace(self._sensor, zero={**self._sensor.zero, **zero})

    async def sample(self) -> Values:
        """Every block once. Raises one of `NO_ANSWER`, counted, or SourceError when the port is lost."""
        values: dict[str, Value] = {}
        try:
            for block in self.profile.blocks.values():
                answer = await self.bus.read(self.unit, block, self.profile.timing)
                values |= values_of(self._sensor, block.name, answer.numbers)
        except NO_ANSWER as error:
            kinds = {FrameError: "damaged", DeviceRefused: "refused"}
            self.failures[next((word for kind, word in kinds.items() if isinstance(error, kind)), "silent")] += 1
            raise
        return values

    async def write(self, register: int, value: int, function: int) -> None:
        """One register. Raises as `Bus.ask`."""
        await self.bus.ask(Request(self.unit, function, register, values=(value,)), self.profile.timing)

    def unit_of(self, name: str) -> str:
        """The unit of one of its values; empty for a word or a bare number."""
        named = {point.name: point.unit for point in self.profile.points}
        named |= {derived.name: derived.unit for derived in self.profile.derived}
        return named.get(name, "")


def zero_names(profile: Profile) -> list[str]:
    """The points whose zero its expressions name."""
    expressions = [value.expression for value in profile.derived] + [check.condition for check in profile.checks]
    names = {name for expression in expressions for name in expression.names if name.startswith("zero.")}
    return sorted(name.removeprefix("zero.") for name in names)
