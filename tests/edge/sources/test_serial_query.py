"""The source `serial_query`: a device that is asked in bytes of its own, and everything that is no answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random

import pytest

from edge.bus import Answer
from edge.clock import BoxClock
from edge.decode import decode
from edge.polled_line import PolledLine
from edge.ports import LinePlan
from edge.query_bus import QueryBus
from edge.serial_port import SerialSettings
from edge.sim import virtual_time
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.medium import Frame, Medium
from edge.sim.memory_port import MemoryPort
from edge.sim.message_device import MessageDevice
from edge.sim.sensing import printed_values
from edge.sim.serial_line import SerialLine
from edge.sim.stations import Babbler, Stations
from edge.sources.serial_query import open_source
from wire.errors import FrameError, SourceError, SourceTimeout
from wire.inventory import Line, Sensor
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_profile
from wire.registers import Value

GAS, TILT = (load_profile(library_folder() / name) for name in ("winsen-mh-441d", "bwsensing-bwm826"))
QUICK = replace(GAS, timing=replace(GAS.timing, min_poll_s=0.05))
ASKED = bytes.fromhex("FF0186000000000079")
SENSOR = Sensor("XM-G1-G1", "XM-G1", "B", "l", GAS, 1, None, {}, {"lel_per_count": 0.02}, ())


class Asked:
    """A methane module on a line in virtual time, and its only client."""

    def __init__(self, profile: Profile = GAS) -> None:
        self.frames: list[Frame] = []
        self.medium = Medium(Random(7), self.frames.append)
        self.values = dict(printed_values(profile))
        self.counts: Iterator[float] = iter(())
        self.device = MessageDevice(profile, 1, self._measured)
        Stations(self.medium, [self.device], Random(7))
        self.bus = QueryBus(MemoryPort(self.medium, self.device.settings), profile)

    def _measured(self) -> dict[str, Value]:
        """`counts`, one an answer, and then what is in `values`."""
        count = next(self.counts, None)
        return self.values if count is None else self.values | {"count": count}

    async def ask(self) -> Answer:
        """One question."""
        return await self.bus.read(1, "gas", GAS.timing)


def run(ask: Callable[[Asked], Awaitable[None]]) -> None:
    """In virtual time."""

    async def main() -> None:
        await ask(Asked())

    virtual_time.run(main())


def test_a_question_is_the_manual_s_and_the_reply_comes_with_it() -> None:
    """Nine bytes out, nine back, and both stand in the answer."""

    async def ask(line: Asked) -> None:
        answer = await line.ask()
        assert (answer.request, answer.reply.hex(" ")) == (ASKED, "ff 86 01 f4 00 00 00 00 85")
        assert line.frames[0].octets == ASKED

    run(ask)


def test_a_late_reply_is_never_the_answer_to_the_next_question() -> None:
    """Replies 200 ms after the timeout, the value rising each time: what is answered is what was asked just then."""

    async def ask(line: Asked) -> None:
        for count in range(20):
            line.values["count"] = float(count)
            line.device.faults = DeviceFaults(late_s=0.7 if count % 2 else 0.0)
            try:
                answer = await line.ask()
            except SourceTimeout:
                assert count % 2
            else:
                assert int.from_bytes(answer.reply[2:4], "big") == count

    run(ask)


@pytest.mark.parametrize(
    ("faults", "code"),
    [(DeviceFaults(is_silent=True), "E-BUS-010"), (DeviceFaults(truncate=5), "E-BUS-045")],
)
def test_silence_and_half_a_reply_are_told_apart(faults: DeviceFaults, code: str) -> None:
    """Each has its own code; five of nine bytes are no reply."""

    async def ask(line: Asked) -> None:
        line.device.faults = faults
        with pytest.raises((SourceTimeout, FrameError)) as caught:
            await line.ask()
        assert caught.value.code == code
        line.device.faults = DeviceFaults()
        assert (await line.ask()).reply

    run(ask)


def test_an_adapter_that_hears_itself_changes_nothing() -> None:
    """The echo of a question is no reply, and no damage."""

    async def ask(line: Asked) -> None:
        line.medium.faults = LineFaults(echo=True)
        assert (await line.ask()).reply[:2] == b"\xff\x86"
        line.device.faults = DeviceFaults(is_silent=True)
        with pytest.raises(SourceTimeout):
            await line.ask()

    run(ask)


def test_noise_gives_no_wrong_value() -> None:
    """One byte in a hundred is another one, 2000 polls: two answers alike byte by byte are no chance."""

    async def ask(line: Asked) -> None:
        line.medium.faults = LineFaults(noise=0.01)
        replies: list[bytes] = []
        for _ in range(2000):
            with suppress(SourceTimeout, FrameError):
                replies.append((await line.ask()).reply)
        assert len(replies) > 1300
        assert {reply[2:4] for reply in replies} == {b"\x01\xf4"}

    run(ask)


@pytest.mark.parametrize(
    ("counts", "questions", "taken"),
    [((500, 500), 2, 500), ((500, 7500, 500), 3, 500), ((500, 502, 501), 3, 501), ((7500, 500, 500), 3, 500)],
)
def test_a_poll_asks_no_oftener_than_it_needs(counts: tuple[int, ...], questions: int, taken: int) -> None:
    """Two answers alike are enough; else a third decides."""

    async def ask(line: Asked) -> None:
        line.counts = map(float, counts)
        answer = await line.ask()
        assert int.from_bytes(answer.reply[2:4], "big") == taken
        assert [frame.octets for frame in line.frames].count(ASKED) == questions

    run(ask)


def test_a_line_on_which_something_streams_is_said_to() -> None:
    """Nobody can be asked there."""

    async def ask(line: Asked) -> None:
        Babbler(line.medium, lambda: SerialSettings(9600, "8N1"), 0.005, lambda: b"\x55\x51\x00")
        with pytest.raises(FrameError, match="E-BUS-016"):
            await line.ask()

    run(ask)


def plan(port: str) -> LinePlan:
    """A line with the methane module."""
    sensor = replace(SENSOR, profile=QUICK, every_s=0.05)
    line = Line("B", "l", "serial_query", {"port": port}, "sensors.yaml:41", (sensor.id,))
    return LinePlan(line, {sensor.id: sensor}, "/", BoxClock.trusted(lambda: 10**18))


@asynccontextmanager
async def read_from(device: MessageDevice) -> AsyncIterator[tuple[SerialLine, PolledLine]]:
    """The source on a pseudo-terminal."""
    async with SerialLine([device], "8N1", Random(7)) as wires, open_source(plan(wires.path)) as source:
        assert isinstance(source, PolledLine)
        yield wires, source


async def test_from_the_port_to_the_quantity() -> None:
    """On a pseudo-terminal: 500 counts of 0.02 are 10 %LEL; an unplugged port ends the source."""
    device = MessageDevice(QUICK, 1, lambda: printed_values(QUICK))
    async with read_from(device) as (wires, source):
        samples = aiter(source)
        sample = await anext(samples)
        wires.unplug()
        with pytest.raises(SourceError, match="E-BUS-005"):
            await anext(samples)
    assert sample.request == ASKED
    assert decode(sample, SENSOR).readings == (("gas_lel", 10.0),)


def test_a_length_that_noise_wrote_does_not_hold_up_the_next_frame() -> None:
    """BWSENSING's byte count is proven by the profile: a damaged one is dropped at once."""

    async def main() -> None:
        line = Asked(TILT)
        line.device.faults = DeviceFaults(truncate=2)
        with pytest.raises(FrameError):
            await line.bus.read(1, "angles", TILT.timing)
        line.device.faults = DeviceFaults()
        assert len((await line.bus.read(1, "angles", TILT.timing)).reply) == 18

    virtual_time.run(main())
