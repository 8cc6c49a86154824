"""The silence before a request: whoever asks waits for it, and what came in the meantime answers nothing."""

import asyncio

from edge.serial_port import READ_MAX, SerialPort
from wire.errors import FrameError

BABBLE_MAX_S = 1.0
"""How long a line may keep talking unasked before we say so."""


async def silence(port: SerialPort, begin: float, gap_s: float, where: str) -> bytes:
    """Waits until `begin` (loop time) and until nothing was said for `gap_s`; what came meanwhile, which is dropped.

    Raises FrameError when the line never falls silent, SourceError when the port is lost.
    """
    loop = asyncio.get_running_loop()
    babble_at = max(loop.time(), begin) + gap_s + BABBLE_MAX_S
    dropped = b""
    while True:
        port.collect()
        wait_s = max(begin, port.active_at + gap_s) - loop.time()
        dropped = (dropped + port.take())[:READ_MAX]
        if wait_s <= 0:
            return dropped
        if loop.time() > babble_at:
            raise FrameError(
                "the line never falls silent: something talks without being asked.",
                raw=dropped,
                where=where,
                fix="look for a device in streaming mode, or a second client.",
                code="E-BUS-016",
            )
        await asyncio.sleep(wait_s)
