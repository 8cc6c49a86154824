"""One device at the pole as a sensor of its site, whatever its line: what it says in words and numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge.bus import Answer, Bus
from edge.field.air_voice import AirVoice
from edge.field.ear import Ear
from edge.modbus_frame import Request
from edge.query_bus import QueryBus
from edge.tcp_bus import TcpBus
from wire.errors import DeviceRefused, FrameError, SourceTimeout, Unsafe
from wire.inventory import Sensor
from wire.messages import is_asked_for
from wire.profile import Profile
from wire.registers import Value
from wire.values import values_of

Values = Mapping[str, Value]
NO_ANSWER = (SourceTimeout, FrameError, DeviceRefused)
"""A poll that failed; any other SourceError is the line's, and ends what is being done."""
Line = Bus | TcpBus | QueryBus | Ear
"""How a device is reached. Each knows one way to have the next answer of a device."""


class Device:
    """What it answers comes over its line, what is derived is derived with the site's zero and numbers."""

    def __init__(self, line: Line, unit: int, profile: Profile, constants: Mapping[str, float]) -> None:
        """Nothing is asked yet, and every zero is 0. `unit` is 0 where there are no unit identifiers."""
        self._line = line
        self.failures: Counter[str] = Counter()
        """By what went wrong with a poll: damaged, silent, refused."""
        zero = dict.fromkeys(names_in(profile, "zero."), 0.0)
        self._sensor = Sensor("", "", "", "", profile, unit, None, zero, constants, ())

    @property
    def profile(self) -> Profile:
        """What the library says of it."""
        return self._sensor.profile

    @property
    def parts(self) -> Sequence[str]:
        """What one sample is made of: all blocks of its registers, or all messages that say something of it.

        Of a device that speaks by itself what it says unasked: nobody waits a minute for what is asked once a minute.
        """
        if isinstance(self._line, QueryBus):
            return tuple(name for name, shape in self.profile.messages.items() if is_asked_for(shape))
        read = {point.block for point in self.profile.points}
        if isinstance(self._line, Ear):
            read -= {name for name, shape in self.profile.messages.items() if is_asked_for(shape)}
        return tuple(name for name in self.profile.parts if name in read)

    @property
    def where(self) -> str:
        """For people."""
        if isinstance(self._line, Ear):
            return self._line.voice.where
        name = self._line.name if isinstance(self._line, TcpBus) else f"port {self._line.port.path}"
        return f"{name}, unit {self._sensor.unit}" if self._sensor.unit else name

    @property
    def speaks(self) -> bool:
        """Is it listened to, not asked?"""
        return isinstance(self._line, Ear)

    @property
    def dropped(self) -> int:
        """Bytes of a device that speaks by itself that were no message of it."""
        return self._line.voice.dropped if isinstance(self._line, Ear) else 0

    @property
    def signal_dbm(self) -> int | None:
        """How strongly it was last received; None for one on a wire."""
        voice = self._line.voice if isinstance(self._line, Ear) else None
        return voice.signal_dbm if isinstance(voice, AirVoice) else None

    def zeroed(self, zero: Mapping[str, float]) -> None:
        """From here on its derived values count from there."""
        self._sensor = replace(self._sensor, zero={**self._sensor.zero, **zero})

    async def answer(self, part: str) -> Answer:
        """The next one of `part`. Raises one of `NO_ANSWER`, or SourceError when the line is lost."""
        unit, timing = self._sensor.unit, self.profile.timing
        if isinstance(self._line, Bus | TcpBus):
            return await self._line.read(unit, self.profile.blocks[part], timing)
        return await self._line.read(unit, part, timing)

    async def sample(self) -> Values:
        """Every part once. Raises one of `NO_ANSWER`, counted, or SourceError when the line is lost."""
        values: dict[str, Value] = {}
        try:
            for part in self.parts:
                answer = await self.answer(part)
                values |= values_of(self._sensor, part, answer.numbers or answer.reply)
        except NO_ANSWER as error:
            kinds = {FrameError: "damaged", DeviceRefused: "refused"}
            self.failures[next((word for kind, word in kinds.items() if isinstance(error, kind)), "silent")] += 1
            raise
        return values

    async def write(self, register: int, value: int, function: int) -> None:
        """One register. Raises as `Bus.ask`, and Unsafe for a device that has none."""
        if not isinstance(self._line, Bus | TcpBus):
            fix = "do it by the maker's tool."
            raise Unsafe("it has no registers to write.", where=self.where, fix=fix, code="E-FIELD-011")
        await self._line.ask(Request(self._sensor.unit, function, register, values=(value,)), self.profile.timing)

    def unit_of(self, name: str) -> str:
        """The unit of one of its values; empty for a word or a bare number."""
        named = {point.name: point.unit for point in self.profile.points}
        named |= {derived.name: derived.unit for derived in self.profile.derived}
        return named.get(name, "")


def names_in(profile: Profile, scope: str) -> list[str]:
    """What its expressions name of `zero.` (points) or of `site.` (numbers that only the site knows)."""
    expressions = [value.expression for value in profile.derived] + [check.condition for check in profile.checks]
    names = {name for expression in expressions for name in expression.names if name.startswith(scope)}
    return sorted(name.removeprefix(scope) for name in names)
