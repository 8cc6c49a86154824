"""Virtual time: an event loop that never waits, but moves its clock to what is due next.

An hour of a whole city takes as long as its arithmetic, and happens in the same order every time. There are
no sockets and no threads in it: what would block is called where it stands, as a task of its own.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Begins at 0 s. `blocking` may be overridden: to let a call take a while, or fail."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._passed_s = 0.0
        super().__init__(_Unwaiting(self._skip))

    def time(self) -> float:
        """Seconds that have passed."""
        return self._passed_s

    async def blocking(self, call: "partial[T]") -> T:
        """What a thread would do."""
        return call()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """See `blocking`; there are no threads, and so no executors."""
        del executor
        return self.create_task(self.blocking(partial(func, *args)))

    def _skip(self, seconds: float) -> None:
        self._passed_s += seconds


class _Unwaiting(selectors.SelectSelector):
    """Finds nothing to read, and passes the time that it should have waited."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits, and nothing is due: this would be for ever.")
        self._skip(timeout)
        return []


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
