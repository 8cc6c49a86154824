"""Changing what a device keeps: only of a proven model, never the maker's calibration, and always with a way back.

A device whose address or rate is written may act on it at once, and its confirmation may get lost. So after every
write that is not confirmed one looks where the device is: at the new place, else at the old one.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace

from edge.bus import Bus
from edge.field.identify import PROVEN, TRIES, Identifier, insist
from edge.modbus_frame import Request
from edge.serial_port import SerialSettings
from wire.errors import AddressShared, DeviceRefused, FrameError, SourceError, SourceTimeout, Unsafe
from wire.profile import Profile, Timing
from wire.profile_acts import (
    APPLY,
    BAUD_SETTING,
    UNIT_SETTING,
    Hole,
    Rebind,
    Setting,
    Step,
    Verify,
    Wait,
    Write,
)

LOOKS = 4
"""Reads in which a second device at the same address would be heard."""
_HOLDING = 3
_PLAIN: tuple[Step, ...] = (Write(Hole.REGISTER, Hole.VALUE), Rebind(), Verify(Hole.REGISTER, Hole.VALUE))
"""For a device whose profile names no procedure."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one talks to a device."""

    settings: SerialSettings
    unit: int

    def __str__(self) -> str:
        """For people."""
        return f"unit {self.unit} at {self.settings.baud} baud {self.settings.frame}"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting, from one raw value to another, and where the device is before and after."""

    setting: Setting
    before: int
    after: int
    source: Place
    target: Place


class Mover:
    """Of one device of a known model on one line."""

    def __init__(self, bus: Bus, profile: Profile, place: Place) -> None:
        """Nothing is asked yet."""
        self._bus, self._profile, self.place = bus, profile, place

    async def prove(self, *, may_be_unproven: bool) -> None:
        """Raises Unsafe where another model answers, or where nothing proves this one and nobody has looked at it."""
        match = await Identifier(self._bus, self.place.unit).is_one(self._profile)
        if match is None:
            raise self._unsafe(
                f"this is no {self._profile.title}: nothing is written.",
                "`egret bus identify` says what it is; correct --profile or --unit.",
                "E-BUS-030",
            )
        if match.proof != PROVEN and not may_be_unproven:
            raise self._unsafe(
                f"nothing proves that this is a {self._profile.title}: nothing is written.",
                "show it a known tilt, level or gas with `egret bus live`, then repeat with --yes.",
                "E-BUS-031",
            )

    async def must_be_alone(self) -> None:
        """Raises Unsafe where two devices answer here: both would move."""
        block = next((found for found in self._profile.blocks.values() if not found.once), None)
        request = Request(self.place.unit, _HOLDING, 0)
        if block:
            request = Request(self.place.unit, block.function, block.address, block.count)
        await must_be_alone(self._bus, request, self._profile.timing)

    async def must_be_free(self, place: Place) -> None:
        """Raises Unsafe where somebody answers already."""
        if place == self.place or await self._answers(place):
            raise self._unsafe(
                f"{place} is taken already.",
                "choose another one; `egret bus scan` shows which are.",
                "E-BUS-033",
            )

    async def raw(self, setting: Setting) -> int:
        """What the device keeps now. Raises SourceError."""
        assert setting.register is not None
        request = Request(self.place.unit, _HOLDING, setting.register)
        return (await insist(self._bus, request, self._profile.timing)).numbers[0]

    def change(self, setting: Setting, before: int, after: int) -> Change:
        """What would be done. Raises Unsafe where the maker's calibration would be touched."""
        assert setting.register is not None
        must_not_be_protected(self._profile, setting.register, after)
        target = self.place
        if setting.name == UNIT_SETTING:
            target = replace(target, unit=after)
        elif setting.name == BAUD_SETTING:
            target = replace(target, settings=replace(target.settings, baud=int(float(setting.said(after)))))
        return Change(setting, before, after, self.place, target)

    async def apply(self, change: Change) -> None:
        """Step by step as the profile says. Raises SourceError, and says where the device is then."""
        procedure = self._profile.procedures.get(APPLY)
        for step in procedure.steps if procedure else _PLAIN:
            await self._do(step, change)

    async def _do(self, step: Step, change: Change) -> None:
        match step:
            case Write(register, value, function):
                await self._write(_filled(register, change), _filled(value, change), function, change)
            case Wait(for_s):
                await asyncio.sleep(for_s)
            case Rebind():
                await self._rebind(change)
            case Verify(register, value):
                await self._verify(_filled(register, change), _filled(value, change))
            case _:
                raise Unsafe(
                    f"its profile asks for a step that is not done here: {type(step).__name__}.",
                    where=f"profile {self._profile.name}",
                    fix="do it by the maker's tool.",
                    code="E-BUS-035",
                )

    async def _write(self, register: int, value: int, function: int, change: Change) -> None:
        must_not_be_protected(self._profile, register, value)
        request = Request(self.place.unit, function, register, values=(value,))
        try:
            await self._bus.ask(request, self._profile.timing)
        except (SourceTimeout, FrameError):
            # Lost is the request or its confirmation. Only where the device is still there, it is written again.
            moves = (register, value) == (change.setting.register, change.after) and change.target != change.source
            if not moves or await self._answers(change.source):
                await insist(self._bus, request, self._profile.timing)

    async def _rebind(self, change: Change) -> None:
        """Talks to the device where it is now. Raises SourceTimeout when it is nowhere."""
        if change.target == change.source:
            return
        for _ in range(TRIES):
            if await self._answers(change.target):
                self._go(change.target)
                return
        self._go(change.source)
        where = "it still answers at the old place" if await self._answers(change.source) else "it answers nowhere"
        raise SourceTimeout(
            f"the device does not answer as {change.target}; {where}.",
            where=f"port {self._bus.port.path}, {change.source}",
            fix="`egret bus scan` looks for it; the undo record says what was written.",
            code="E-BUS-034",
        )

    async def _verify(self, register: int, value: int) -> None:
        request = Request(self.place.unit, _HOLDING, register)
        found = (await insist(self._bus, request, self._profile.timing)).numbers[0]
        if found != value:
            raise SourceError(
                f"register 0x{register:04X} is {found} after it was set to {value}.",
                where=f"port {self._bus.port.path}, {self.place}",
                fix="the device may be locked, or of another firmware; repeat, then use the maker's tool.",
                code="E-BUS-036",
            )

    async def _answers(self, place: Place) -> bool:
        """Does anybody at all answer there?"""
        before = self.place
        self._go(place)
        try:
            for _ in range(TRIES):
                with contextlib.suppress(SourceTimeout):
                    await self._ask_anything(place.unit)
                    return True
        finally:
            self._go(before)
        return False

    async def _ask_anything(self, unit: int) -> None:
        """Raises SourceTimeout when nobody answers; damage and refusals are answers."""
        setting = next((one for one in self._profile.settings.values() if one.register is not None), None)
        register = setting.register if setting and setting.register is not None else 0
        with contextlib.suppress(DeviceRefused, FrameError):
            await self._bus.ask(Request(unit, _HOLDING, register), self._profile.timing)

    def _go(self, place: Place) -> None:
        if self._bus.port.settings != place.settings:
            self._bus.port.reset(place.settings)
        self.place = place

    def _unsafe(self, what: str, fix: str, code: str) -> Unsafe:
        return Unsafe(what, where=f"port {self._bus.port.path}, {self.place}", fix=fix, code=code)


async def must_be_alone(bus: Bus, request: Request, timing: Timing) -> None:
    """Raises Unsafe where two devices answer a request, or their replies damage each other."""
    where = f"port {bus.port.path}, unit {request.unit} at {bus.port.settings.baud} baud {bus.port.settings.frame}"
    spoilt = 0
    for _ in range(LOOKS):
        bus.suspect(request.unit)
        try:
            await bus.ask(request, timing)
        except AddressShared:
            raise Unsafe(
                "two devices answer here: nothing is written, for both would take it.",
                where=where,
                fix="disconnect all but one of them.",
                code="E-BUS-032",
            ) from None
        except FrameError:
            spoilt += 1
        except (DeviceRefused, SourceTimeout):
            continue
    if spoilt > LOOKS // 2:
        raise damaged(where)


def damaged(where: str) -> Unsafe:
    """What two devices that answer at once do, and noise."""
    return Unsafe(
        "the replies are damaged: two devices at this address, or a poor line; nothing is written.",
        where=where,
        fix="disconnect all but one, and check shield and terminators.",
        code="E-BUS-039",
    )


def must_not_be_protected(profile: Profile, register: int, value: int) -> None:
    """Raises Unsafe for the maker's calibration, whatever anybody says."""
    protected = profile.protection(register, value)
    if protected:
        raise Unsafe(
            f"register 0x{register:04X} is never written with {value}: {protected.say}.",
            where=f"profile {profile.name}",
            fix="leave it to the maker.",
            code="E-BUS-037",
        )


def must_not_move(profile: Profile, register: int) -> None:
    """Raises Unsafe for the register of an address or a rate: a device that has moved must be found again."""
    verbs = {UNIT_SETTING: "set-address", BAUD_SETTING: "set-baud"}
    for name, verb in verbs.items():
        setting = profile.settings.get(name)
        if setting and setting.register == register:
            raise Unsafe(
                f"register 0x{register:04X} is its {name}: nothing is written, for it would be lost.",
                where=f"profile {profile.name}",
                fix=f"egret bus {verb} --profile {profile.name}, which follows it there.",
                code="E-BUS-048",
            )


def _filled(number: int | Hole, change: Change) -> int:
    if isinstance(number, int):
        return number
    return change.after if number is Hole.VALUE else int(change.setting.register or 0)
