"""What a self-test says of a sensor, its line, its clock and its link."""

import asyncio
from random import Random

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.field import selftest
from edge.field.device import Device
from edge.field.link_cut import LinkCut
from edge.field.selftest import Check, Look, Outcome, SelfTest, look_at
from edge.machine_clock import Kept
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.modbus_device import ModbusDevice
from wire.errors import SourceTimeout
from wire.profile_yaml import library_folder, load_library
from wire.registers import Value

LIBRARY = load_library(library_folder())
TILT, RUUVI = LIBRARY["witmotion-wt901c-485"], LIBRARY["ruuvi-ruuvitag"]
GOOD = LinkCut(is_here=False, cut_s=120, linked_s=1.2, alarm_s=0.1, readings=900, during=800, drained_s=0.6)


def checks(noise: float = 0.01, loss: float = 0.0, temp: float = 25.0) -> dict[str, Check]:
    """Of 200 polls of a sensor with so much noise, on a line that loses so much."""
    found: list[Check] = []
    rng = Random(5)

    def values() -> dict[str, Value]:
        return {"acc_z": 1.0, "temp": temp, "roll": rng.gauss(1, noise), "pitch": rng.gauss(0, noise)}

    sensor = ModbusDevice(TILT, 80, values)
    sensor.faults = DeviceFaults(is_silent=True, share=loss) if loss else DeviceFaults()

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults()
        device = Device(line.bus, 80, TILT, {})
        found.extend(selftest.of_the_sensor(device, await look_at(device, 200, lambda _: None)))

    on_a_line(sensor, ask=ask)
    return {f"{check.name}/{check.of}".rstrip("/"): check for check in found}


def test_a_good_sensor_passes() -> None:
    """No poll lost, a noise of 0.01° where 0.05° may be, nothing outside its range."""
    found = checks()
    assert {name: check.outcome for name, check in found.items()} == dict.fromkeys(
        ("loss", "noise/roll", "noise/pitch", "span"), Outcome.PASSED
    )
    assert found["loss"].measured == 0
    assert (found["noise/roll"].most, found["noise/roll"].unit) == (0.05, "deg")


def test_what_is_wrong_fails_by_its_name() -> None:
    """One poll in twenty lost, a noise of 0.2°, a chip at 90 °C: each fails alone, and says how much."""
    lossy = checks(loss=0.05)["loss"]
    assert (lossy.outcome, lossy.unit) == (Outcome.FAILED, "%")
    assert "silent" in lossy.note
    assert checks(noise=0.2)["noise/roll"].outcome is Outcome.FAILED
    hot = checks(temp=90)
    assert (hot["span"].outcome, hot["span"].note) == (Outcome.FAILED, "temp")
    assert hot["loss"].outcome is Outcome.PASSED


def test_a_sensor_that_is_gone_is_not_waited_for() -> None:
    """Unplugged after a while: that is said within a minute, and not after every poll that is left has failed."""
    sensor = ModbusDevice(TILT, 80, lambda: {"acc_z": 1.0, "temp": 25.0, "roll": 0.4, "pitch": 0.0})

    async def ask(line: VirtualLine) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(20, setattr, sensor, "faults", DeviceFaults(is_silent=True))
        with pytest.raises(SourceTimeout):
            await look_at(Device(line.bus, 80, TILT, {}), 600, lambda _: None)
        assert loop.time() < 80

    on_a_line(sensor, ask=ask)


@pytest.mark.parametrize(("silent", "outcome"), [(0, "skipped"), (6, "skipped"), (7, "failed")])
def test_adverts_that_are_missed_now_and_then_are_no_pass(silent: int, outcome: str) -> None:
    """Of 600 silences at most six are allowed; how many adverts were missed beside them nobody knows."""
    tag = Device(None, 0, RUUVI, {})  # type: ignore[arg-type]
    look = Look(600, {"silent": silent} if silent else {}, 1.0, {}, (), -60)
    assert selftest.of_the_sensor(tag, look)[0].outcome == outcome


def test_a_clock_that_nobody_keeps_is_left_out_not_passed() -> None:
    """A laptop without a network has no time server; one that has is right to the millisecond."""
    assert selftest.of_the_clock(Kept(is_synced=False, error_us=16_000_000)).outcome is Outcome.SKIPPED
    assert selftest.of_the_clock(Kept(is_synced=True, error_us=1_500)).outcome is Outcome.PASSED
    assert selftest.of_the_clock(Kept(is_synced=True, error_us=1_500_000)).outcome is Outcome.FAILED


def outcomes(cut: LinkCut, *, has_broker: bool = True) -> list[str]:
    """Of uplink, test alarm and cut."""
    return [check.outcome.value for check in selftest.of_the_link(cut, has_broker=has_broker)]


def test_the_link_is_judged_by_what_arrived() -> None:
    """Lost, doubled, late, never: each fails what it is about."""
    assert outcomes(GOOD) == ["passed", "passed", "passed"]
    assert outcomes(LinkCut(is_here=False, cut_s=120)) == ["failed", "failed", "failed"]
    late = LinkCut(is_here=False, cut_s=120, linked_s=1, alarm_s=9, readings=9, during=9, drained_s=1)
    assert outcomes(late) == ["passed", "failed", "passed"]
    lost = LinkCut(is_here=False, cut_s=120, linked_s=1, alarm_s=1, readings=9, during=9, lost=2)
    assert outcomes(lost) == ["passed", "passed", "failed"]
    silent = LinkCut(is_here=False, cut_s=120, linked_s=1, alarm_s=1, readings=9, during=0, drained_s=1)
    assert outcomes(silent) == ["passed", "passed", "failed"]


def test_without_a_network_the_uplink_is_left_out_and_the_rest_says_where_it_was_tried() -> None:
    """The box's half is shown on this machine; a broker that was named and is away is a failure."""
    here = LinkCut(is_here=True, cut_s=120, linked_s=1, alarm_s=0.1, readings=9, during=8, doubled=0, drained_s=1)
    assert outcomes(here, has_broker=False) == ["skipped", "passed", "passed"]
    assert {check.note for check in selftest.of_the_link(here, has_broker=False)} == {"no_broker", "on_this_machine"}
    assert outcomes(here, has_broker=True) == ["failed", "passed", "passed"]
    twice = LinkCut(is_here=True, cut_s=120, linked_s=1, alarm_s=0.1, readings=9, during=8, doubled=3, drained_s=1)
    assert outcomes(twice, has_broker=False)[2] == "failed"


def test_one_failed_check_fails_the_test_and_one_left_out_does_not() -> None:
    """What could not be tried is on the report, and is for the reader to judge."""
    look = selftest.Look(1, {}, 1.0, {}, ())
    parts = [Check("loss", Outcome.PASSED), Check("clock", Outcome.SKIPPED)]
    assert SelfTest("", "", tuple(parts), look).outcome is Outcome.PASSED
    assert SelfTest("", "", (*parts, Check("span", Outcome.FAILED)), look).outcome is Outcome.FAILED
