"""Virtual time: an event loop that never waits, but moves its clock to what is due next; no sockets, no threads."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._passed_s = 0.0
        super().__init__(_Unwaiting(self._skip))

    def time(self) -> float:
        """Seconds that have passed."""
        return self._passed_s

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # noqa: ARG002 - asyncio's signature
        """What a thread would do is done where it is asked for."""

        async def run() -> Any:
            return func(*args)

        return self.create_task(run())

    def _skip(self, seconds: float) -> None:
        self._passed_s += seconds


class _Unwaiting(selectors.SelectSelector):
    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Finds nothing to read, and passes the time that it should have waited."""
        assert timeout is not None, "every task waits, and nothing is due: this would be for ever"
        self._skip(timeout)
        return []


def run(main: Coroutine[Any, Any, None]) -> None:
    """As `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(main)
