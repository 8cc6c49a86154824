"""What a device that no profile describes holds: its registers asked for in blocks, and singly where one is refused.

Many devices refuse a block for one register that they have not; some keep silent then, for every such register. Each
silence is waited for until its late reply can no longer come, and all of them for a minute at most.

Nothing but functions 3 and 4 is sent; still a counter that is cleared by reading is cleared.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from edge.bus import Bus
from edge.field.identify import TRIES
from edge.field.notation import Place
from edge.modbus_frame import NOBODY_THERE, Request
from edge.tcp_bus import TcpBus
from wire.errors import AddressShared, DeviceRefused, FrameError, SourceTimeout
from wire.profile import Timing

FUNCTIONS = (3, 4)
SWEPT = range(512)
"""Protocol addresses at which nearly every map of the library begins."""
_BLOCK = 16
_GAP_S = 0.02
"""Of a device of which nothing is known: longer than any of the library needs to come to itself after a reply."""
_ILLEGAL_FUNCTION = 1
GAP_CODES = (2, 3, 4)
"""Exception codes with which devices refuse a range in which a register is missing."""
PATIENCE_S, DEAD_S = 60.0, 15.0
"""Silence that is waited for in all: of a device that has answered, and of one that never has."""


class Sweep:
    """Of one unit. `passed` counts what gave nothing: refused, silent, damaged."""

    def __init__(self, bus: Bus | TcpBus, unit: int, timing: Timing) -> None:
        """Nothing is asked yet."""
        self._bus, self._unit = bus, unit
        self._timing = replace(timing, gap_s=max(timing.gap_s, _GAP_S))
        self.passed: Counter[str] = Counter()
        self.asked = 0
        self.left: set[Place] = set()
        """Registers of which nothing is known, because patience came to its end."""
        self._silent_s = 0.0
        self._has_answered = self._refuses = False
        self._silence: SourceTimeout | DeviceRefused | None = None
        self._loop = asyncio.get_running_loop()
        self._beside: set[Place] = set()

    async def registers(self, asked: Mapping[int, range]) -> AsyncIterator[tuple[Place, int]]:
        """Place and content of every register that answers; `asked`: addresses by function.

        Raises SourceTimeout, or the gateway's refusal, where nothing ever does.
        """
        for function, addresses in asked.items():
            for begin in addresses[::_BLOCK]:
                block = [Place(function, at) for at in range(begin, min(begin + _BLOCK, addresses.stop))]
                try:
                    async for found in self._block(block):
                        yield found
                except DeviceRefused:
                    break
        while self.left and self._patience_s > 0:
            async for found in self._likeliest():
                yield found
        if self._silence and not self._has_answered:
            raise self._silence

    async def _block(self, block: list[Place]) -> AsyncIterator[tuple[Place, int]]:
        """Raises DeviceRefused where the device knows no such function."""
        try:
            numbers = await self._read(block)
        except DeviceRefused as error:
            if error.exception_code == _ILLEGAL_FUNCTION:
                raise
            async for found in self._singly(block):
                yield found
            return
        for found in self._known(block, numbers or ()):
            yield found
        if numbers is None:
            self.left.update(block)
            if not self._has_answered:  # it may be there, and have none of such a block whole
                async for found in self._likeliest():
                    yield found

    async def _singly(self, places: list[Place]) -> AsyncIterator[tuple[Place, int]]:
        for place in places:
            with contextlib.suppress(DeviceRefused):
                numbers = await self._read([place])
                for found in self._known([place], numbers or ()):
                    yield found

    async def _likeliest(self) -> AsyncIterator[tuple[Place, int]]:
        """Of the registers of which nothing is known one beside those that are there, else one of four, else any."""
        beside = (near for near in self._beside if near in self.left)
        place = next(beside, None) or min(self.left, key=lambda place: (place.address % 4 != 0, place))
        async for found in self._singly([place]):
            yield found
        self.left.remove(place)

    def _known(self, places: list[Place], numbers: tuple[int, ...]) -> list[tuple[Place, int]]:
        found = list(zip(places, numbers, strict=False))
        self._beside.update(Place(one.function, one.address + by) for one, _ in found for by in (1, -1))
        return found

    @property
    def _patience_s(self) -> float:
        return (PATIENCE_S if self._has_answered else DEAD_S) - self._silent_s

    async def _read(self, places: list[Place]) -> tuple[int, ...] | None:
        """None where it keeps silent, nothing where it is damaged however often it is asked. Raises DeviceRefused.

        Where patience has ended nothing is asked any more, and that is a silence, too.
        """
        request = Request(self._unit, places[0].function, places[0].address, len(places))
        for attempt in range(1, TRIES + 1):
            if self._silence and self._patience_s <= 0:
                return None
            self.asked += 1
            began = self._loop.time()
            try:
                answer = await self._bus.ask(request, self._timing)
            except AddressShared:
                raise
            except FrameError:
                continue
            except (DeviceRefused, SourceTimeout) as error:
                if isinstance(error, DeviceRefused) and error.exception_code not in NOBODY_THERE:
                    is_final = len(places) == 1 or error.exception_code == _ILLEGAL_FUNCTION
                    self.passed["refused"] += is_final
                    self._has_answered = self._refuses = True
                    raise
                self._silence = error
                self._silent_s += self._loop.time() - began
                # Of one that refuses what it has not, silence is a lost frame.
                if not self._refuses or attempt == TRIES:
                    self.passed["silent"] += 1
                    return None
            else:
                self._has_answered = True
                return answer.numbers
        self.passed["damaged"] += 1
        return ()
