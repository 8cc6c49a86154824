"""A box that does not know the time, and one whose clock is set while it works: nothing is lost, nothing is late."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from detection import FAULT, LEAN, SECOND_NS, sensor

from edge import machine_clock
from edge.clock import WAIT_NS, WRITTEN_NS, BoxClock
from edge.commands.status import status
from edge.line import LinePath
from edge.spool import Spool
from edge.spool_view import peek
from wire.alarm import AlarmEvent, Change
from wire.clock import ClockState, is_since_boot
from wire.inventory import ReportPolicy
from wire.reading import Quality, Reading, Sample
from wire.receipt import Lane

HOUR_NS, YEAR_NS = 3_600 * SECOND_NS, 365 * 86_400 * SECOND_NS
NOW_NS = WRITTEN_NS + YEAR_NS
EVERYTHING = ReportPolicy()
UNSURE = int(Quality.CLOCK_UNSURE)


@dataclass
class Machine:
    """Two clocks: one that nobody sets, from the start of the box, and the one on the wall."""

    steady_ns: int = 20 * SECOND_NS
    wall_ns: int = NOW_NS
    is_synced: bool = True
    rate: float = 1.0

    def run(self, seconds: float) -> None:
        """Time goes by."""
        self.steady_ns += round(seconds * SECOND_NS)
        self.wall_ns += round(seconds * SECOND_NS * self.rate)

    def set(self, by_ns: int, *, is_synced: bool = True) -> None:
        """Somebody sets the wall clock."""
        self.wall_ns += by_ns
        self.is_synced = is_synced

    def clock(self, boot: str = "b1") -> BoxClock:
        """As an agent that starts now has it."""
        return BoxClock(lambda: self.wall_ns, lambda: self.steady_ns, lambda: self.is_synced, boot=boot)


@dataclass
class Box:
    """One sensor, its line, the spool and the clock."""

    machine: Machine
    clock: BoxClock
    spool: Spool
    line: LinePath

    async def measure(self, tilts: list[float | None], every_s: float = 0.5) -> None:
        """A sample of each, one after the other; None is silence."""
        for tilt in tilts:
            stamp = self.clock.stamp()
            values, fault = ((), "silent") if tilt is None else ((("tilt", tilt),), "")
            sample = Sample(
                *("TA-0117-tilt", stamp.time_ns),
                values=values,
                fault=fault,
                clock_unsure=stamp.is_unsure,
                moved_ns=stamp.moved_ns,
            )
            await self.line.take(sample)
            self.machine.run(every_s)

    async def sent(self) -> list[Reading]:
        """What the publisher finds, by sequence."""
        await self.spool.flush()
        found: list[Reading] = []
        after = 0
        while batches := await self.spool.batches(after, 50):
            after = batches[-1].last_sequence
            found += [row for batch in batches for series in batch.series for row in series.readings()]
        return [row for row in found if row.quantity == "tilt"]

    async def events(self) -> tuple[AlarmEvent, ...]:
        """Likewise."""
        return await self.spool.events(0, 100)

    async def settle(self) -> None:
        """As the agent does it when the clock is set, once the open window is sealed."""
        await self.spool.flush()
        assert self.clock.look() is not ClockState.UNSET
        await self.spool.settle(self.clock.offset_ns, is_sure=self.clock.state is ClockState.SURE)


@asynccontextmanager
async def working(
    folder: Path, machine: Machine, boot: str = "b1", policy: ReportPolicy = EVERYTHING
) -> AsyncIterator[Box]:
    """The agent's parts, without its waits: the spool is flushed when it is looked at."""
    clock = machine.clock(boot)
    async with Spool(folder, boot=boot) as spool:
        one = replace(sensor(rules=(LEAN, FAULT), every_s=0.5), report=policy)
        line = LinePath({one.id: one}, "c1", spool)
        line.restore(await spool.states())
        async with keeping(spool):
            yield Box(machine, clock, spool, line)


@asynccontextmanager
async def keeping(spool: Spool) -> AsyncIterator[None]:
    """Beside the spool, as an alarm waits for its commit."""
    task = asyncio.create_task(spool.keep())
    yield
    task.cancel()


def times(readings: list[Reading]) -> list[float]:
    """Seconds after NOW_NS."""
    return [(row.time_ns - NOW_NS) // 1_000_000 / 1_000 for row in readings]


async def test_a_box_that_boots_in_1970(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its readings wait, its alarms do not; when the clock is set each gets the time at which it was taken."""
    machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0])
        assert await box.sent() == []
        assert peek(tmp_path).unset == 7
        (event,) = await box.events()
        assert (event.change, is_since_boot(event.time_ns)) == (Change.RAISED, True)
        assert event.reason.endswith("(the box's clock is not sure)")
        machine.set(NOW_NS)
        await box.settle()
        await box.measure([2.0])
        readings = await box.sent()
        assert times(readings) == [20, 20.5, 21, 21.5, 22, 22.5, 23, 23.5]
        assert {row.quality for row in readings} == {0}
        (event,) = await box.events()
        assert event.time_ns == NOW_NS + 22_500 * 1_000_000
        assert [(one.time_ns - NOW_NS) / SECOND_NS for one in event.evidence] == [20, 20.5, 21, 21.5, 22]
        assert peek(tmp_path).unset == 0
    assert [("not set" in line, "is right" in line) for line in caplog.messages] == [(True, False), (False, True)]


async def test_the_clock_is_set_while_an_on_delay_runs(tmp_path: Path) -> None:
    """From the uptime to the time, in the middle of a lean: the delay runs on, the alarm comes when it is due."""
    machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1, 2.0, 2.0, 2.0])
        machine.set(NOW_NS)
        await box.measure([2.0, 2.0])
        (event,) = await box.events()
        assert event.time_ns == NOW_NS + 22_500 * 1_000_000


@pytest.mark.parametrize("by_ns", [-HOUR_NS, HOUR_NS, -YEAR_NS, YEAR_NS])
async def test_a_jump_while_an_on_delay_runs(tmp_path: Path, caplog: pytest.LogCaptureFixture, by_ns: int) -> None:
    """An alarm comes after 2 s of leaning, not after an hour; the jump is said once; the spool keeps its order."""
    machine = Machine(steady_ns=HOUR_NS, wall_ns=NOW_NS + YEAR_NS)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1, 2.0, 2.0, 2.0])
        machine.set(by_ns, is_synced=False)
        await box.measure([2.0, 2.0, 2.0])
        (event,) = await box.events()
        assert (event.time_ns - by_ns - NOW_NS - YEAR_NS) // 1_000_000 == 2_500
        readings = await box.sent()
        assert [row.value for row in readings] == [0.1, *[2.0] * 6]
        assert [row.quality for row in readings] == [0, 0, 0, 0, UNSURE, UNSURE, UNSURE]
    said = [line for line in caplog.messages if "the clock was set" in line]
    assert len(said) == 1
    assert ("back" in said[0]) == (by_ns < 0)


async def test_no_time_comes_twice(tmp_path: Path) -> None:
    """A clock that is set back shows an hour twice: the store would take a reading for the one before it."""
    machine = Machine(steady_ns=HOUR_NS)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1] * 10)
        machine.set(-5 * SECOND_NS)
        await box.measure([0.1] * 10)
        readings = await box.sent()
        assert times(readings)[:10] == times(readings)[10:]
        assert len({row.time_ns for row in readings}) == 20


async def test_a_year_ahead_until_the_time_server_answers(tmp_path: Path) -> None:
    """An old battery: the readings are marked from the start, those after the correction are not."""
    machine = Machine(steady_ns=HOUR_NS, wall_ns=NOW_NS + YEAR_NS, is_synced=False)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1, 0.1])
        machine.set(-YEAR_NS)
        await box.measure([0.1, 0.1])
        readings = await box.sent()
        assert [row.quality for row in readings] == [UNSURE, UNSURE, 0, 0]
        assert times(readings) == [YEAR_NS / SECOND_NS, YEAR_NS / SECOND_NS + 0.5, 1, 1.5]


async def test_a_silent_sensor_whose_clock_is_set(tmp_path: Path) -> None:
    """Silence of a minute is an alarm after a minute, whatever the clock did meanwhile."""
    machine = Machine(steady_ns=HOUR_NS)
    async with working(tmp_path, machine) as box:
        await box.measure([None] * 7, every_s=5)
        machine.set(-HOUR_NS)
        await box.measure([None] * 5, every_s=5)
        assert await box.events() == ()
        await box.measure([None], every_s=5)
        assert [event.rule for event in await box.events()] == ["fault"]


async def test_the_time_of_the_last_shutdown(tmp_path: Path) -> None:
    """A box without a battery begins with a time that only looks right: it waits for a time server, and is exact."""
    machine = Machine(wall_ns=NOW_NS - 3 * 24 * HOUR_NS, is_synced=False)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1])
        assert await box.sent() == []
        machine.set(3 * 24 * HOUR_NS)
        await box.settle()
        assert times(await box.sent()) == [0]


async def test_no_time_server_for_five_minutes(tmp_path: Path) -> None:
    """Then a time that looks right is taken as it is, and everything that was stamped by it is marked."""
    machine = Machine(is_synced=False)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1])
        machine.run(WAIT_NS / SECOND_NS)
        await box.settle()
        await box.measure([0.1])
        readings = await box.sent()
        assert [row.quality for row in readings] == [UNSURE, UNSURE]
        assert times(readings) == [0, 300.5]


async def test_started_again_without_a_time(tmp_path: Path) -> None:
    """Readings of an earlier start are put before this one, in order, and stay marked; those of this one are exact."""
    for boot, last in (("b1", 0.3), ("b2", 0.5)):
        machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
        async with working(tmp_path, machine, boot) as box:
            await box.measure([0.1, last])
    machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
    async with working(tmp_path, machine, "b3") as box:
        await box.measure([0.7])
        machine.set(NOW_NS)
        await box.settle()
        readings = await box.sent()
    assert [row.value for row in readings] == [0.1, 0.3, 0.1, 0.5, 0.7]
    assert times(readings) == [-21, -20.5, -0.5, 0, 20]
    assert [row.quality for row in readings] == [UNSURE, UNSURE, UNSURE, UNSURE, 0]


async def test_an_agent_that_starts_again_before_the_clock_is_set(tmp_path: Path) -> None:
    """The box has not started again, so what the agent before has kept is stamped exactly."""
    machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
    async with working(tmp_path, machine) as box:
        await box.measure([0.1])
    machine.set(NOW_NS)
    async with working(tmp_path, machine) as box:
        await box.settle()
        readings = await box.sent()
    assert (times(readings), readings[0].quality) == ([20], 0)


async def test_a_long_wait_is_stamped_in_parts(tmp_path: Path) -> None:
    """Hundreds of batches: each transaction takes a hundred, and what is stamped is sent while the rest waits."""
    machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
    async with working(tmp_path, machine) as box:
        for _ in range(250):
            await box.measure([0.1])
            await box.spool.flush()
        machine.set(NOW_NS)
        await box.settle()
        assert times(await box.sent()) == [20 + at / 2 for at in range(250)]
        await box.spool.trim(Lane.READINGS, 250)
        assert box.spool.depth(Lane.READINGS).waiting == 0


async def test_what_a_policy_holds_back(tmp_path: Path) -> None:
    """Raw samples in the ring get their time, too, so that an alarm finds them all, and each once."""
    policy = ReportPolicy(every_s=60.0, has_statistics=True, before_s=10.0)
    machine = Machine(wall_ns=20 * SECOND_NS, is_synced=False)
    async with working(tmp_path, machine, policy=policy) as box:
        await box.measure([0.1] * 6)
        assert await box.sent() == []
        machine.set(NOW_NS)
        await box.settle()
        await box.measure([0.1] * 4)
        assert times(await box.sent()) == [20, 23]
        await box.measure([2.0] * 6)
        await box.sent()
        (event,) = await box.events()
        readings = await box.sent()
    assert (event.time_ns - NOW_NS) // 1_000_000 == 27_000
    assert sorted(times(readings)) == [20 + at / 2 for at in range(16)]
    assert len({row.time_ns for row in readings}) == 16


async def test_what_a_person_sees_on_the_box(tmp_path: Path) -> None:
    """`egret edge status`: how many readings wait for the clock, and that none had to go."""
    async with working(tmp_path, Machine(wall_ns=20 * SECOND_NS, is_synced=False)) as box:
        await box.measure([0.1] * 3)
        await box.spool.flush()
        shown = CliRunner().invoke(status, ["--data", str(tmp_path)]).stdout
        assert "gaps      none" in shown
        assert "; 3 readings wait for it to be set" in shown


def test_drift_is_no_jump(caplog: pytest.LogCaptureFixture) -> None:
    """A clock that runs 200 ppm fast is followed, however seldom it is looked at; the log says nothing."""
    machine = Machine(rate=1 + 200e-6)
    clock = machine.clock()
    for _ in range(48):
        machine.run(1_800)
        assert clock.now() == machine.wall_ns
    assert (clock.moved_ns, caplog.messages) == (0, [])


def test_a_clock_that_is_set_to_1970(caplog: pytest.LogCaptureFixture) -> None:
    """Once the time is known, a wall clock that shows nonsense is not followed: the steady one is, and is marked."""
    machine = Machine(steady_ns=HOUR_NS)
    clock = machine.clock()
    machine.set(-NOW_NS, is_synced=False)
    machine.run(10)
    assert (clock.now() - NOW_NS, clock.stamp().is_unsure) == (10 * SECOND_NS, True)
    machine.set(NOW_NS)
    machine.run(10)
    assert (clock.now() - NOW_NS, clock.state, clock.moved_ns) == (20 * SECOND_NS, ClockState.SURE, 0)
    assert len(caplog.messages) == 2


def test_what_the_kernel_says() -> None:
    """It can be asked without privilege: a steady clock, the name of the boot, and how far the wall may be off."""
    first = machine_clock.steady_ns()
    assert machine_clock.steady_ns() > first > 0
    assert machine_clock.kept().error_us >= 0
    assert machine_clock.boot_id() == machine_clock.boot_id() != machine_clock.boot_id("/nowhere") == ""


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "edge.clock")
