"""What a device that no profile describes holds: its registers asked for in blocks, and singly where one is refused.

Many devices refuse a block for one register that they have not. Nothing but functions 3 and 4 is sent; still a counter
that is cleared by reading is cleared.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

from edge.bus import Bus
from edge.field.identify import insist
from edge.modbus_frame import Request
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


class Sweep:
    """Of one unit. `passed` counts what gave nothing: refused, silent, damaged."""

    def __init__(self, bus: Bus, unit: int, timing: Timing) -> None:
        """Nothing is asked yet."""
        self._bus, self._unit = bus, unit
        self._timing = replace(timing, gap_s=max(timing.gap_s, _GAP_S))
        self.passed: Counter[str] = Counter()
        self.asked = 0
        self._has_answered = False

    async def registers(self, function: int, addresses: range) -> AsyncIterator[tuple[int, int]]:
        """Address and content of every register that answers. Raises SourceTimeout where nothing ever does."""
        for begin in addresses[::_BLOCK]:
            block = range(begin, min(begin + _BLOCK, addresses.stop))
            try:
                numbers = await self._read(function, block)
            except DeviceRefused as error:
                if error.exception_code == _ILLEGAL_FUNCTION:
                    self.passed["refused"] += 1
                    return
                async for found in self._singly(function, block):
                    yield found
            else:
                for found in zip(block, numbers, strict=False):
                    yield found

    async def _singly(self, function: int, block: range) -> AsyncIterator[tuple[int, int]]:
        for address in block:
            try:
                numbers = await self._read(function, range(address, address + 1))
            except DeviceRefused:
                self.passed["refused"] += 1
            else:
                for number in numbers:
                    yield address, number

    async def _read(self, function: int, block: range) -> tuple[int, ...]:
        """None where it stays silent, or is damaged however often it is asked. Raises DeviceRefused."""
        self.asked += 1
        try:
            answer = await insist(self._bus, Request(self._unit, function, block.start, len(block)), self._timing)
        except SourceTimeout:
            if not self._has_answered:
                raise
            self.passed["silent"] += 1
            return ()
        except AddressShared:
            raise
        except FrameError:
            self.passed["damaged"] += 1
            return ()
        except DeviceRefused:
            self._has_answered = True
            raise
        self._has_answered = True
        return answer.numbers
