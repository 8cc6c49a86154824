"""Tells systemd that the agent has started and that its event loop turns: sd_notify(3), without a library.

A loop that hangs is not noticed by anybody inside it: systemd kills the process after `WatchdogSec` and starts it anew.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def watched(environment: Mapping[str, str]) -> AsyncIterator[None]:
    """As the unit asks for in NOTIFY_SOCKET and WATCHDOG_USEC; nothing where no systemd does."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        yield
        return
    # An abstract socket is written with @ and begins with a zero byte; unix(7).
    path = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
        to_systemd.setblocking(False)
        every_s = int(environment.get("WATCHDOG_USEC", "0") or 0) / 2e6
        _say(to_systemd, path, "READY=1")
        beating = asyncio.create_task(_beat(to_systemd, path, every_s)) if every_s else None
        try:
            yield
        finally:
            _say(to_systemd, path, "STOPPING=1")
            if beating:
                beating.cancel()


async def _beat(to_systemd: socket.socket, path: str, every_s: float) -> None:
    while True:
        _say(to_systemd, path, "WATCHDOG=1")
        await asyncio.sleep(every_s)


def _say(to_systemd: socket.socket, path: str, text: str) -> None:
    """One that is not heard is followed by the next."""
    with suppress(OSError):
        to_systemd.sendto(text.encode(), path)
