"""Who is found on a line, how fast, and what it is taken for; in virtual time."""

import asyncio

import pytest
from virtual_line import VirtualLine, on_a_line

from edge.field import messages, scan
from edge.field.identify import Identifier, Match
from edge.field.scan import Heard, Probe, Scan
from edge.field.sniff import pieces
from edge.serial_port import SerialSettings
from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.message_device import MessageDevice
from edge.sim.modbus_device import ModbusDevice
from edge.sim.sensing import printed_values
from edge.sim.stations import Babbler
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
TILT = LIBRARY["witmotion-wt901c-485"]
PROBE = LIBRARY["keller-36xw"]
NORMAL = SerialSettings(9600, "8N1")


def device(model: str, unit: int, faults: DeviceFaults | None = None) -> ModbusDevice:
    """One that measures what its manual prints."""
    made = ModbusDevice(LIBRARY[model], unit, lambda: printed_values(LIBRARY[model]))
    made.faults = faults or DeviceFaults()
    return made


async def found(line: VirtualLine, probes: list[Probe], wait_s: float = 0.05) -> list[Heard]:
    """Everybody a scan hears."""
    return [one async for one in Scan(line.bus, wait_s).heard(probes)]


def test_a_sensor_as_it_left_the_factory_is_found_within_a_second() -> None:
    """Every model of the library at its factory address, rate and frame, alone on the line."""
    slow: list[str] = []

    async def ask(line: VirtualLine) -> None:
        async for one in Scan(line.bus, 0.05).heard(scan.known(LIBRARY.values())):
            if one.unit == profile.link.unit:
                slow.extend([profile.name] if asyncio.get_running_loop().time() > 1 else [])
                return
        slow.append(f"{profile.name} not found")

    for profile in (one for one in LIBRARY.values() if one.blocks):
        made = device(profile.name, profile.link.unit)
        on_a_line(made, ask=ask, baud=9600)
    assert not slow


def test_a_sweep_of_one_rate_takes_less_than_20_s() -> None:
    """247 addresses at 9600 baud, three of them taken, one by a device that takes 300 ms to answer."""

    async def ask(line: VirtualLine) -> None:
        heard = await found(line, list(scan.everywhere([9600], ["8N1"], scan.UNITS)))
        assert {one.unit for one in heard} == {3, 80, 200}
        assert asyncio.get_running_loop().time() < 20

    late = device("keller-36xw", 200, DeviceFaults(late_s=0.3))
    on_a_line(device("keller-36xw", 3), device("witmotion-wt901c-485", 80), late, ask=ask)


def test_two_at_one_address_are_seen_as_damage() -> None:
    """They answer at once, and one is colder than the other."""

    async def ask(line: VirtualLine) -> None:
        (one,) = await found(line, [Probe(NORMAL, scan.known([TILT])[0].request)])
        assert not one.is_clear

    colder = ModbusDevice(TILT, 80, lambda: {"temp": -31.0})
    on_a_line(device("witmotion-wt901c-485", 80), colder, ask=ask)


def test_a_line_on_which_something_streams_is_given_up_and_named() -> None:
    """At that rate no address can be asked; what it says is kept."""

    async def ask(line: VirtualLine) -> None:
        line.medium.faults = LineFaults(piece=1)
        babbler = Babbler(line.medium, lambda: NORMAL, 0.006, lambda: b"\x55\x51\x01\x02\x03")
        await asyncio.sleep(0.1)
        search = Scan(line.bus, 0.05)
        assert not [one async for one in search.heard(scan.everywhere([9600], ["8N1"], range(1, 20)))]
        assert search.asked == 1
        assert b"\x55\x51" in search.babble[NORMAL]
        babbler.stop()

    on_a_line(ask=ask)


def test_a_sweep_ends_with_the_rate_at_which_somebody_is_heard() -> None:
    """A line has one rate: the others are swept where they are named."""
    heard: list[Heard] = []
    for probe in scan.rest(heard, (), (), range(1, 10)):
        if (probe.settings, probe.request.unit) == (SerialSettings(4800, "8N1"), 3):
            heard.append(Heard(probe.settings, 3, is_clear=True))
        last = probe
    assert (last.settings.baud, last.request.unit) == (4800, 9)
    assert {probe.settings.baud for probe in scan.rest(heard, (), (), range(1, 10))} == {4800}
    assert {probe.settings.baud for probe in scan.rest(heard, (9600,), (), range(1, 10))} == {9600}


def test_who_talks_modbus_unasked_is_heard_before_anybody_is_asked() -> None:
    """A second client, or a device in streaming mode: kept for people, with its settings."""

    async def ask(line: VirtualLine) -> None:
        streaming = device("witmotion-wt901c-485", 80)
        babbler = Babbler(line.medium, lambda: NORMAL, 0.05, streaming.unasked)
        others: dict[SerialSettings, bytes] = {}
        models = [one for one in messages.speaking(LIBRARY.values()) if one.link.baud == NORMAL.baud]
        assert not await messages.speakers(line.port, models, messages.GLANCE_S, others)
        assert any(piece.is_frame for piece in pieces(others[NORMAL]))
        babbler.stop()

    on_a_line(ask=ask)


def test_a_silent_line_is_listened_to_once() -> None:
    """However many rates the library's talkers have: nobody waits for each of them."""

    async def ask(line: VirtualLine) -> None:
        assert not await messages.speakers(line.port, messages.speaking(LIBRARY.values()), messages.GLANCE_S)
        assert asyncio.get_running_loop().time() == pytest.approx(messages.GLANCE_S)

    on_a_line(ask=ask)


@pytest.mark.parametrize("profile", messages.speaking(LIBRARY.values()), ids=lambda profile: profile.name)
def test_who_speaks_at_another_rate_or_parity_is_found_behind_the_garbage(profile: Profile) -> None:
    """Every talker of the library, as it left the factory, by a port that begins at the commonest settings."""

    async def ask(line: VirtualLine) -> None:
        talker = MessageDevice(profile, profile.link.unit, lambda: printed_values(profile))
        babbler = Babbler(line.medium, lambda: talker.settings, 0.1, talker.unasked)
        heard = await messages.speakers(line.port, messages.speaking(LIBRARY.values()), messages.GLANCE_S)
        assert profile.name in {match.profile.name for match in heard}
        babbler.stop()

    on_a_line(ask=ask)


def can_be_identified(profile: Profile) -> bool:
    """Has it anything that may be read without a side effect?"""
    return bool(profile.identity) or any(not (block.before or block.once) for block in profile.blocks.values())


async def matches(line: VirtualLine, unit: int) -> list[Match]:
    """What it is taken for."""
    return await Identifier(line.bus, unit).among(LIBRARY)


def test_a_model_with_identity_registers_is_proven() -> None:
    """A WT901C at a foreign address, and nothing else of the library."""

    async def ask(line: VirtualLine) -> None:
        found_here = await matches(line, 7)
        assert found_here[0].profile is TILT
        assert found_here[0].proof == "proven"
        assert "chip temperature in 0.01 degree 2500" in found_here[0].seen

    on_a_line(device("witmotion-wt901c-485", 7), ask=ask)


def test_a_sensor_of_the_other_family_is_not_taken_for_this_one() -> None:
    """Where the chip temperature would be, the high-precision family has half an angle: 0 when it stands upright."""

    async def ask(line: VirtualLine) -> None:
        assert await Identifier(line.bus, 80).is_one(TILT) is None

    high = ModbusDevice(TILT, 80, lambda: {"temp": 0.0})
    on_a_line(high, ask=ask)


def test_a_model_without_identity_is_possible_at_best() -> None:
    """A Keller probe measures 0.3 bar at 21 °C, which others might as well."""

    async def ask(line: VirtualLine) -> None:
        match = await Identifier(line.bus, 1).is_one(PROBE)
        assert match
        assert match.proof == "possible"

    on_a_line(device("keller-36xw", 1), ask=ask)


@pytest.mark.parametrize("name", [name for name, one in LIBRARY.items() if can_be_identified(one)])
def test_every_simulated_model_is_identified_as_itself(name: str) -> None:
    """At its factory address, rate and frame; one that must be triggered first is not triggered to be named."""
    profile = LIBRARY[name]

    async def ask(line: VirtualLine) -> None:
        assert name in [match.profile.name for match in await matches(line, profile.link.unit)]

    on_a_line(device(name, profile.link.unit), ask=ask, baud=profile.link.baud, frame=profile.link.frame)
