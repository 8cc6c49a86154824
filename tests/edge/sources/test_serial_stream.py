"""The source `serial_stream` on a simulated line: messages that come by themselves, and all that spoils them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest
from air_rig import take

from edge.clock import BoxClock
from edge.decode import decode
from edge.ports import LinePlan
from edge.sim import virtual_time
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.medium import Medium
from edge.sim.memory_port import MemoryPort
from edge.sim.message_device import MessageDevice
from edge.sim.sensing import printed_values
from edge.sim.serial_line import SerialLine
from edge.sim.stations import Station, Stations
from edge.sources.serial_stream import open_source
from edge.stream_line import ACCOUNT_S, StreamLine
from wire.errors import PortBusy, SourceError
from wire.inventory import Line, Sensor
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_profile
from wire.reading import Sample

NOW_NS = 1_795_000_000 * 10**9
GAUGE = load_profile(library_folder() / "dfrobot-a02yyuw")
CLOCK = BoxClock.trusted(lambda: NOW_NS)


def sensor_of(profile: Profile) -> Sensor:
    """One that looks down from 3 m."""
    return Sensor("XM-D1-L1", "XM-D1", "B", "l", profile, 1, None, {}, {"sensor_height": 3.0}, ())


def plan(port: str, profile: Profile = GAUGE, **options: object) -> LinePlan:
    """A line with this one sensor."""
    sensor = sensor_of(profile)
    line = Line("B", "l", "serial_stream", {"port": port, **options}, "sensors.yaml:41", (sensor.id,))
    return LinePlan(line, {sensor.id: sensor}, "/", CLOCK)


class Spoken:
    """A device on a line in virtual time, and the box's end of it."""

    def __init__(self, profile: Profile = GAUGE) -> None:
        self.medium = Medium(Random(7), lambda _frame: None)
        self.values = dict(printed_values(profile))
        self.device = MessageDevice(profile, 1, lambda: self.values)
        Stations(self.medium, [self.device], Random(7))
        self._profile = profile

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[StreamLine]:
        """What a box hears."""
        port = lambda: MemoryPort(self.medium, self.device.settings)  # noqa: E731
        async with StreamLine(port, sensor_of(self._profile), None, clock=CLOCK) as source:
            yield source


def test_one_sample_a_second_decodes_to_what_is_measured() -> None:
    """Frames every 300 ms: of each second one is taken; 1.953 m below the gauge are 1.047 m of water."""

    async def run() -> list[Sample]:
        async with Spoken().heard() as source:
            return await take(source, 5)

    samples = virtual_time.run(run())
    assert {sample.reply.hex() for sample in samples} == {"ff07a1a7"}
    decoded = decode(samples[0], sensor_of(GAUGE))
    assert decoded.readings == (("water_level", 1.047),)
    assert [sample.fault for sample in samples] == [""] * 5


def test_noise_costs_messages_and_gives_no_wrong_value() -> None:
    """One byte in fifty is another one, for 300 s: sums of one byte let some through, range and median take those."""

    async def run() -> list[Sample]:
        spoken = Spoken()
        spoken.medium.faults = LineFaults(noise=0.02, loss=0.01)
        async with spoken.heard() as source:
            return await take(source, 300)

    samples = virtual_time.run(run())
    assert {sample.reply.hex() for sample in samples if not sample.fault} == {"ff07a1a7"}
    assert sum(not sample.fault for sample in samples) > 290


def test_a_device_that_falls_silent_is_stale_until_it_speaks(caplog: pytest.LogCaptureFixture) -> None:
    """Two seconds without a word: stale, no old value; and as soon as it speaks again, its value of then."""

    async def run() -> list[Sample]:
        spoken = Spoken()
        async with spoken.heard() as source:
            samples = await take(source, 2)
            spoken.device.faults = DeviceFaults(is_silent=True)
            samples += await take(source, 3)
            spoken.device.faults, spoken.values["dist"] = DeviceFaults(), 1.5
            return samples + await take(source, 1)

    samples = virtual_time.run(run())
    faults = [sample.fault for sample in samples]
    assert faults[:2] == ["", ""]
    assert faults[-1] == ""
    stale = [sample for sample in samples if sample.fault]
    assert len(stale) in {2, 3}
    assert decode(stale[0], sensor_of(GAUGE)).readings == (("water_level", None),)
    assert decode(samples[-1], sensor_of(GAUGE)).readings == (("water_level", 1.5),)
    assert [record.getMessage().startswith("sensor XM-D1-L1") for record in caplog.records] == [True, True]


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (DeviceFaults(truncate=3), "bytes that are no message for 2 s"),
        (DeviceFaults(is_silent=True), "no message echo for 2 s"),
    ],
)
def test_half_messages_and_none_are_told_apart(faults: DeviceFaults, said: str) -> None:
    """A truncated frame is followed by the next one's begin: bytes come, and no message."""

    async def run() -> list[Sample]:
        spoken = Spoken()
        spoken.device.faults = faults
        async with spoken.heard() as source:
            return await take(source, 1)

    (sample,) = virtual_time.run(run())
    assert said in sample.fault


def test_halves_with_a_silence_between_them_are_no_message() -> None:
    """A gauge whose wire breaks in `R12` of R1290, and heals in `34` of R0034: 1.234 m was never measured."""

    async def run() -> list[Sample]:
        spoken = Spoken(load_profile(library_folder() / "maxbotix-hrxl-wr"))
        spoken.device.faults = DeviceFaults(is_silent=True)
        gauge = Station("gauge")
        async with spoken.heard() as source:
            spoken.medium.talk(gauge, b"R12", spoken.device.settings)
            samples = await take(source, 3)
            spoken.medium.talk(gauge, b"34\r", spoken.device.settings)
            samples += await take(source, 2)
            spoken.medium.talk(gauge, b"R1290\r", spoken.device.settings)
            return samples + await take(source, 1)

    samples = virtual_time.run(run())
    assert [sample.reply for sample in samples] == [b""] * 5 + [b"R1290\r"]


def test_what_was_no_message_before_the_last_one_does_not_explain_its_silence() -> None:
    """Noise and a whole frame come at once, then nothing: no message comes, and no bytes that are none."""

    async def run() -> list[Sample]:
        spoken = Spoken()
        spoken.device.faults = DeviceFaults(is_silent=True)
        async with spoken.heard() as source:
            spoken.medium.talk(Station("gauge"), bytes.fromhex("00 00 FF 07 A1 A7"), spoken.device.settings)
            return await take(source, 2)

    heard, silent = virtual_time.run(run())
    assert heard.reply.hex() == "ff07a1a7"
    assert "no message echo" in silent.fault


def test_damage_is_told_once_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    """One byte in fifty for an hour and a bit: one line in the log, with how much of it was damaged."""
    caplog.set_level(logging.WARNING, "edge.stream_line")

    slow = replace(GAUGE, timing=replace(GAUGE.timing, min_poll_s=5.0, silence_s=60.0))

    async def run() -> None:
        spoken = Spoken(slow)
        spoken.medium.faults = LineFaults(noise=0.02)
        async with spoken.heard() as source:
            await take(source, round(ACCOUNT_S / 5))

    virtual_time.run(run())
    (said,) = [record.getMessage() for record in caplog.records]
    assert "% of what came in the last hour is no message" in said
    assert said.endswith("[E-TALK-003]")


async def test_an_unplugged_port_ends_the_source_and_the_next_one_reads_on() -> None:
    """On a pseudo-terminal: whoever supervises the line opens it again, and the device is heard at its new port."""
    quick = replace(GAUGE, timing=replace(GAUGE.timing, min_poll_s=0.02))
    device = MessageDevice(quick, 1, lambda: printed_values(quick))
    async with SerialLine([device], "8N1", Random(7)) as wires:
        async with open_source(plan(wires.path, quick, every="50ms")) as source:
            assert isinstance(source, StreamLine)
            (first,) = await take(source, 1)
            wires.unplug()
            with pytest.raises(SourceError, match="E-BUS-005"):
                await take(source, 5)
        async with open_source(plan(wires.plug_in(), quick, every="50ms")) as source:
            assert isinstance(source, StreamLine)
            (second,) = await take(source, 1)
    assert first.reply.hex() == second.reply.hex() == "ff07a1a7"


async def test_a_port_has_one_owner() -> None:
    """The second to open it is told that another process holds it."""
    async with SerialLine([], "8N1", Random(7)) as wires, open_source(plan(wires.path)):
        with pytest.raises(PortBusy, match="E-BUS-003"):
            await open_source(plan(wires.path)).__aenter__()
