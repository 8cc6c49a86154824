"""What `egret bus live` makes of a device that speaks by itself."""

import asyncio
import dataclasses
from typing import cast

import pytest
from commissioned import LIBRARY

from edge.commands.bus_live import _listen
from edge.field.watch import Watch
from edge.serial_port import SerialPort

SILENCE_S = 0.02


class Halves:
    """A port on which the first half of A02YYUW's 1953 mm comes, and after a silence the second half."""

    def __init__(self) -> None:
        self._left = [bytes.fromhex("FF07"), bytes.fromhex("A1A7")]

    async def receive(self, _: float) -> bytes:
        """Cancelled when both have come."""
        if not self._left:
            raise asyncio.CancelledError
        await asyncio.sleep(2 * SILENCE_S)
        return self._left.pop(0)


async def test_two_halves_with_a_silence_between_them_are_no_message() -> None:
    """The sensor was unplugged in the middle of one: what comes later begins a new one."""
    profile = LIBRARY["dfrobot-a02yyuw"]
    watch = Watch(dataclasses.replace(profile, timing=dataclasses.replace(profile.timing, silence_s=SILENCE_S)))
    with pytest.raises(asyncio.CancelledError):
        await _listen(cast("SerialPort", Halves()), watch)
    assert watch.polls == 0
