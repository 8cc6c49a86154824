"""The source kind `replay`: pacing, times, and the ways a recording can fail."""

import asyncio
from pathlib import Path

import pytest
from detection import BEGIN_NS, SECOND_NS

from edge.clock import BoxClock
from edge.ports import LinePlan
from edge.sources import replay
from wire.errors import ConfigError, SourceError
from wire.inventory import Line
from wire.reading import Sample

NOW_NS = 1_800_000_000 * SECOND_NS + 123_456


def plan(**options: object) -> LinePlan:
    """A line whose source is a recording; now is 15 January 2027."""
    line = Line("TA-B01", "recording", "replay", options, "sensors.yaml:7", ())
    return LinePlan(line, {}, "/", BoxClock.trusted(lambda: NOW_NS))


def recorded(folder: Path, seconds: int, *, tail: str = "") -> Path:
    """One value a second."""
    rows = "".join(f"{BEGIN_NS + at * SECOND_NS},A,tilt,{at}\n" for at in range(seconds))
    path = folder / "r.csv"
    path.write_text("time,sensor,quantity,value\n" + rows + tail, encoding="utf-8")
    return path


async def collected(**options: object) -> list[Sample]:
    """All samples of a recording, until it ends."""
    async with replay.open_source(plan(**options)) as source:
        return [sample async for sample in source]


async def test_as_fast_as_possible_keeps_times_and_order(tmp_path: Path) -> None:
    """Two thousand seconds, more than one chunk, with the recorded times."""
    found = await collected(file=str(recorded(tmp_path, 2000)), speed=0)
    assert [sample.values[0][1] for sample in found] == [float(at) for at in range(2000)]
    assert (found[0].time_ns, found[-1].time_ns) == (BEGIN_NS, BEGIN_NS + 1999 * SECOND_NS)


async def test_shifted_to_now(tmp_path: Path) -> None:
    """The first reading is now, in whole milliseconds; the distances stay."""
    found = await collected(file=str(recorded(tmp_path, 3)), speed=0, shift_to_now=True)
    begin_ns = NOW_NS // 1_000_000 * 1_000_000
    assert [sample.time_ns - begin_ns for sample in found] == [0, SECOND_NS, 2 * SECOND_NS]


async def test_the_speed_paces_the_samples(tmp_path: Path) -> None:
    """Four recorded seconds at 20 times the speed take at least 0.2 s."""
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    assert len(await collected(file=str(recorded(tmp_path, 5)), speed=20)) == 5
    assert loop.time() - begin_s >= 0.2


async def test_a_recording_that_is_not_there_is_said_on_opening(tmp_path: Path) -> None:
    """As a port that is not there."""
    with pytest.raises(SourceError, match=r"missing.csv: cannot read this file"):
        await collected(file=str(tmp_path / "missing.csv"))


async def test_samples_before_a_bad_row_are_given(tmp_path: Path) -> None:
    """Nothing good is lost with the row that cannot be read."""
    path = recorded(tmp_path, 3, tail="tomorrow,A,tilt,1\n")
    async with replay.open_source(plan(file=str(path), speed=0)) as source:
        samples = aiter(source)
        found = [await anext(samples) for _ in range(3)]
        with pytest.raises(SourceError, match=r"r.csv:5: the time 'tomorrow' cannot be read"):
            await anext(samples)
    assert [sample.values for sample in found] == [(("tilt", 0.0),), (("tilt", 1.0),), (("tilt", 2.0),)]


async def test_an_error_at_the_start_of_a_chunk_is_not_swallowed(tmp_path: Path) -> None:
    """Five hundred good rows, then a bad one."""
    path = recorded(tmp_path, 500, tail="tomorrow,A,tilt,1\n")
    with pytest.raises(SourceError, match=r"r.csv:502"):
        await collected(file=str(path), speed=0)


def test_a_wrong_block_is_refused() -> None:
    """A negative speed and an unknown key, at the line in sensors.yaml."""
    with pytest.raises(ConfigError, match=r"(?s)sensors.yaml:7: .*fiel.*E-FILE"):
        replay.open_source(plan(fiel="x"))
    with pytest.raises(ConfigError, match=r"sensors.yaml:7: the speed -1 is below 0.*E-REC-020"):
        replay.open_source(plan(file="x", speed=-1))
