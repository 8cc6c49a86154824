"""Zero and known tilt of a sensor at the pole, in virtual time: what is stored, and what is refused."""

import math
from collections.abc import Awaitable, Callable
from random import Random

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.field.device import Device
from edge.field.walk import Progress
from edge.field.zero import KnownTilt, Zero, show_known_tilt, take_zero, zero_in_sensor
from edge.sim.faults import DeviceFaults
from edge.sim.modbus_device import ModbusDevice
from wire.errors import CheckFailed, DeviceRefused, EgretError, Unsafe
from wire.profile_yaml import library_folder, load_library
from wire.registers import Value

LIBRARY = load_library(library_folder())
TILT = LIBRARY["witmotion-wt901c-485"]
TIME = "2026-11-27T08:10:00+00:00"


class Board:
    """What a tilt sensor on a billboard measures; a test moves it."""

    def __init__(self, roll: float = 0.42, pitch: float = -0.13, noise: float = 0.01) -> None:
        """At rest."""
        self.roll, self.pitch, self.noise, self._rng = roll, pitch, noise, Random(3)

    def __call__(self) -> dict[str, Value]:
        """As it stands now."""
        roll = self.roll + self._rng.gauss(0, self.noise)
        return {"acc_z": 1.0, "temp": 25.0, "roll": roll, "pitch": self.pitch + self._rng.gauss(0, self.noise)}


def at_the_pole(board: Callable[[], dict[str, Value]], act: Callable[[Device], Awaitable[None]]) -> ModbusDevice:
    """`act` with a tilt sensor on a line of its own."""
    sensor = ModbusDevice(TILT, 80, board)

    async def ask(line: VirtualLine) -> None:
        await act(Device(line.bus, 80, TILT, {}))

    on_a_line(sensor, ask=ask)
    return sensor


def quiet(_: Progress) -> None:
    """Nobody looks."""


async def zero(device: Device, for_s: float = 60) -> Zero:
    """Taken by 陈工."""
    return await take_zero(device, quiet, for_s=for_s, time=TIME, person="陈工")


def refused(board: Callable[[], dict[str, Value]], faults: DeviceFaults | None = None) -> EgretError:
    """Why no zero was taken."""
    caught: list[EgretError] = []

    async def act(device: Device) -> None:
        with pytest.raises(EgretError) as error:
            await zero(device)
        caught.append(error.value)

    sensor = ModbusDevice(TILT, 80, board)
    sensor.faults = faults or DeviceFaults()

    async def ask(line: VirtualLine) -> None:
        await act(Device(line.bus, 80, TILT, {}))

    on_a_line(sensor, ask=ask)
    return caught[0]


def test_the_zero_is_the_mean_of_a_minute_with_its_deviation() -> None:
    """600 polls of a board that stands at 0.42° and -0.13° with a noise of 0.01°; who, when, how long is kept."""
    seen: list[Progress] = []

    async def act(device: Device) -> None:
        taken = await take_zero(device, seen.append, for_s=60, time=TIME, person="陈工")
        assert taken.baseline == pytest.approx({"roll": 0.42, "pitch": -0.13}, abs=0.003)
        assert taken.points["roll"].sigma == pytest.approx(0.01, rel=0.2)
        assert (taken.person, taken.time, taken.for_s, taken.below, taken.failures) == ("陈工", TIME, 60, 0.05, {})
        assert 550 < taken.polls <= 600
        assert len(taken.points["roll"].curve) == 240
        assert math.isclose(float((await device.sample())["lean"] or 0), 0, abs_tol=0.05)

    at_the_pole(Board(), act)
    assert seen[0].left_s > 59
    assert seen[-1].part == pytest.approx(1, abs=0.01)
    assert seen[-1].spreads["roll"].mean == pytest.approx(0.42, abs=0.003)


def test_a_board_that_swings_gets_no_zero() -> None:
    """A swing of 0.1° with a period of 3 s has a deviation of 0.07°: refused, with what to do."""
    steps = iter(range(10_000))
    error = refused(lambda: {**Board()(), "roll": 0.1 * math.sin(next(steps) * 0.2)})
    assert (error.code, error.exit_code) == ("E-FIELD-013", CheckFailed.exit_code)
    assert "it moves: roll 0.07" in str(error)
    assert "nothing was stored" in str(error)


def test_a_slow_drift_that_noise_hides_is_a_movement() -> None:
    """A sensor that creeps by 0.1° within the minute: its deviation is 0.03°, below the limit of 0.05°."""
    steps = iter(range(10_000))
    assert refused(lambda: {**Board(noise=0)(), "roll": next(steps) * 0.1 / 600}).code == "E-FIELD-013"


def test_a_zero_of_few_answers_is_refused() -> None:
    """Every third poll is lost: the mean of the rest would hide why."""
    assert refused(Board(), DeviceFaults(is_silent=True, share=0.33)).code == "E-FIELD-012"
    assert refused(Board(), DeviceFaults(is_silent=True)).code == "E-FIELD-015"


def test_a_zero_has_ten_samples_however_short_it_is() -> None:
    """A slow device, or a busy machine: it is looked at for longer."""

    async def act(device: Device) -> None:
        assert (await zero(device, 0.3)).polls == 10

    at_the_pole(Board(), act)


def test_a_known_tilt_is_measured_and_put_back() -> None:
    """A person tilts it by 10° and puts it back, each within its minute; what it measured then is kept."""
    board, said, shown = Board(roll=40), list[str](), list[KnownTilt]()

    async def ask(say: str) -> None:
        said.append(say)
        board.roll = 50 if "tilt" in say else 40.3

    async def act(device: Device) -> None:
        device.zeroed((await zero(device, 5)).baseline)
        shown.append(await show_known_tilt(device, ask, quiet, time=TIME, person="陈工"))

    at_the_pole(board, act)
    assert said == ["tilt the sensor by about 10 degrees, and hold it", "put it back"]
    tilted, back = shown[0].poses
    assert (tilted.condition, tilted.name, shown[0].unit) == ("5 < lean < 20", "lean", "deg")
    assert tilted.value == pytest.approx(10, abs=0.1)
    assert back.value == pytest.approx(0.3, abs=0.1)


def test_another_family_does_not_show_the_known_tilt() -> None:
    """It sends half an angle where this one's roll is: ten degrees of tilt are nothing it would say."""
    board = Board()

    async def act(device: Device) -> None:
        async def ask(_: str) -> None:
            board.roll = 0.5

        device.zeroed((await zero(device, 5)).baseline)
        with pytest.raises(CheckFailed, match=r"5 < lean < 20 did not come within 60 s; lean was 0\.\d+ deg") as error:
            await show_known_tilt(device, ask, quiet, time=TIME, person="陈工")
        assert "another model or family" in str(error.value)

    at_the_pole(board, act)


def test_the_sensors_own_zero_is_set_only_as_its_profile_says() -> None:
    """A person is warned, then: unlock, set the reference. The simulator keeps no such register, and refuses."""
    said: list[str] = []

    async def act(line: VirtualLine) -> None:
        async def ask(say: str) -> None:
            said.append(say)

        device = Device(line.bus, 80, TILT, {})
        with pytest.raises(DeviceRefused):
            await zero_in_sensor(device, ask, quiet)

    frames = on_a_line(ModbusDevice(TILT, 80, Board()), ask=act)
    assert said == ["the sensor itself forgets its zero - the zero on the box is the better one"]
    written = [frame.octets[:6].hex() for frame in frames if frame.octets[1] == 6]
    assert written == ["50060069b588", "50060069b588", "500600010008"]  # the first is confirmed


def test_a_level_has_no_zero_to_take() -> None:
    """Its profile names none, and says so."""
    probe = ModbusDevice(LIBRARY["keller-36xw"], 1, dict)

    async def ask(line: VirtualLine) -> None:
        with pytest.raises(Unsafe, match="does not say how"):
            await zero(Device(line.bus, 1, LIBRARY["keller-36xw"], {"water_density": 998.0, "sensor_height": 0.0}))

    on_a_line(probe, ask=ask)
