"""A recording instead of a line: what sensors once measured passes through the box again.

    boxes:
      replay:
        lines:
          recording:
            source: replay
            file: load-test.csv.gz        # CSV or Parquet (docs/operate/recordings.md)
            mapping: load-test.yaml       # only for a CSV that is not in the project's form
            speed: 1                      # 10 is ten times as fast, 0 as fast as the box can
            shift_to_now: false           # true: the first reading is now; false: times stay as recorded

The rules use the time of the readings, so an alarm is the same at every speed. The recording's
sensors may be known to the box or not; readings of unknown ones are stored, and not judged. The line
ends with the recording.
"""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from edge import recording, recording_mapping
from edge.ports import LinePlan, Now, Source
from wire.blocking import OneAtATime
from wire.errors import ConfigError, SourceError
from wire.kinds import build
from wire.located import Mistakes
from wire.reading import Sample

_CHUNK = 500
"""Samples read from the file at once, off the event loop."""
_SECOND_NS = 1_000_000_000
_MILLISECOND_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml. File names are relative to where the box was started."""

    file: str
    mapping: str = ""
    speed: float = 1.0
    shift_to_now: bool = False


def open_source(plan: LinePlan) -> Source:
    """The recording as a source; does no I/O. Raises ConfigError."""
    mistakes = Mistakes()
    config = build(Config, plan.line.options, mistakes, where=plan.line.where)
    if config.speed < 0:
        fix = "write 1 for real time, 0 for as fast as possible"
        mistakes.add(plan.line.where, f"the speed {config.speed:g} is below 0.", fix, "E-REC-020")
    mistakes.raise_any()
    return Replay(config, plan.clock.now)


class _Chunk(NamedTuple):
    samples: list[Sample]
    error: SourceError | None


class Replay:
    """One pass through one recording."""

    def __init__(self, config: Config, now: Now) -> None:
        self._config, self._now = config, now
        self._off_loop = OneAtATime()

    async def __aenter__(self) -> Self:
        """Reads the mapping file and the first rows. Raises SourceError."""
        self._recorded = await self._off_loop(_opened, self._config)
        self._chunk = await self._off_loop(_taken, self._recorded)
        if self._chunk.error and not self._chunk.samples:
            raise self._chunk.error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        await self._off_loop(self._recorded.close)

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """The samples, each when it is due. Raises SourceError at a row that cannot be read."""
        loop, speed = asyncio.get_running_loop(), self._config.speed
        begin_s, begin_ns = loop.time(), next((sample.time_ns for sample in self._chunk.samples), 0)
        shift_ns = self._now() // _MILLISECOND_NS * _MILLISECOND_NS - begin_ns if self._config.shift_to_now else 0
        while self._chunk.samples or self._chunk.error:
            for sample in self._chunk.samples:
                if speed:
                    due_s = begin_s + (sample.time_ns - begin_ns) / _SECOND_NS / speed
                    await asyncio.sleep(max(0.0, due_s - loop.time()))
                yield replace(sample, time_ns=sample.time_ns + shift_ns)
            if self._chunk.error:
                raise self._chunk.error
            self._chunk = await self._off_loop(_taken, self._recorded)


def _opened(config: Config) -> Generator[Sample]:
    try:
        mapping = recording_mapping.load(Path(config.mapping)) if config.mapping else None
    except ConfigError as error:
        raise _lost(error) from error
    return recording.samples(Path(config.file), mapping)


def _taken(recorded: Iterator[Sample]) -> _Chunk:
    """The next samples; what stands before a row that cannot be read is not lost with it."""
    found: list[Sample] = []
    try:
        found.extend(islice(recorded, _CHUNK))
    except ConfigError as error:
        return _Chunk(found, _lost(error))
    return _Chunk(found, None)


def _lost(error: ConfigError) -> SourceError:
    """A source speaks of what it cannot read as of any line it loses."""
    return SourceError(error.what, where=error.where, fix=error.fix, code=error.code)
