"""A line that ticks in virtual time: each of its sensors is polled every so often, and every poll is noted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from edge.ports import LinePlan, Source
from wire.kinds import build
from wire.located import Mistakes
from wire.reading import Sample

POLLS: list[tuple[str, float]] = []
"""Line, and when by the event loop's clock."""


@dataclass(frozen=True, slots=True)
class Config:
    """What is on the line: `tilt` is measured, or nothing answers."""

    every_s: float = 0.1
    tilt: float = 0.1
    answers: bool = True


def open_source(plan: LinePlan) -> Source:
    """Raises ConfigError."""
    mistakes = Mistakes()
    config = build(Config, plan.line.options, mistakes, where=plan.line.where)
    mistakes.raise_any()
    return Ticking(plan, config)


class Ticking:
    """One line."""

    def __init__(self, plan: LinePlan, config: Config) -> None:
        self._plan, self._config = plan, config

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """Every poll at its time."""
        clock = asyncio.get_running_loop().time
        due = clock()
        every_s = next((one.every_s for one in self._plan.sensors.values() if one.every_s), self._config.every_s)
        while True:
            POLLS.append((self._plan.line.key, clock()))
            for sensor in self._plan.line.sensors:
                if self._config.answers:
                    yield Sample(sensor, self._plan.clock.now(), values=(("tilt", self._config.tilt),))
                else:
                    yield Sample(sensor, self._plan.clock.now(), fault="no reply")
            due += every_s
            await asyncio.sleep(due - clock())
