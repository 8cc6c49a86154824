"""The Modbus RTU source on real pseudo-terminals, with devices that behave and devices that do not."""

import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import cast

import pytest
from air_rig import take

from edge import kept_settings
from edge.clock import BoxClock
from edge.polled_line import PolledLine
from edge.ports import LinePlan, Now
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.medium import Frame
from edge.sim.modbus_device import ModbusDevice
from edge.sim.serial_line import SerialLine
from edge.sources.modbus_rtu import open_source
from wire.errors import ConfigError, PortBusy, SourceError
from wire.inventory import Line, Sensor
from wire.line_load import utilisation
from wire.profile import Block, Profile, Timing
from wire.profile_yaml import load_profile
from wire.registers import decode_block, encode_block
from wire.rtu import has_right_crc

LIBRARY = Path(__file__).parents[3] / "firmware-configs"
LEANING = {"acc_z": 1.0, "roll": 1.5, "pitch": -0.5, "temp": 25.0}
PATIENT = Timing(timeout_s=5.0, gap_s=0.002, late_max_s=5.0, min_poll_s=0.001)
"""For tests in which the device does answer: a busy machine may be slow."""
HASTY = Timing(timeout_s=0.06, gap_s=0.002, late_max_s=0.2, min_poll_s=0.001)
"""For tests in which it does not."""


class Rig:
    """Lays simulated lines and opens sources on them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.stack = stack
        self.heard: list[Frame] = []

    async def lay(self, *devices: ModbusDevice, baud: int = 115_200) -> SerialLine:
        """One line; the devices listen at `baud`."""
        for item in devices:
            item.memory.configure(baud, "8N1")
        return await self.stack.enter_async_context(SerialLine(devices, "8N1", Random(7), heard=self.heard.append))

    async def open(
        self, port: str, sensors: Sequence[Sensor], *, now: Now = time.time_ns, **options: object
    ) -> PolledLine:
        """An open source on `port`."""
        return await self.stack.enter_async_context(source_of(port, sensors, now=now, **{"baud": 115_200, **options}))


def source_of(port: str, sensors: Sequence[Sensor], *, now: Now = time.time_ns, **options: object) -> PolledLine:
    """A source on `port`, not opened."""
    block = {"port": port, **options}
    line = Line("TA-0113", "rs485-1", "modbus_rtu", block, "sensors.yaml:41", tuple(item.id for item in sensors))
    plan = LinePlan(line, {item.id: item for item in sensors}, "/", BoxClock.trusted(now))
    return cast("PolledLine", open_source(plan))


def tilt_sensor(unit: int, profile: Profile, every_s: float = 0.01) -> Sensor:
    """An inclinometer of site XM-<unit>."""
    return Sensor(f"XM-{unit}-tilt", f"XM-{unit}", "TA-0113", "rs485-1", profile, unit, every_s, {}, {}, ())


def device(profile: Profile, unit: int, roll: float = 1.5) -> ModbusDevice:
    """A tilt sensor that stands still."""
    return ModbusDevice(profile, unit, lambda: LEANING | {"roll": roll})


def two_blocks(profile: Profile) -> Profile:
    """The same device read in two blocks of one register: roll at 0x3D, pitch at 0x3E."""
    blocks = {"roll": Block("roll", 3, 0x3D, 1, 0.01), "pitch": Block("pitch", 3, 0x3E, 1, 0.01)}
    points = tuple(replace(point, block=point.name) for point in profile.points if point.name in blocks)
    return replace(profile, blocks=blocks, points=points)


async def test_neighbouring_blocks_are_read_in_one_request(rig: Rig, tilt_profile: Profile) -> None:
    """Roll and pitch as blocks of their own, acceleration nine registers before: one request, three samples of it."""
    profile = two_blocks(tilt_profile)
    near = {name: replace(block, max_hole=0) for name, block in profile.blocks.items()}
    (acceleration,) = (point for point in tilt_profile.points if point.name == "acc_z")
    blocks = {"shock": Block("shock", 3, 0x36, 1, 0.01, max_hole=6), **near}
    points = (*profile.points, replace(acceleration, block="shock"))
    profile = replace(profile, blocks=blocks, points=points)
    line = await rig.lay(device(profile, 80))
    samples = await take(await rig.open(line.path, [tilt_sensor(80, profile)]), 3)
    assert [sample.block for sample in samples] == ["shock", "roll", "pitch"]
    assert all(sample.registers == encode_block(profile, sample.block, LEANING) for sample in samples)
    assert {sample.request[:6].hex() for sample in samples} == {"500300360009"}
    assert len({sample.time_ns for sample in samples}) == 1
    sensor = tilt_sensor(80, profile)
    assert utilisation([sensor], 9600) < utilisation([tilt_sensor(80, two_blocks(tilt_profile))], 9600)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Everything it laid and opened is closed at the end."""
    async with AsyncExitStack() as stack:
        yield Rig(stack)


@pytest.fixture(scope="module")
def tilt_profile() -> Profile:
    """The WT901C-485 with patient timing."""
    return replace(load_profile(LIBRARY / "witmotion-wt901c-485"), timing=PATIENT)


async def test_every_sensor_on_the_line_is_read(rig: Rig, tilt_profile: Profile) -> None:
    """Two inclinometers on one pair of wires give their own angle each, in turn."""
    line = await rig.lay(device(tilt_profile, 80, roll=1.5), device(tilt_profile, 81, roll=-2.0))
    source = await rig.open(line.path, [tilt_sensor(80, tilt_profile), tilt_sensor(81, tilt_profile)])
    samples = await take(source, 8)
    rolls = {s.sensor: decode_block(tilt_profile, s.block, s.registers)["roll"] for s in samples}
    assert rolls["XM-80-tilt"] == pytest.approx(1.5, abs=0.003)
    assert rolls["XM-81-tilt"] == pytest.approx(-2.0, abs=0.003)


async def test_a_device_that_keeps_something_else_is_named(
    rig: Rig, tilt_profile: Profile, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, when it first answers, and again when it is back: a supply that failed may have taken the setting.

    It is looked at now and then, too, for a failure may be shorter than a poll; what is known is not said again.
    """
    monkeypatch.setattr(kept_settings, "EVERY_S", 0.0)
    profile = replace(tilt_profile, timing=HASTY)
    inclinometer = device(tilt_profile, 80)
    line = await rig.lay(inclinometer)
    sensor = replace(tilt_sensor(80, profile), settings={"bandwidth": 6, "mount": 0})
    source = await rig.open(line.path, [sensor])
    said = "sensor XM-80-tilt keeps bandwidth 256Hz, and 5Hz is wanted"
    await take(source, 3)
    inclinometer.memory.write(0x69, 0xB588, time.monotonic())
    inclinometer.memory.write(0x23, 1, time.monotonic())
    await take(source, 3)
    told = [record.message.partition(",")[0] for record in caplog.records]
    assert told == [said.partition(",")[0], "sensor XM-80-tilt keeps mount vertical"]
    inclinometer.faults = DeviceFaults(is_silent=True)
    await take(source, 3)
    inclinometer.faults = DeviceFaults()
    source.schedule.wake(sensor, 0.0)
    await take(source, 2)
    assert sum(said in record.message for record in caplog.records) == 2


async def test_a_sample_carries_the_bytes_of_its_poll(rig: Rig, tilt_profile: Profile) -> None:
    """Request and reply as they were on the wire, CRC included; a poll without a reply has none."""
    inclinometer = device(tilt_profile, 80)
    line = await rig.lay(inclinometer)
    source = await rig.open(line.path, [tilt_sensor(80, replace(tilt_profile, timing=HASTY))])
    (sample,) = await take(source, 1)
    asked, answered = rig.heard
    assert (sample.request, sample.reply) == (asked.octets, answered.octets)
    assert (has_right_crc(sample.request), has_right_crc(sample.reply)) == (True, True)
    inclinometer.faults = DeviceFaults(is_silent=True)
    (silent,) = await take(source, 1)
    assert (silent.request, silent.reply) == (b"", b"")


async def test_a_late_reply_is_never_the_answer_to_the_next_request(rig: Rig, tilt_profile: Profile) -> None:
    """Replies after the timeout, two blocks of equal size in turn: some silences, no wrong value."""
    profile = replace(two_blocks(tilt_profile), timing=HASTY)
    replies = 0

    def sometimes_late(_block: str, _registers: tuple[int, ...]) -> None:
        nonlocal replies
        replies += 1
        tardy.faults = DeviceFaults(late_s=0.09 if replies % 3 == 0 else 0.0)

    tardy = ModbusDevice(profile, 80, lambda: LEANING, sometimes_late)
    line = await rig.lay(tardy)
    samples = await take(await rig.open(line.path, [tilt_sensor(80, profile)]), 40)
    good = [sample for sample in samples if not sample.fault]
    assert {sample.block for sample in good} == {"roll", "pitch"}
    assert all(sample.registers == encode_block(profile, sample.block, LEANING) for sample in good)
    assert any("no reply within 0.06 s" in sample.fault for sample in samples)


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (DeviceFaults(is_silent=True), "E-BUS-010"),
        (DeviceFaults(truncate=9), "E-BUS-011"),
        (DeviceFaults(answers_as=81), "E-BUS-013"),
    ],
)
async def test_a_bad_answer_is_a_fault_with_its_own_code(
    rig: Rig, tilt_profile: Profile, faults: DeviceFaults, code: str
) -> None:
    """Silence, half a reply and another unit's reply are told apart, and none has registers."""
    profile = replace(tilt_profile, timing=HASTY)
    broken = device(profile, 80)
    broken.faults = faults
    line = await rig.lay(broken)
    (sample,) = await take(await rig.open(line.path, [tilt_sensor(80, profile)]), 1)
    assert (sample.sensor, sample.block, sample.registers) == ("XM-80-tilt", "attitude", ())
    assert code in sample.fault
    assert f"port {line.path}, unit 80, block attitude" in sample.fault


async def test_noise_of_one_percent_gives_no_wrong_value(rig: Rig, tilt_profile: Profile) -> None:
    """One byte in a hundred is damaged: a third of the polls fail, none of the others is wrong."""
    profile = replace(tilt_profile, timing=replace(HASTY, late_max_s=0.02))
    line = await rig.lay(device(profile, 80))
    line.faults = LineFaults(noise=0.01)
    samples = await take(await rig.open(line.path, [tilt_sensor(80, profile)]), 200)
    good = [sample for sample in samples if not sample.fault]
    assert 80 < len(good) < 190
    assert {sample.registers for sample in good} == {encode_block(profile, "attitude", LEANING)}
    assert any("E-BUS-012" in sample.fault for sample in samples)


async def test_the_wrong_baud_rate_is_silence(rig: Rig, tilt_profile: Profile) -> None:
    """A device at 9600 baud does not understand a box at 19 200."""
    profile = replace(tilt_profile, timing=HASTY)
    line = await rig.lay(device(profile, 80), baud=9600)
    samples = await take(await rig.open(line.path, [tilt_sensor(80, profile)], baud=19_200), 2)
    assert all("E-BUS-010" in sample.fault for sample in samples)


async def test_a_refusal_carries_the_exception_code(rig: Rig, tilt_profile: Profile) -> None:
    """A device without the registers asked for answers exception 2, and the line goes on at once."""
    line = await rig.lay(device(two_blocks(tilt_profile), 80))
    samples = await take(await rig.open(line.path, [tilt_sensor(80, tilt_profile)]), 2)
    assert all("exception code 2, illegal data address" in sample.fault for sample in samples)


async def test_an_unplugged_adapter_ends_the_source(rig: Rig, tilt_profile: Profile) -> None:
    """The iterator raises, so that whoever supervises the line opens it again."""
    line = await rig.lay(device(tilt_profile, 80))
    source = await rig.open(line.path, [tilt_sensor(80, tilt_profile)])
    await take(source, 1)
    line.unplug()
    with pytest.raises(SourceError, match=r"E-BUS-005"):
        await take(source, 2)


async def test_a_missing_port_says_what_to_do(rig: Rig, tilt_profile: Profile) -> None:
    """The message names the port and where to look."""
    with pytest.raises(PortBusy) as caught:
        await rig.open("/dev/ttyNOPE9", [tilt_sensor(80, tilt_profile)])
    assert str(caught.value) == (
        "port /dev/ttyNOPE9: there is no such port. fix: plug the adapter in, or correct `port:`"
        " (ls /dev/serial/by-id/ lists what is there). [E-BUS-001]"
    )


async def test_a_port_has_one_client(rig: Rig, tilt_profile: Profile) -> None:
    """The second to open it is told that another process holds it."""
    line = await rig.lay(device(tilt_profile, 80))
    await rig.open(line.path, [tilt_sensor(80, tilt_profile)])
    with pytest.raises(PortBusy, match=r"another process holds the port.*E-BUS-003"):
        await rig.open(line.path, [tilt_sensor(80, tilt_profile)])


async def test_a_silent_unit_does_not_slow_its_neighbours(
    rig: Rig, tilt_profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked three times, then ever less; one line in the log says that it is gone."""
    profile = replace(tilt_profile, timing=HASTY)
    dead = device(profile, 81)
    dead.faults = DeviceFaults(is_silent=True)
    line = await rig.lay(device(profile, 80), dead)
    source = await rig.open(line.path, [tilt_sensor(80, profile), tilt_sensor(81, profile)])
    samples = await take(source, 60)
    assert sum(sample.sensor == "XM-81-tilt" for sample in samples) <= 6
    assert sum("XM-81-tilt gives no valid reply" in record.message for record in caplog.records) == 1


async def test_a_sensor_that_returns_is_said_to_be_back(
    rig: Rig, tilt_profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    """Gone after three wrong replies, back with the first right one, each said once."""
    profile = replace(tilt_profile, timing=HASTY)
    moody = device(profile, 80)
    moody.faults = DeviceFaults(answers_as=7)
    line = await rig.lay(moody)
    source = await rig.open(line.path, [tilt_sensor(80, profile)])
    await take(source, 5)
    moody.faults = DeviceFaults()
    assert not (await take(source, 3))[-1].fault
    said = [record.message for record in caplog.records if "XM-80-tilt" in record.message]
    assert len(said) == 2
    assert "sensor XM-80-tilt is back after " in said[1]


async def test_there_is_silence_before_every_request(rig: Rig, tilt_profile: Profile) -> None:
    """At 9600 baud 3.5 characters are 3.65 ms; the profile's 2 ms does not shorten them."""
    line = await rig.lay(device(tilt_profile, 80), device(tilt_profile, 81), baud=9600)
    await take(await rig.open(line.path, [tilt_sensor(80, tilt_profile), tilt_sensor(81, tilt_profile)], baud=9600), 8)
    pauses = [
        after.begin - before.end for before, after in zip(rig.heard, rig.heard[1:], strict=False) if after.is_request
    ]
    assert len(pauses) >= 6
    assert min(pauses) >= 3.5 * 10 / 9600


async def test_times_only_go_forward(rig: Rig, tilt_profile: Profile) -> None:
    """With a clock that stands still, samples are a millisecond apart and in whole milliseconds."""
    line = await rig.lay(device(tilt_profile, 80))
    source = await rig.open(line.path, [tilt_sensor(80, tilt_profile)], now=lambda: 1_700_000_000_000_123_456)
    times = [sample.time_ns for sample in await take(source, 3)]
    assert times == [1_700_000_000_000_000_000 + 1_000_000 * step for step in range(3)]


async def test_an_overloaded_line_slows_all_alike(
    rig: Rig, tilt_profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    """Three sensors at 100 Hz on 9600 baud: each gets its third, the lost turns are counted, and it is said."""
    sensors = [tilt_sensor(unit, tilt_profile) for unit in (80, 81, 82)]
    line = await rig.lay(*(device(tilt_profile, sensor.unit) for sensor in sensors), baud=9600)
    source = await rig.open(line.path, sensors, baud=9600)
    samples = await take(source, 18)
    assert {sum(s.sensor == sensor.id for s in samples) for sensor in sensors} <= {5, 6, 7}
    assert source.schedule.skipped > 20
    assert any("E-BUS-018" in record.message for record in caplog.records if record.levelno == logging.WARNING)


async def test_a_driver_without_rs485_mode_is_a_warning_only(
    rig: Rig, tilt_profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    """A pseudo-terminal has no such mode; the line is read all the same."""
    line = await rig.lay(device(tilt_profile, 80))
    (sample,) = await take(await rig.open(line.path, [tilt_sensor(80, tilt_profile)], rs485=True), 1)
    assert sample.registers
    assert any("E-BUS-006" in record.message for record in caplog.records)


def test_sensors_of_one_line_share_its_settings(tilt_profile: Profile) -> None:
    """Profiles with different baud rates need the line's own, and the message shows both."""
    faster = replace(tilt_profile, link=replace(tilt_profile.link, baud=19_200))
    with pytest.raises(ConfigError) as caught:
        source_of("/dev/ttyS1", [tilt_sensor(80, tilt_profile), tilt_sensor(81, faster)])
    assert str(caught.value) == (
        "sensors.yaml:41: the sensors of line rs485-1 have different serial settings:"
        " witmotion-wt901c-485 19200 8N1, witmotion-wt901c-485 9600 8N1."
        " fix: set the devices to one baud rate and frame, and write `baud:` and `frame:` at the line. [E-BUS-020]"
    )


def test_reading_the_config_needs_no_serial_library() -> None:
    """`egret check` runs beside the cloud, where pymodbus and pyserial are not installed."""
    script = "import sys, edge.sources.modbus_rtu; sys.exit(bool({'serial', 'pymodbus'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
