"""Times of what several processes do one after another: as they pass, and the processor's part of them.

On a machine that does something else at the same time, the time that passes says more of that than of
what was measured. The time that the processes were running (`schedstat` of Linux, first number, ns) says
what an idle machine would need at most, but for the disk.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Pids = Callable[[], Sequence[int]]
"""Processes that take part; asked anew every time."""


@dataclass(slots=True)
class Times:
    """Milliseconds that passed, and of a processor."""

    wall: list[float] = field(default_factory=list)
    running: list[float] = field(default_factory=list)


@contextmanager
def lap(times: Times, pids: Pids) -> Iterator[None]:
    """One more time: that of the block."""
    ran_ns, started = _ran_ns(pids()), time.perf_counter()
    yield
    times.wall.append((time.perf_counter() - started) * 1000)
    times.running.append((_ran_ns(pids()) - ran_ns) / 1e6)


def backends(server: int) -> Sequence[int]:
    """The processes of a PostgreSQL that serve clients."""
    found = []
    for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
        with suppress(OSError):  # it has ended
            if b"egret" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def _ran_ns(pids: Sequence[int]) -> int:
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError):  # the thread has ended
                total += int(task.read_text().split()[0])
    return total
