"""Processes that share one event loop, and die between any two awaits.

Every callback of the loop belongs to the process whose context it runs in. A dead process is never called
again: no `finally` of it runs, as after kill -9. What it held is kept until the worker ends, so that the
garbage collector runs none either.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from functools import partial
from itertools import count
from typing import Any

from edge.sim.virtual_time import VirtualTimeLoop

_OF: ContextVar["Process | None"] = ContextVar("process", default=None)
_numbers = count()
_graveyard: list[object] = []


class NumberedTask(asyncio.Task[Any]):
    """Its hash is its number, so that a set of tasks is walked in the same order in every run."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._number = next(_numbers)
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class Process:
    """One life of a program. `around`: what its blocking calls go through."""

    def __init__(self, around: Callable[["partial[Any]"], Coroutine[Any, Any, Any]]) -> None:
        self.around = around
        self.is_dead = False
        self._steps_left: int | None = None
        self._died: Callable[[], None] = lambda: None
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, main: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let it live."""
        context = copy_context()
        context.run(_OF.set, self)
        return asyncio.get_running_loop().create_task(main, context=context)

    def die_after(self, steps: int, died: Callable[[], None]) -> None:
        """Kill it after so many more callbacks; `died` is called at that instant."""
        self._steps_left, self._died = steps, died

    def die(self) -> None:
        """Nothing of it is called any more."""
        if not self.is_dead:
            self.is_dead = True
            _graveyard.append(self._tasks)
            self._died()

    def step(self, callback: Callable[..., Any], *args: Any) -> None:
        """One callback of this process, if it is alive."""
        if self._steps_left is not None and not self.is_dead:
            self._steps_left -= 1
            if self._steps_left < 0:
                self.die()
        if not self.is_dead:
            callback(*args)

    def own(self, task: asyncio.Task[Any]) -> None:
        """Keep a task from the garbage collector once this is dead."""
        if len(self._tasks) > 200:
            self._tasks = [one for one in self._tasks if not one.done()]
        self._tasks.append(task)


def outside(call: Callable[..., Any], *args: Any) -> None:
    """Call something that belongs to no process: a network goes on when who has spoken is dead."""
    context = copy_context()
    context.run(_OF.set, None)
    context.run(call, *args)


class SimulationLoop(VirtualTimeLoop):
    """Virtual time for several processes."""

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(self._task)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        """In its process, if that is alive then."""
        context = context or copy_context()
        process = context.get(_OF)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(process.step, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        """In its process, if that is alive then."""
        context = context or copy_context()
        process = context.get(_OF)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, process.step, callback, *args, context=context)

    async def blocking(self, call: "partial[Any]") -> Any:
        """By the disk of the process that calls."""
        process = _OF.get()
        return call() if process is None else await process.around(call)

    @staticmethod
    def _task(loop: asyncio.AbstractEventLoop, main: Any, context: Context | None = None) -> NumberedTask:
        task = NumberedTask(main, loop=loop, context=context)
        process = (context or copy_context()).get(_OF)
        if process is not None:
            process.own(task)
        return task
