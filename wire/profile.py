"""What a device library folder says of a device: how to reach it, what its registers mean.

`wire.profile_yaml` reads `firmware-configs/<vendor>-<model>/profile.yaml`; everything here is
frozen and already checked. docs/develop/profiles.md describes the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wire.expression import Expression
from wire.messages import MessageShape, TlvShape
from wire.profile_acts import Identity, Procedure, Protected, Setting
from wire.reading import Quality

SIGNAL = "radio_signal"
"""The quantity of how strongly a device is received, which no message of its own says."""


class PointType(StrEnum):
    """How registers, bytes or text become a number.

    32-bit types span two registers, in the point's word order; `bit` is a coil or discrete input, 0 or 1. `bcd` is four
    bytes of decimal digits whose first is the sign; `num`, `hex` and `char` (its character code) are fields of a line.
    """

    U8 = "u8"
    I8 = "i8"
    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    F32 = "f32"
    BCD = "bcd"
    BIT = "bit"
    NUM = "num"
    HEX = "hex"
    CHAR = "char"


READS_BITS = (1, 2)
"""Function codes that read coils and discrete inputs."""


class LinkKind(StrEnum):
    """How a device is reached; the words are those of `source` in sensors.yaml."""

    MODBUS_RTU = "modbus_rtu"
    SERIAL_STREAM = "serial_stream"
    SERIAL_QUERY = "serial_query"
    BLE_NOTIFY = "ble_notify"
    BLE_ADVERT = "ble_advert"
    LORAWAN = "lorawan"


@dataclass(frozen=True, slots=True)
class BleLink:
    """Where a Bluetooth device's messages are: the characteristics of a connection, or the maker of its adverts.

    `device` is how its name begins. UUIDs are whole, in lower case. `company` is the number under which its adverts
    carry their data.
    """

    device: str = ""
    service: str = ""
    notify: str = ""
    write: str = ""
    company: int = 0


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How a device is reached as delivered. `frame` is data bits, parity, stop bits: "8N1"; `unit` 1..247.

    `any_unit`: the unit identifier that every device of this model answers, whatever its own; 0 for none. Without a
    serial line `baud` is 0 and `frame` empty. `port`: the LoRaWAN port of its uplinks. `has_signal`: how strongly it is
    received is one of its quantities.
    """

    baud: int
    frame: str
    unit: int
    any_unit: int = 0
    kind: LinkKind = LinkKind.MODBUS_RTU
    ble: BleLink | None = None
    port: int = 0
    has_signal: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """What the device needs on a shared line, in seconds.

    `gap_s`: silence before a request (never less than 3.5 characters). `late_max_s`: the longest
    after a request that a reply may still come; the line stays quiet until then after a timeout.
    `after_write_s`: how long the device is busy after a write. `silence_s`: a device that speaks by itself and has said
    nothing for so long is silent.
    """

    timeout_s: float
    gap_s: float
    late_max_s: float
    min_poll_s: float
    after_write_s: float = 0.0
    silence_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Trigger:
    """What is written before a block is read, and how long the device then measures."""

    register: int
    value: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class Block:
    """Registers, or bits as 0 and 1, read in one request. `function` is 1 to 4; `address` the 0-based protocol address.

    `once`: reading changes the device (a counter is cleared), so a request without a reply is never repeated.
    `max_hole`: so many registers may lie between it and the next block that is read with it; None where it is read
    alone. `parts`: the profile's blocks in one that was planned of several (`wire.block_plan`).
    """

    name: str
    function: int
    address: int
    count: int
    every_s: float
    once: bool = False
    before: Trigger | None = None
    max_hole: int | None = None
    parts: tuple["Block", ...] = ()

    @property
    def is_bits(self) -> bool:
        """Coils or discrete inputs?"""
        return self.function in READS_BITS


@dataclass(frozen=True, slots=True)
class Point:
    """One value within a block or a message, whose name is `block`.

    `register` is the 0-based protocol address of its first register; `at` the place of its first byte in a frame or an
    entry, or the number of its field in a line, from 0.

    value = raw · scale + offset, raw after `mask` and `shift`. `order` is ABCD, CDAB, BADC or DCBA.
    `invalid` lists raw values that mean "no value"; `span` is the range the sensor can measure, in
    `unit`; `require` is the raw value that proves the device is this model. `codes` and `bits` name
    states and flags. `quantity` is empty for a point that is not published.
    """

    name: str
    block: str
    register: int
    type: PointType
    order: str
    mask: int
    shift: int
    scale: float
    offset: float
    unit: str
    span: tuple[float, float] | None
    invalid: tuple[float, ...]
    require: int | None
    codes: Mapping[int, str]
    bits: Mapping[int, str]
    quantity: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed from points, `zero.*` and `site.*`; published when `quantity` is set."""

    name: str
    expression: Expression
    unit: str
    quantity: str


@dataclass(frozen=True, slots=True)
class Check:
    """When `condition` holds, the readings of this device carry `quality`; `say` explains it to people."""

    condition: Expression
    quality: Quality
    say: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """When none of `points` has changed for `for_s` seconds, the readings carry `Quality.STUCK`."""

    points: tuple[str, ...]
    for_s: float


@dataclass(frozen=True, slots=True)
class Vector:
    """An answer of the device and the values it must decode to; `source` says where it was printed.

    `registers` of the block `block`; of a device of messages `octets`, as they come out of the line, and `asked`, the
    request that they answer. `given` are the `zero.*` and `site.*` numbers that the derived values among `want` need.
    """

    block: str
    registers: tuple[int, ...]
    given: Mapping[str, float]
    want: Mapping[str, float | str | bool]
    source: str
    octets: bytes = b""
    asked: bytes = b""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far the profile can be trusted: bench, vendor-manual, vendor-code, third-party or none.

    `open` lists what nobody has verified yet; the tools show it at commissioning.
    """

    level: str
    source: str
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One device model. `name` is its folder's name; `kind` what it measures (tilt, gas, level, vibration)."""

    name: str
    kind: str
    title: str
    evidence: Evidence
    link: LinkSettings
    timing: Timing
    blocks: Mapping[str, Block]
    points: tuple[Point, ...]
    derived: tuple[Derived, ...]
    checks: tuple[Check, ...]
    stuck: tuple[Stuck, ...]
    vectors: tuple[Vector, ...]
    identity: tuple[Identity, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    protected: tuple[Protected, ...] = ()
    messages: Mapping[str, MessageShape] = field(default_factory=dict)

    @property
    def parts(self) -> Mapping[str, Block | MessageShape]:
        """What its answers come in: blocks of registers, or messages."""
        return {**self.blocks, **self.messages}

    @property
    def intervals_s(self) -> tuple[float, ...]:
        """How often each of its answers comes, as delivered; what it resends of the past comes when it likes."""
        parts = self.parts.values()
        return tuple(part.every_s for part in parts if not (isinstance(part, TlvShape) and part.time_at is not None))

    def protection(self, register: int, value: int) -> Protected | None:
        """The protected registers that forbid this write, if any do."""
        return next((found for found in self.protected if found.forbid(register, value)), None)

    @property
    def quantities(self) -> tuple[str, ...]:
        """What a good poll of all blocks, or all messages, publish."""
        found = [point.quantity for point in self.points] + [value.quantity for value in self.derived]
        found += [SIGNAL] if self.link.has_signal else []
        return tuple(dict.fromkeys(quantity for quantity in found if quantity))

    @property
    def is_open(self) -> bool:
        """Is what it measures not known before it comes?"""
        return not self.points
