"""Which model of the library answers: its identity registers prove it, else what it measures makes it possible."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.bus import Answer, Bus
from edge.modbus_frame import Request
from edge.tcp_bus import TcpBus
from wire.errors import DeviceRefused, FrameError, SourceError, SourceTimeout
from wire.profile import Block, Profile, Timing
from wire.registers import decode_block

PROVEN, POSSIBLE = "proven", "possible"
TRIES = 3
"""How often what may be repeated is asked, while a person waits for it."""


@dataclass(frozen=True, slots=True)
class Match:
    """A model that it may be; `seen` says what was read, for people."""

    profile: Profile
    proof: str
    seen: tuple[str, ...]


class Identifier:
    """Asks one unit, each register once, however many models it may be."""

    def __init__(self, bus: Bus | TcpBus, unit: int) -> None:
        """Nothing is read yet."""
        self._bus, self._unit = bus, unit
        self._read: dict[tuple[int, int, int], tuple[int, ...]] = {}

    async def among(self, library: Mapping[str, Profile]) -> list[Match]:
        """What it may be, the proven first; those that leave the factory with this address are tried first.

        Raises SourceError when the line is lost, or the device no longer answers.
        """
        matches: list[Match] = []
        for profile in self._by_likelihood(library.values()):
            match = await self.is_one(profile)
            if match:
                matches.append(match)
            if match and match.proof == PROVEN and profile.link.unit == self._unit:
                break
        return sorted(matches, key=lambda match: match.proof != PROVEN)

    async def is_one(self, profile: Profile) -> Match | None:
        """Whether it may be of this model, and why. Raises as `among` does."""
        seen: list[str] = []
        proofs = 0
        for identity in profile.identity:
            registers = await self._registers(profile, identity.function, identity.address, 1)
            if identity.is_proof and not (registers and identity.is_met(registers[0])):
                return None
            if registers:
                proofs += identity.is_proof
                seen.append(f"{identity.say or identity.name} {identity.raw(registers[0])}")
        block = next((found for found in profile.blocks.values() if not found.once and not found.before), None)
        if block:
            registers = await self._registers(profile, block.function, block.address, block.count)
            if not registers or not _is_plausible(profile, block, registers):
                return None
            requires = [point for point in profile.points if point.block == block.name and point.require is not None]
            proofs += len(requires)
            seen += [f"{point.name} 0x{point.require:X}" for point in requires]
        if not block and not proofs:
            return None
        return Match(profile, PROVEN if proofs else POSSIBLE, tuple(seen))

    def _by_likelihood(self, profiles: Iterable[Profile]) -> list[Profile]:
        modbus = [profile for profile in profiles if profile.blocks or profile.identity]
        return sorted(modbus, key=lambda profile: (profile.link.unit != self._unit, profile.name))

    async def _registers(self, profile: Profile, function: int, address: int, count: int) -> tuple[int, ...]:
        """Empty where the device has no such registers."""
        key = (function, address, count)
        if key not in self._read:
            request = Request(self._unit, function, address, count)
            try:
                self._read[key] = (await insist(self._bus, request, profile.timing)).numbers
            except DeviceRefused:
                self._read[key] = ()
        return self._read[key]


async def insist(bus: Bus | TcpBus, request: Request, timing: Timing) -> Answer:
    """A request that may be repeated without harm, until it is answered or refused. Raises as `Bus.ask` does."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(SourceTimeout, FrameError):
            return await bus.ask(request, timing)
    return await bus.ask(request, timing)


def _is_plausible(profile: Profile, block: Block, registers: tuple[int, ...]) -> bool:
    """Are the required points what they must be, and the measured ones within their range?"""
    try:
        values = decode_block(profile, block.name, registers)
    except SourceError:
        return False
    for point in profile.points:
        value = values.get(point.name)
        if isinstance(value, float) and point.span and not point.span[0] <= value <= point.span[1]:
            return False
        if point.codes and isinstance(value, str) and value.startswith("code_"):
            return False
    return True
