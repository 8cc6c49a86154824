"""Virtual time: hours pass in no time, in order, and blocking calls are called where they stand."""

import asyncio
import time

import pytest

from edge.sim import virtual_time
from wire.blocking import OneAtATime


def test_a_day_takes_no_time() -> None:
    """Who sleeps for a day wakes a day later by the loop's clock, in the order of who is due."""

    async def day() -> list[str]:
        said: list[str] = []
        clock, began = asyncio.get_running_loop().time, asyncio.get_running_loop().time()

        async def wake(name: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            said.append(f"{name} at {clock() - began:.0f} s")

        await asyncio.gather(wake("late", 86_400), wake("early", 60))
        return said

    began = time.monotonic()
    assert virtual_time.run(day()) == ["early at 60 s", "late at 86400 s"]
    assert time.monotonic() - began < 60


def test_what_blocks_is_called_on_the_loop() -> None:
    """A call that would go to a thread returns and raises as it would there, and no time passes."""

    async def calls() -> tuple[int, float]:
        off_loop = OneAtATime()
        with pytest.raises(ZeroDivisionError):
            await off_loop(divmod, 1, 0)
        return (await off_loop(divmod, 17, 5))[1], asyncio.get_running_loop().time()

    assert virtual_time.run(calls()) == (2, 0.0)


def test_waiting_for_nothing_is_an_error() -> None:
    """When every task waits and nothing is due, it says so instead of hanging."""

    async def waits() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing is due"):
        virtual_time.run(waits())
