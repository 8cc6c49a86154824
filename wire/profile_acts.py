"""What may be done to a device besides reading it: proving its model, its settings, procedures step by step.

`wire.acts_yaml` reads the sections `identity`, `settings`, `procedures` and `protected` of a profile.yaml into these
frozen types; the tools at the pole carry them out. docs/develop/profiles.md describes the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wire.byte_template import Template
from wire.expression import Expression

UNIT_SETTING, BAUD_SETTING = "unit", "baud"
"""The settings that move a device on its line: whoever writes one talks to it there from then on."""
APPLY, ZERO_HERE, KNOWN_TILT = "apply", "zero_here", "known_tilt"
"""Procedures that tools look for by name: write one setting; take the site's zero; prove the family by a known tilt."""


class Effect(StrEnum):
    """When a written setting begins to hold."""

    IMMEDIATE = "immediate"
    SAVE = "save"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Protected:
    """Holding registers from `first`, 0-based, `count` of them, that nobody may write but with a value in `allowed`.

    They hold the maker's calibration, or move the zero in the sensor; `say` tells people which.
    """

    name: str
    first: int
    count: int
    allowed: tuple[int, ...]
    say: str

    def forbid(self, register: int, value: object) -> bool:
        """Is `register` one of them, and `value` not allowed there?"""
        return self.first <= register < self.first + self.count and value not in self.allowed


@dataclass(frozen=True, slots=True)
class Identity:
    """A 16-bit register that tells the model, read when a device is identified and never polled.

    Raw, after `mask` and `shift`, and as a signed number when `is_signed`, it must be one of `expected`, lie within
    `span`, and be none of `excluded`, of what is said of these. With none of them it proves nothing and is shown to
    people as what it is (`say`).
    """

    name: str
    function: int
    address: int
    is_signed: bool
    mask: int
    shift: int
    expected: tuple[int, ...]
    excluded: tuple[int, ...]
    span: tuple[float, float] | None
    say: str

    @property
    def is_proof(self) -> bool:
        """Does it tell this model from any other?"""
        return bool(self.expected or self.excluded or self.span)

    def raw(self, register: int) -> int:
        """The number in the register as read."""
        number = (register & self.mask) >> self.shift
        return number - 0x1_0000 if self.is_signed and number > 0x7FFF else number

    def is_met(self, register: int) -> bool:
        """Can this register be one of this model?"""
        number = self.raw(register)
        is_inside = self.span is None or self.span[0] <= number <= self.span[1]
        return is_inside and number not in self.excluded and (not self.expected or number in self.expected)


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that the device keeps and can be told: desired state, compared with it and applied.

    A Modbus device keeps it in the holding register `register` (0-based) and is told by function 6 or 16
    (`function`); a device of messages by `command`, whose hole `{value}` takes the raw value. `codes` are the
    choices by raw value ({2: "9600"}), else `span` bounds the raw value; people see raw · `scale` in `unit`.
    """

    name: str
    register: int | None
    function: int
    command: Template | None
    codes: Mapping[int, str]
    span: tuple[int, int]
    scale: float
    unit: str
    effect: Effect
    say: str

    def raw(self, wanted: str) -> int:
        """The raw value of a choice, or of a number in `unit`. Raises ValueError with what may be written."""
        for code, word in self.codes.items():
            if word == wanted:
                return code
        if self.codes:
            raise ValueError(f"one of {', '.join(self.codes.values())}")
        lowest, highest = self.span
        try:
            raw = round(float(wanted) / self.scale)
        except (ValueError, OverflowError):
            raw = lowest - 1
        if lowest <= raw <= highest:
            return raw
        raise ValueError(f"a number {lowest * self.scale:g}..{highest * self.scale:g} {self.unit}".rstrip())

    def said(self, raw: int) -> str:
        """What a raw value means: the word of its code, or its number."""
        return self.codes.get(raw, f"code {raw}") if self.codes else f"{raw * self.scale:g}"


class Hole(StrEnum):
    """What a step leaves open until it is carried out."""

    REGISTER = "$reg"
    VALUE = "$value"
    COMMAND = "$cmd"


@dataclass(frozen=True, slots=True)
class Write:
    """Write `value` to the holding register `register` by `function` (6 or 16), or a coil by 5."""

    register: int | Hole
    value: int | Hole
    function: int = 6


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes to a device of messages; a hole is the command of the setting that is being written."""

    command: Template | Hole


@dataclass(frozen=True, slots=True)
class Wait:
    """Leave the device alone for so long."""

    for_s: float


@dataclass(frozen=True, slots=True)
class Rebind:
    """From here on talk to the device at its new address and baud rate, where those were written."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Read the register back: anything but `value` ends the procedure."""

    register: int | Hole
    value: int | Hole


@dataclass(frozen=True, slots=True)
class Expect:
    """Within `within_s` a sample must come for which `condition` holds."""

    condition: Expression
    within_s: float


@dataclass(frozen=True, slots=True)
class Still:
    """Sample for `for_s`: each point's standard deviation must stay below `spread`, in its unit."""

    points: tuple[str, ...]
    for_s: float
    spread: float


@dataclass(frozen=True, slots=True)
class Capture:
    """Keep the mean of `point` over the last `Still` as the site's `zero.<point>`."""

    point: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A person does what `say` asks, and says that it is done."""

    say: str


@dataclass(frozen=True, slots=True)
class PowerCycle:
    """A person takes the device's supply away and gives it back."""


Step = Write | Send | Wait | Rebind | Verify | Expect | Still | Capture | Confirm | PowerCycle


@dataclass(frozen=True, slots=True)
class Procedure:
    """Steps in their order; the first that fails ends it."""

    name: str
    steps: tuple[Step, ...]
