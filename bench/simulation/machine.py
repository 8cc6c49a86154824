"""A machine: a program on a disk, started again whenever it ends or dies."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from bench.simulation.disk import Disk
from bench.simulation.process import Process, outside
from bench.simulation.trace import Trace
from wire.errors import EgretError

_BOOT_S = 1.0, 5.0


class Machine:
    """`deaths` counts its program's, `wrong` says what it promised and did not keep."""

    def __init__(self, name: str, disk: Disk, rng: Random, trace: Trace) -> None:
        self.name, self.disk, self.rng, self.trace = name, disk, rng, trace
        self.deaths = 0
        self.wrong: list[str] = []
        self.is_told_to_stop = False
        self._process: Process | None = None
        self._has_power = True
        self._doom: tuple[int, bool] | None = None

    @property
    def is_running(self) -> bool:
        """Is its program alive?"""
        return self._process is not None

    def start(self) -> None:
        """Another life of its program."""
        self.is_told_to_stop = False
        process = self._process = Process(self._around)
        process.start(self.main()).add_done_callback(partial(self._ended, process))

    def kill(self, steps: int, *, has_power: bool) -> None:
        """After so many more of its callbacks; it starts again by itself."""
        if self._process is not None:
            self._has_power = has_power
            self._process.die_after(steps, partial(outside_soon, self._bury, self._process))

    def doom(self, steps: int, *, has_power: bool) -> None:
        """Kill it so many callbacks after it has next done what matters: see `meet_doom`."""
        self._doom = steps, has_power

    def spare(self) -> None:
        """It need not die any more."""
        self._doom = None

    def meet_doom(self) -> None:
        """It has just committed an alarm, or what somebody will rely on."""
        if self._doom is not None:
            steps, has_power = self._doom
            self._doom = None
            self.kill(steps, has_power=has_power)

    async def main(self) -> None:
        """Its program."""
        raise NotImplementedError

    def refusal(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Exception | None:
        """What the disk says instead of doing it."""
        raise NotImplementedError

    def executed(self, call: Callable[..., Any], args: tuple[Any, ...], result: object) -> None:
        """A blocking call was made: what does it mean for the disk?"""

    def buried(self) -> None:
        """It is gone, and its disk is as it left it: look at what was in its memory."""

    def reborn(self) -> None:
        """Its disk is as the next life finds it: look at what is on it."""

    def let_go(self) -> None:
        """Close what it had open."""

    def _bury(self, process: Process) -> None:
        if process is not self._process:
            return
        self._process = None
        self.deaths += 1
        self.trace.add("killed" if self._has_power else "power", self.name)
        self.buried()
        self.disk.next_life(has_power=self._has_power)
        self.let_go()
        self.reborn()
        asyncio.get_running_loop().call_later(self.rng.uniform(*_BOOT_S), self.start)

    def _ended(self, process: Process, task: "asyncio.Task[None]") -> None:
        if process is not self._process or process.is_dead:
            return
        error = _root(task.exception())
        if not (isinstance(error, EgretError) or (error is None and self.is_told_to_stop)):
            self.wrong.append(f"{self.name} ended: {error!r}")
        self.trace.add("ended", self.name, text=str(error))
        self._process = None
        self.buried()
        asyncio.get_running_loop().call_later(self.rng.uniform(*_BOOT_S), self.start)

    async def _around(self, call: "partial[Any]") -> Any:
        """A blocking call takes a while; the process may die before it, or before it knows that it was made."""
        await asyncio.sleep(self.rng.uniform(0.0, self.disk.most_s))
        wanted, *args = call.args  # asyncio.to_thread: a context's `run`, and what it is to run
        if refused := self.refusal(wanted, tuple(args)):
            raise refused
        result = call()
        self.executed(wanted, tuple(args), result)
        await asyncio.sleep(self.rng.uniform(0.0, self.disk.most_s))
        return result


def outside_soon(call: Callable[..., Any], *args: Any) -> None:
    """Next, and in no process: who calls this is dying."""
    outside(asyncio.get_running_loop().call_soon, call, *args)


def _root(error: BaseException | None) -> BaseException | None:
    """The first error of a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
