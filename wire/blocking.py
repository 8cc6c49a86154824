"""The one place where a blocking call leaves the event loop (a database file, a serial flush)."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OneAtATime:
    """Runs the blocking calls of one resource off the loop, in order, never two at once.

    A cancelled caller waits until its call has ended: a half-done write is never left behind
    with the next one already running.
    """

    def __init__(self) -> None:
        """Nothing is started. Whoever holds `turn` keeps all calls waiting."""
        self.turn = asyncio.Lock()

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `call` returns or raises."""
        async with self.turn:
            task = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                await asyncio.wait([task])
                task.exception()  # nobody is left who would hear of it
                raise
