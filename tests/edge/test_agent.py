"""A whole box on real parts: RS-485 bytes on a PTY, the agent, a real nats-server, and somebody who receives it."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic_ns, time_ns

import pytest
from box_rig import BOX, LOOK_S, PATIENCE_S, PORT, SENSOR, SENSORS_YAML, UNIT, city, city_file, receiving, wired
from servers import Server

from edge.agent import Agent, Options
from edge.clock import BoxClock
from edge.link import MqttLink
from edge.sim.message_device import MessageDevice
from edge.sim.pty_port import named
from edge.sim.serial_line import SerialLine
from edge.spool_view import peek, readings
from wire import broker as broker_address
from wire import rtu
from wire.alarm import Change, Level
from wire.clock import ClockState, is_since_boot
from wire.profile_yaml import library_folder, load_library
from wire.reading import Quality
from wire.receipt import Lane
from wire.values import published, values_of


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def running(
    folder: Path, url: str, text: str = SENSORS_YAML, clock: BoxClock | None = None
) -> AsyncIterator[asyncio.Event]:
    """The agent of the city's one box; set what is yielded to stop it."""
    folder.mkdir(exist_ok=True)
    inventory, address = city(folder, text), broker_address.parse(url)
    agent = Agent(
        inventory,
        inventory.boxes[BOX],
        Options(folder / "data", str(folder), 0.5),
        open_link=partial(MqttLink, address, BOX),
        clock=clock or BoxClock.trusted(time_ns),
        rng=Random(1),
    )
    stop = asyncio.Event()
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(agent.run(stop))
        yield stop
        stop.set()


def command(folder: Path, url: str, *options: str) -> list[str]:
    """`egret edge run` for the city's one box."""
    data = ["--inventory", str(city_file(folder)), "--data", str(folder / "data"), "--root", str(folder)]
    run = [sys.executable, "-m", "wire", "edge", "run", "--box", BOX, "--broker", url, "--clock", "trust"]
    return [*run, *data, *options]


def refused(call: list[str]) -> tuple[int, str]:
    """Exit code and stderr of a command that ends by itself."""
    environment = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    ended = subprocess.run(call, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)
    return ended.returncode, ended.stderr.strip()


async def test_what_is_measured_arrives(tmp_path: Path, nats_url: str) -> None:
    """Every reply becomes readings at the other end, once and in order; a lean is one alarm event, with its bytes."""
    async with receiving(broker_address.parse(nats_url)) as cloud, wired(tmp_path) as board:
        async with running(tmp_path, nats_url):
            await until(lambda: len(cloud.readings) > 20)
            board.roll = 2.0
            await until(lambda: bool(cloud.events))
        tilts = [row for row in cloud.readings if row.quantity == "tilt"]
        assert board.served - len(tilts) in {0, 1}  # the poll that was under way when the box was told to stop
        times = [row.time_ns for row in tilts]
        assert times == sorted(set(times))
        assert {round(row.value or 0.0, 1) for row in tilts} == {0.1, 2.0}
        (event,) = cloud.events
        assert (event.alarm, event.change, event.level) == (f"{SENSOR}/lean", Change.RAISED, Level.RED)
        assert event.frame is not None
        exchange = rtu.read(event.frame)
        assert (event.frame.block, exchange.unit, exchange.address, exchange.count) == ("attitude", UNIT, 0x34, 13)
        assert exchange.has_right_crc
        decoded = values_of(city(tmp_path).sensors[SENSOR], event.frame.block, exchange.registers)
        assert published("tilt", decoded["lean"]) == event.value
        await until(lambda: not cloud.statuses[-1].online)
        assert [status.online for status in cloud.statuses[:1]] == [True]
    glance = peek(tmp_path / "data")
    assert [glance.depths[lane].waiting for lane in Lane] == [0, 0]


GAUGE_YAML = f"""
schema: egret.sensors/1
crs: WGS-84
city: {{name: 小城, name_en: Small City, demonstration: true}}
districts: {{tongan: 同安区}}
limits:
  prompt:
    from: drainage
    rules: {{road_water: {{off_delay: 0s, levels: {{red: {{limit: 2.0, on_delay: 0s, source: "judgement: test"}}}}}}}}
kinds: {{drainage: {{profile: dfrobot-a02yyuw, limits: prompt, constants: {{sensor_height: 3.0}}}}}}
boxes: {{{BOX}: {{lines: {{a: {{source: serial_stream, port: {PORT}, every: 300ms}}}}}}}}
sites:
  XM-D01:
    {{name: 下穿通道, kind: drainage, district: tongan, at: [24.7179, 118.1498], sensors: {{L1: {{line: {BOX}/a}}}}}}
"""


async def test_a_sensor_that_speaks_by_itself_arrives(tmp_path: Path, nats_url: str) -> None:
    """A gauge over a street: frames become readings, water an alarm with its bytes; then the gauge is gone."""
    measured = {"dist": 1.953}
    gauge = MessageDevice(load_library(library_folder())["dfrobot-a02yyuw"], 1, lambda: measured)
    async with receiving(broker_address.parse(nats_url)) as cloud, SerialLine([gauge], "8N1", Random(1)) as wires:
        with named(wires.path, tmp_path / PORT.lstrip("/")):
            async with running(tmp_path, nats_url, GAUGE_YAML):
                await until(lambda: len(cloud.readings) > 2)
                measured["dist"] = 0.5
                await until(lambda: bool(cloud.events))
                wires.unplug()
                await until(lambda: cloud.readings[-1].quality == int(Quality.STALE))
    (event,) = cloud.events
    assert event.frame is not None
    assert (event.frame.block, event.frame.reply) == ("echo", "ff01f4f4")
    assert (event.value, cloud.readings[0].value, cloud.readings[-1].value) == (2.5, 1.047, None)
    times = [row.time_ns for row in cloud.readings]
    assert times == sorted(set(times))


async def test_around_an_alarm_every_sample_arrives(tmp_path: Path, nats_url: str) -> None:
    """A box that reports once a second: of 1 s before the lean and 1 s after it nothing is only on the box."""
    folder = tmp_path / "sparing"
    folder.mkdir()
    policy = "every: 100ms, report: {every: 1s, before: 1s, after: 1s}}"
    async with receiving(broker_address.parse(nats_url)) as cloud, wired(folder) as board:
        async with running(folder, nats_url, SENSORS_YAML.replace("every: 100ms}", policy)):
            await until(lambda: board.served > 25)
            board.roll = 2.0
            await until(lambda: bool(cloud.events))
            served = board.served
            await until(lambda: board.served > served + 15)
        await until(lambda: not cloud.statuses[-1].online)
    [event] = cloud.events
    arrived = {(row.quantity, row.time_ns) for row in cloud.readings}
    assert len(arrived) == len(cloud.readings)
    held = [row for row in readings(folder / "data") if (row.quantity, row.time_ns) not in arrived]
    assert held
    assert not [row for row in held if event.time_ns - 10**9 <= row.time_ns <= event.time_ns + 10**9]


async def test_a_box_counts_its_data(tmp_path: Path, nats_url: str) -> None:
    """What it has used is in its status and on its disk, and a second run goes on from there."""
    text = SENSORS_YAML.replace("    lines:", "    budget: 500 MB\n    lines:")
    counted = []
    async with receiving(broker_address.parse(nats_url)) as cloud, wired(tmp_path) as board:
        for _ in range(2):
            served = board.served
            async with running(tmp_path, nats_url, text):
                await until(lambda served=served: board.served > served + 10)
            counted.append(sum(peek(tmp_path / "data").data.values()))
        await until(lambda: bool(cloud.statuses))
    assert 1_000 < counted[0] < counted[1]
    assert cloud.statuses[-1].data_budget_mb == 500


async def test_the_broker_is_down_at_the_start(
    tmp_path: Path, nats_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """The box measures and alarms all the same; when the broker comes everything is sent. One log line each."""
    nats_server.stop()
    async with wired(tmp_path) as board, running(tmp_path, nats_server.url):
        await until(lambda: board.served > 5)
        board.roll = 2.0
        await until(lambda: peek(tmp_path / "data").depths[Lane.ALARMS].committed == 1)
        await asyncio.to_thread(nats_server.start)
        async with receiving(broker_address.parse(nats_server.url)) as cloud:
            await until(lambda: bool(cloud.events) and len(cloud.readings) > 10)
    said = [record.getMessage() for record in caplog.records if record.name == "edge.uplink"]
    assert len(said) == 2
    assert f"{nats_server.url}: no broker answers" in said[0]
    assert "[E-LINK-002] Everything is kept on disk meanwhile." in said[0]
    assert said[1].startswith("the broker is back after")


async def test_a_broker_that_forgets(tmp_path: Path, nats_server: Server) -> None:
    """Killed, and started without what it had taken: what had no receipt is sent again, nothing twice."""
    async with wired(tmp_path) as board, running(tmp_path, nats_server.url):
        async with receiving(broker_address.parse(nats_server.url)) as cloud:
            await until(lambda: len(cloud.readings) > 10)
        already = len(cloud.readings)
        await asyncio.sleep(1)  # taken by the broker, received by nobody
        await asyncio.to_thread(nats_server.kill)
        async with wired_down(nats_server):
            board.roll = 2.0
        async with receiving(broker_address.parse(nats_server.url)) as later:
            later.stored = cloud.stored
            await until(lambda: bool(later.events) and len(later.readings) > already)
    times = [row.time_ns for row in (*cloud.readings, *later.readings) if row.quantity == "tilt"]
    assert times == sorted(set(times))


@asynccontextmanager
async def wired_down(server: Server) -> AsyncIterator[None]:
    """While the broker is down; it comes back empty."""
    yield
    for part in sorted((server.log.parent / "jetstream").rglob("*"), reverse=True):
        part.rmdir() if part.is_dir() else part.unlink()
    await asyncio.to_thread(server.start)


async def test_a_box_that_starts_in_1970(tmp_path: Path, nats_url: str) -> None:
    """Its alarm arrives while its readings wait; when the clock is set they come, at the time of their sampling."""
    behind_ns = [time_ns()]  # the wall clock shows the time since the box started
    clock = BoxClock(lambda: time_ns() - behind_ns[0], monotonic_ns, lambda: not behind_ns[0], boot="b1")
    began_ns = time_ns()
    async with receiving(broker_address.parse(nats_url)) as cloud, wired(tmp_path) as board:
        board.roll = 2.0
        async with running(tmp_path, nats_url, clock=clock):
            await until(lambda: bool(cloud.events))
            assert is_since_boot(cloud.events[0].time_ns)
            await until(lambda: peek(tmp_path / "data").unset > 5)
            assert (cloud.readings, cloud.statuses[-1].clock) == ([], ClockState.UNSET)
            behind_ns[0] = 0
            await until(lambda: len(cloud.readings) > 20)
    times = [row.time_ns for row in cloud.readings if row.quantity == "tilt"]
    assert times == sorted(set(times))
    assert began_ns - 1_000_000 <= times[0] < time_ns()
    assert {row.quality for row in cloud.readings} == {0}


async def test_a_state_survives_a_restart(tmp_path: Path, nats_url: str) -> None:
    """A box restarted while a board leans raises the alarm no second time, and clears it when the board is upright."""
    async with receiving(broker_address.parse(nats_url)) as cloud, wired(tmp_path) as board:
        board.roll = 2.0
        async with running(tmp_path, nats_url):
            await until(lambda: len(cloud.events) == 1)
        seen = len(cloud.readings)
        async with running(tmp_path, nats_url):
            await until(lambda: len(cloud.readings) > seen + 20)
            assert len(cloud.events) == 1
            board.roll = 0.0
            await until(lambda: len(cloud.events) == 2)
    assert [event.change for event in cloud.events] == [Change.RAISED, Change.CLEARED]


async def test_a_port_that_is_not_there(tmp_path: Path, nats_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line in the log with a fix, silence as data, and life when the adapter is plugged in."""
    async with receiving(broker_address.parse(nats_url)) as cloud, running(tmp_path, nats_url):
        await until(lambda: len(cloud.readings) > 0)
        assert {row.quality for row in cloud.readings} == {int(Quality.STALE)}
        async with wired(tmp_path):
            await until(lambda: any(row.quality == 0 for row in cloud.readings))
    said = [record.getMessage() for record in caplog.records if record.name == "edge.supervise"]
    assert said[0].startswith(f"box {BOX}, line a: gone: port {tmp_path}{PORT}: there is no such port. fix: ")
    assert said[0].endswith("[E-BUS-001]")
    assert said[1].startswith(f"box {BOX}, line a: back after")


async def test_told_to_stop_without_a_broker(tmp_path: Path, free_port: int) -> None:
    """SIGTERM ends a box that never saw its broker; what it measured is on disk."""
    async with wired(tmp_path) as board:
        process = await asyncio.create_subprocess_exec(*command(tmp_path, f"mqtt://127.0.0.1:{free_port}"))
        await until(lambda: board.served > 5)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
    assert peek(tmp_path / "data").depths[Lane.READINGS].waiting > 5


async def test_two_agents_on_one_folder(tmp_path: Path, free_port: int) -> None:
    """The second is refused with the folder and a fix; the first is not disturbed."""
    call = command(tmp_path, f"mqtt://127.0.0.1:{free_port}")
    async with wired(tmp_path) as board:
        process = await asyncio.create_subprocess_exec(*call)
        await until(lambda: board.served > 0)
        code, said = await asyncio.to_thread(refused, call)
        served = board.served
        await until(lambda: board.served > served)
        process.terminate()
        await process.wait()
    assert (code, said.splitlines()[-1]) == (
        1,
        (
            f"{tmp_path}/data: another agent uses this folder."
            " fix: stop it, or give each box a --data folder of its own. [E-EDGE-002]"
        ),
    )


def test_an_unknown_box(tmp_path: Path) -> None:
    """The nearest name that there is stands in the fix."""
    code, said = refused([*command(tmp_path, "mqtt://127.0.0.1"), "--box", "XM-TA-1"])
    assert (code, said) == (
        4,
        f"{tmp_path}/sensors.yaml: there is no box 'XM-TA-1'. fix: write 'XM-TA-01' [E-EDGE-001]",
    )


def test_no_inventory(tmp_path: Path) -> None:
    """A box without its sensors.yaml does not start, and says which file it wants."""
    code, said = refused([*command(tmp_path, "mqtt://127.0.0.1"), "--inventory", f"{tmp_path}/none.yaml"])
    assert code == 4
    assert f"{tmp_path}/none.yaml" in said
    assert " fix: " in said


def test_an_address_that_is_none(tmp_path: Path) -> None:
    """The password of a wrong address is not repeated."""
    code, said = refused(command(tmp_path, "http://box:heron@broker"))
    assert code == 4
    assert said == (
        "--broker: 'broker' is not a broker's address. fix: write mqtt://host:1883 or mqtts://host:8883, "
        "and the nodes of a cluster as mqtts://host-1:8883,host-2:8883. [E-LINK-001]"
    )


def test_a_batch_may_not_gather_for_ever(tmp_path: Path) -> None:
    """At most 10 s: the wire's limit."""
    code, said = refused(command(tmp_path, "mqtt://127.0.0.1", "--batch", "1h"))
    assert code == 2
    assert "'1h' is longer than 10s" in said


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
