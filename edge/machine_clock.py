"""What Linux says of its clocks: the steady one, the boot, and whether a time server keeps the wall clock.

The kernel is asked, not a daemon: chrony, ntpd, systemd-timesyncd, a GPS or PTP receiver all tell it that the clock
is synchronised (`adjtimex`), and it withdraws that by itself when somebody sets the clock by hand, or when
nothing has been heard of them until the clock may be wrong by 16 s, after some nine hours.
"""

import ctypes
import time
from pathlib import Path

import msgspec

_TIMEX_BYTES = 256
"""More than `struct timex` has (208); all zero it asks and sets nothing."""
_MAX_ERROR = slice(24, 32)
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised. -1: we are not allowed to know."""


class Kept(msgspec.Struct, frozen=True):
    """`error_us`: by how much the wall clock may be wrong, as far as the kernel knows; 16 s when it knows nothing."""

    is_synced: bool
    error_us: int


def steady_ns() -> int:
    """Nanoseconds since the machine started, asleep or not; nobody sets it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def boot_id(root: str = "/") -> str:
    """Names this start of the machine; empty where the kernel does not tell."""
    path = Path(root) / "proc/sys/kernel/random/boot_id"
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def kept() -> Kept:
    """What the kernel knows about the wall clock. Needs no privilege."""
    timex = bytearray(_TIMEX_BYTES)
    said = ctypes.CDLL(None).adjtimex((ctypes.c_char * _TIMEX_BYTES).from_buffer(timex))
    return Kept(0 <= said < _TIME_ERROR, int.from_bytes(timex[_MAX_ERROR], "little"))


def is_synced() -> bool:
    """Does the kernel vouch for the wall clock?"""
    return kept().is_synced
