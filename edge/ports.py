"""The seams of the edge: what a source, a rule and a link must do. Nothing else is abstract."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, TypeVar

from edge.ble.radio import Radio
from edge.clock import BoxClock
from wire.alarm import AlarmEvent
from wire.inventory import Line, Sensor
from wire.kinds import build
from wire.located import Mistakes
from wire.reading import Reading, Sample

T = TypeVar("T")
Now = Callable[[], int]
"""UTC in nanoseconds; passed in, so that a simulated day takes seconds."""


class Source(Protocol):
    """Samples of the sensors on one line, for as long as the line lives.

    A device that does not answer is a Sample with `fault`, not an exception. Entering opens the
    port and raises SourceError when it cannot; iterating raises SourceError when the line is lost.
    """

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def __aiter__(self) -> AsyncIterator[Sample]: ...


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What a source needs to know: its line, the sensors on it, the box's file-system root and clock.

    `root` is prepended to absolute device paths, as a system root: "/" on a real box, the
    demonstration's folder in the demonstration. `clock` stamps samples that bring no time of their own.
    `waiting`: how much waits in the spool. `radio`: the box's Bluetooth adapter, shared by its lines.
    """

    line: Line
    sensors: Mapping[str, Sensor]
    root: str
    clock: BoxClock
    waiting: Callable[[], int] = lambda: 0
    radio: Radio = field(default_factory=Radio)

    @property
    def in_order(self) -> list[Sensor]:
        """The sensors, as sensors.yaml has them."""
        return [self.sensors[sensor] for sensor in self.line.sensors]

    def block(self, config: type[T]) -> T:
        """The line's block in sensors.yaml. Raises ConfigError with all mistakes."""
        mistakes = Mistakes()
        block = build(config, self.line.options, mistakes, where=self.line.where)
        mistakes.raise_any()
        return block


class SourceKind(Protocol):
    """A file in `edge/sources/`: `Config` is its block in sensors.yaml.

    One that knows more of its block than `Config` says has `checked(line, mistakes)`, which builds it and looks at it.
    """

    Config: type

    def open_source(self, plan: LinePlan) -> Source:
        """The source of one line; does no I/O. Raises ConfigError."""


class Rule(Protocol):
    """Judges the readings of one quantity (or all) of one sensor.

    `step` returns the changes a reading causes, unnumbered. The state survives a restart: it is
    kept in the same transaction as the readings and events it led to.
    """

    def step(self, reading: Reading) -> Sequence[AlarmEvent]:
        """The changes that this reading causes, in order."""

    def move(self, by_ns: int) -> None:
        """The clock was set by so much: what has been seen was so much later, and running delays run on."""

    def state(self) -> bytes:
        """What a restart must know; empty when nothing is pending and there is no alarm."""

    def restore(self, state: bytes) -> None:
        """Go on from such a state."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that came down from the broker."""

    topic: str
    payload: bytes


class Link(Protocol):
    """The uplink to the broker; `edge.link` is MQTT, `edge.sim.link` stays in memory.

    Entering connects and raises LinkError when it cannot. `send` returns when the broker has
    taken the message (PUBACK), which is not a receipt.
    """

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Raises LinkError."""

    def deliveries(self) -> AsyncIterator[Delivery]:
        """What comes down. Raises LinkError when the connection ends."""
