"""The seams of the cloud: what a store, an inbox and a notifier must do. Nothing else is abstract."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from cloud.city.organisation import Chat
from wire.inventory import Tags

Now = Callable[[], int]
"""UTC in nanoseconds; passed in."""


@dataclass(frozen=True, slots=True)
class Column:
    """The readings of one quantity of one sensor, with the labels they are stored under.

    The three columns have equal length. A value of None (the sensor gave none) is stored as its
    quality alone.
    """

    tags: Tags
    quantity: str
    times_ns: tuple[int, ...]
    values: tuple[float | None, ...]
    qualities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one box's spool, ready to store. (box, spool_id, first_sequence) names it for ever."""

    box: str
    spool_id: str
    first_sequence: int
    last_sequence: int
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class AlarmPoint:
    """An alarm event as the dashboards draw it: measurement `alarm`."""

    tags: Tags
    rule: str
    level: str
    time_ns: int
    event: str
    value: float | None
    limit: float | None
    case: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a batch that the store will never take, and why: it goes to quarantine, the rest is stored."""

    batch: Batch
    reason: str


@dataclass(frozen=True, slots=True)
class Point:
    """One stored reading."""

    sensor: str
    quantity: str
    time_ns: int
    value: float | None
    quality: int


class Store(Protocol):
    """A time-series store. Every kind passes `tests/cloud/stores/test_conformance.py`.

    Entering makes the store usable (creates a database, opens a file) and raises Unavailable when
    it cannot. `write` returns when the data are durable; writing the same batch again changes
    nothing. It raises Unavailable when nothing was taken for certain, and returns what was refused.
    """

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def write(self, batches: Sequence[Batch]) -> Sequence[Refusal]:
        """All that the store takes; what it refuses for good comes back."""

    async def write_alarm(self, alarm: AlarmPoint) -> None:
        """Raises Unavailable, or Rejected for good."""

    async def latest(self) -> Sequence[Point]:
        """The last reading of every sensor and quantity of the last 24 h of data."""

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Point]:
        """As stored, start_ns ≤ time < end_ns, oldest first, at most `limit`."""

    async def span(self, sensor: str, quantity: str, start_ns: int, end_ns: int, buckets: int) -> Sequence[Point]:
        """Down-sampled: the mean of each of `buckets` equal intervals that has values, stamped at its start."""

    async def count(self, start_ns: int, end_ns: int) -> int:
        """Readings stored with start_ns ≤ time < end_ns, those without a value included."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message from the broker; it is redelivered until `ack()` was called.

    `is_retained`: the broker kept it, nobody knows for how long.
    """

    topic: str
    payload: bytes
    ack: Callable[[], object]
    is_retained: bool = False


class Inbox(Protocol):
    """One lane's subscription with manual acknowledgement; also sends what goes down to boxes."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def deliveries(self) -> AsyncIterator[Delivery]:
        """In the broker's order. Raises LinkError when the connection ends."""

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns when the broker has taken it. Raises LinkError."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, for people and other systems. `id` is the same at every retry; `body` is JSON."""

    id: str
    kind: str
    time_ns: int
    body: bytes


def as_written(unit: str, person: str) -> str:
    """Names as a case has them, where no organisation is known that says what they stand for."""
    return f"{unit} {person}".strip()


def unknown(chat: Chat, unit: str, person: str) -> tuple[str, ...]:  # noqa: ARG001 - as `House.addresses_of`
    """Where no organisation is known, nobody can be called."""
    return ()


@dataclass(frozen=True, slots=True)
class House:
    """What a notifier is told of the house it sends for, when it is opened.

    `where` is the notifier's place in cloud.yaml, for messages. `board_url` is the board as a person
    reaches it, without a slash at its end; empty when nobody has said it. `case_link` gives, for a
    case's number and a recipient, the address of the page on which that recipient acts; it is empty
    where `board_url` is. `name_of` gives, for the ids of a unit and of a person in it or none, what
    people call them; `addresses_of`, by what the robot in a chat service calls them.
    """

    now: Now
    where: str
    board_url: str
    case_link: Callable[[str, str], str]
    name_of: Callable[[str, str], str] = as_written
    addresses_of: Callable[[Chat, str, str], tuple[str, ...]] = unknown


class Notifier(Protocol):
    """A way out of the house. `send` returns when the receiver has taken the notice; raises NotifyError."""

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
