"""The ring: what report policies hold back stays on the box, and what an alarm asks for is sent once."""

import asyncio
import gzip
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from detection import BEGIN_NS, LEAN, SECOND_NS, reading, sensor
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import recording
from edge.asked import samples_of
from edge.commands.spool import spool as spool_command
from edge.data_use import DataMeter
from edge.line import LinePath
from edge.report import Around, Reporter
from edge.spool import Spool
from edge.spool_damage import NAME
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_room import Room
from edge.spool_view import peek
from wire.alarm import AlarmEvent, Change, Level
from wire.command import Command, Verb
from wire.errors import EgretError
from wire.inventory import ReportPolicy, Sensor, SpoolLimits
from wire.reading import Reading, Sample

MIB = 2**20
SENSOR = "TA-0117-tilt"
ALARM_S = 302
"""The lean begins at 300 s; red is raised 2 s later."""


def every_minute(**more: float) -> Sensor:
    """The tilt sensor, of which one sample a minute leaves."""
    return replace(sensor(every_s=1.0, rules=(LEAN,)), report=ReportPolicy(60.0, **more))


def raised(at_s: float) -> AlarmEvent:
    """The billboard leans."""
    at_ns = BEGIN_NS + round(at_s * SECOND_NS)
    return AlarmEvent(f"{SENSOR}/lean", SENSOR, "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, at_ns)


def numbered(file: SpoolFile) -> list[Reading]:
    """Everything that has a sequence, in its order."""
    found: list[Reading] = []
    after = 0
    while more := file.batches(after, 50):
        found += [one for batch in more for series in batch.series for one in series.readings()]
        after = more[-1].last_sequence
    return found


def seconds(readings: Sequence[Reading]) -> list[int]:
    """After BEGIN_NS."""
    return [(one.time_ns - BEGIN_NS) // SECOND_NS for one in readings]


async def followed(folder: Path, one: Sensor, from_s: int, until_s: int) -> None:
    """A line with that sensor, sampled once a second; it leans from 300 s on."""
    async with Spool(folder) as spool, asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(spool.keep())
        path = LinePath({one.id: one}, "c1", spool)
        path.restore(await spool.states())
        for at in range(from_s, until_s):
            value = 2.0 if at >= 300 else 0.1
            await path.take(Sample(one.id, BEGIN_NS + at * SECOND_NS, values=(("tilt", value),)))
            if at % 7 == 0:
                await spool.flush()
        keeper.cancel()


@pytest.mark.parametrize("restart_s", [400, 301, 303, 330])
async def test_an_alarm_brings_the_minute_before_and_the_minute_after(tmp_path: Path, restart_s: int) -> None:
    """Otherwise a sample a minute leaves; around the alarm every one, once, also when the box restarts meanwhile."""
    await followed(tmp_path, every_minute(), 0, restart_s)
    await followed(tmp_path, every_minute(), restart_s, 500)
    file = open_spool(tmp_path)
    found = numbered(file)
    file.close()
    begun_s = -BEGIN_NS // SECOND_NS % 60
    usual = {0, restart_s, *range(begun_s, 500, 60)}
    assert Counter(seconds(found)) == Counter(usual | set(range(ALARM_S - 60, ALARM_S + 61)))


async def test_samples_that_somebody_asks_for(tmp_path: Path) -> None:
    """All that was held back of the last minutes is sent, once, also when it is asked for again; of before nothing."""
    await followed(tmp_path, every_minute(), 0, 290)
    until_ns = BEGIN_NS + 290 * SECOND_NS
    asked = Command("TA-01", "a1", Verb.SAMPLES, until_ns, since_s=100.0)
    async with Spool(tmp_path) as spool:
        follow = samples_of(spool, tmp_path, DataMeter(0, lambda: until_ns), lambda: {SENSOR}, lambda: until_ns)
        said = [await follow(asked) for _ in range(2)]
    assert said[0].held_bytes == said[1].held_bytes > 0
    file = open_spool(tmp_path)
    found = numbered(file)
    file.close()
    usual = {0, *range(-BEGIN_NS // SECOND_NS % 60, 290, 60)}
    assert Counter(seconds(found)) == Counter(usual | set(range(190, 290)))


async def test_samples_that_a_box_does_not_send(tmp_path: Path) -> None:
    """Its data budget comes first; and what was asked for before is on its way."""
    meter = DataMeter(1, lambda: BEGIN_NS)
    asked = Command("TA-01", "a1", Verb.SAMPLES, BEGIN_NS, since_s=3600.0)
    sensors = {f"T{number}" for number in range(4)}
    async with Spool(tmp_path) as spool:
        follow = samples_of(spool, tmp_path, meter, lambda: sensors, lambda: BEGIN_NS)
        await follow(asked)  # four sensors, six parts each: more than one window takes
        with pytest.raises(EgretError, match="E-CMD-004"):
            await follow(asked)
        meter.add(1000)
        with pytest.raises(EgretError, match="E-CMD-003"):
            await follow(asked)


MOMENTS = st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["", "", "", "alarm", "seal", "restart"])), max_size=60)


@settings(max_examples=30)
@given(moments=MOMENTS, before_s=st.integers(0, 30), after_s=st.integers(0, 30))
def test_nothing_is_sent_twice_and_nothing_asked_for_is_missing(
    moments: Sequence[tuple[int, str]], before_s: int, after_s: int
) -> None:
    """Alarms, seals and restarts in any order: each sample has one number at most, those around an alarm have one."""
    policy = replace(every_minute(), report=ReportPolicy(600.0, before_s=before_s, after_s=after_s))
    reporter, state, at, alarms = Reporter(policy), b"", 0, []
    taken: list[int] = []
    with TemporaryDirectory() as folder:
        file = open_spool(Path(folder))
        for step, what in moments:
            at += step
            if what == "restart":
                file.close()
                file, reporter = open_spool(Path(folder)), Reporter(policy)
                reporter.restore(file.states().get("report", b""))
            events = [raised(at)] if what == "alarm" else []
            report = reporter.step([reading(at, 0.1)], events)
            state = report.state if report.state is not None else state
            group = Group([*report.leaving], events, {"report": state}, [*report.held])
            group.around += [report.around] if report.around else []
            file.commit(group, seals=what == "seal", is_synced=False)
            taken.append(at)
            alarms += [at] if events else []
        file.commit(Group(), seals=True, is_synced=True)
        found = seconds(numbered(file))
        file.close()
        shown = [row.split(",")[0] for row in exported(Path(folder))[1:]]
    assert len(found) == len(set(found))
    asked = {one for one in taken for alarm in alarms if alarm - before_s <= one <= alarm + after_s}
    assert asked <= set(found)
    assert shown == [str(BEGIN_NS + one * SECOND_NS) for one in taken]


def exported(folder: Path, *options: str, name: str = "all.csv") -> list[str]:
    """Lines of `egret edge spool export`."""
    call = ["--data", str(folder), "export", str(folder / name), *options]
    ended = CliRunner().invoke(spool_command, call)
    assert ended.exit_code == 0, ended.output
    opener = gzip.open if name.endswith(".gz") else open
    with opener(folder / name, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def held(file: SpoolFile, first_s: int, count: int) -> None:
    """A window of samples that were held back."""
    group = Group(held=[reading(at, at / 7) for at in range(first_s, first_s + count)])
    file.commit(group, seals=True, is_synced=False)


def test_an_export_is_a_recording(tmp_path: Path) -> None:
    """What was held back and what waits, each sample once and in order, as `egret edge replay` reads it; some of it."""
    file = open_spool(tmp_path)
    held(file, 0, 50)
    held(file, 100, 5)
    file.commit(
        Group([reading(50, 0.5), reading(60, None), reading(51, 0.5, quantity="tilt_max")]), seals=True, is_synced=True
    )
    file.close()
    lines = exported(tmp_path, name="box.csv.gz")
    assert lines[0] == "time,sensor,quantity,value,quality"
    played = list(recording.samples(tmp_path / "box.csv.gz"))
    assert [(one.time_ns - BEGIN_NS) // SECOND_NS for one in played] == [*range(51), 60, *range(100, 105)]
    assert played[1].values == (("tilt", 1 / 7),)
    some = exported(tmp_path, "--from", "2025-10-09T08:54:10", "--until", "2025-10-09T08:54:21")
    assert [line.split(",")[3] for line in some[1:]] == ["0.5", ""]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """It is said with its name, and nothing half is left."""
    open_spool(tmp_path).close()
    call = ["--data", str(tmp_path), "export", str(tmp_path / "none" / "all.csv")]
    assert "E-SPOOL-006" in str(CliRunner().invoke(spool_command, call).exception)


def test_the_ring_is_bounded_by_bytes(tmp_path: Path) -> None:
    """The oldest goes; a sample that an alarm asks for and that is gone is none."""
    limits = SpoolLimits(16 * MIB, 0, ring=64 * 1024)
    file = open_spool(tmp_path, Room(tmp_path / NAME, limits))
    for number in range(600):
        held(file, number * 100, 100)
    assert 60 * 1024 < file.ring_size() <= 64 * 1024
    group = Group(events=[raised(59_999)], around=[Around(SENSOR, BEGIN_NS, BEGIN_NS + 60_000 * SECOND_NS)])
    file.commit(group, seals=True, is_synced=False)
    found = seconds(numbered(file))
    assert found == list(range(found[0], 60_000))
    assert 10_000 < found[0] < 59_000
    file.close()
    assert peek(tmp_path).ring <= 64 * 1024


def test_the_ring_is_bounded_by_time(tmp_path: Path) -> None:
    """An hour, and no more than the window in which it ends."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(16 * MIB, 0, ring_s=3600)))
    for number in range(100):
        held(file, number * 100, 100)
    file.close()
    kept = exported(tmp_path)[1:]
    assert 3600 <= len(kept) <= 3700


def test_the_ring_goes_before_readings(tmp_path: Path) -> None:
    """A spool at its limit lets go what was held back, without a gap; only then readings."""
    file = open_spool(tmp_path, Room(tmp_path / NAME, SpoolLimits(2 * MIB, 0, ring=MIB)))
    for number in range(40):
        held(file, number * 5_000, 5_000)
    before = file.ring_size()
    number = 0
    while file.ring_size():
        assert not file.gaps()
        rng = Random(number)
        rows = [Reading("S", "tilt", rng.random(), BEGIN_NS + at) for at in range(5_000)]
        file.commit(Group(rows), seals=True, is_synced=False)
        number += 1
    assert before > MIB / 5
    assert (tmp_path / NAME).stat().st_size <= 2 * MIB + 512 * 1024  # it was full before the last window came
    file.close()


def test_a_spool_of_before_gets_a_ring(tmp_path: Path) -> None:
    """Looked at it has none; opened it has an empty one, and what it held is there."""
    file = open_spool(tmp_path)
    file.commit(Group([reading(0, 0.1)]), seals=True, is_synced=True)
    file.close()
    with closing(sqlite3.connect(tmp_path / NAME)) as database:
        for table in ("held", "ring", "around"):
            database.execute(f"DROP TABLE {table}")
    assert peek(tmp_path).ring == 0
    assert len(exported(tmp_path)) == 2
    file = open_spool(tmp_path)
    held(file, 1, 10)
    assert seconds(numbered(file)) == [0]
    file.close()
    assert len(exported(tmp_path)) == 12


def test_many_alarms_at_once(tmp_path: Path) -> None:
    """Thirty sensors that alarm together are looked up over some windows, each sample once; a restart forgets none."""
    file = open_spool(tmp_path)
    names = [f"S{number}" for number in range(30)]
    rows = [Reading(name, "tilt", 0.1, BEGIN_NS + at * SECOND_NS) for at in range(60) for name in names]
    around = [Around(name, BEGIN_NS, BEGIN_NS + 60 * SECOND_NS) for name in names]
    file.commit(Group(held=rows, around=around), seals=True, is_synced=True)
    some = len(numbered(file))
    file.close()
    file = open_spool(tmp_path)
    for _ in range(3):
        file.commit(Group(), seals=True, is_synced=True)
    found = numbered(file)
    file.close()
    assert 0 < some < len(rows)
    assert Counter(found) == Counter(rows)
