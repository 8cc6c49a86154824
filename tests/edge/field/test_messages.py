"""Who speaks on a line, by what it says: every model of the library, and noise, which is nobody."""

import asyncio
from random import Random

import pytest

from edge.field import messages
from edge.field.identify import Match
from edge.serial_port import SerialSettings
from edge.sim import virtual_time
from edge.sim.medium import Medium
from edge.sim.memory_port import MemoryPort
from edge.sim.message_device import MessageDevice
from edge.sim.sensing import printed_values
from edge.sim.stations import Babbler, Stations
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
SPEAKING = messages.speaking(LIBRARY.values())


@pytest.mark.parametrize("profile", SPEAKING, ids=lambda profile: profile.name)
def test_every_model_that_speaks_is_recognised_soon(profile: Profile) -> None:
    """Within two seconds, or once it has spoken twice; of two that sound alike both are named."""
    soon_s = max(2.0, 2.1 * max(profile.intervals_s))

    async def run() -> list[Match]:
        medium = Medium(Random(7), lambda _frame: None)
        device = MessageDevice(profile, 1, lambda: printed_values(profile))
        Stations(medium, [device], Random(7))
        port = MemoryPort(medium, device.settings)
        _, matches = await messages.overheard(port, SPEAKING, messages.GLANCE_S)
        assert asyncio.get_running_loop().time() < soon_s
        return matches

    assert profile in [match.profile for match in virtual_time.run(run())]


def test_noise_and_a_stream_of_another_make_are_nobody() -> None:
    """Random bytes for two and a half seconds: bytes are handed back, and no model."""

    async def run() -> tuple[bytes, list[Match]]:
        medium, rng = Medium(Random(7), lambda _frame: None), Random(8)
        Babbler(medium, lambda: SerialSettings(9600, "8N1"), 0.05, lambda: rng.randbytes(20))
        return await messages.overheard(MemoryPort(medium, SerialSettings(9600, "8N1")), SPEAKING, 0.35)

    octets, matches = virtual_time.run(run())
    assert len(octets) > 500
    assert matches == []


@pytest.mark.parametrize("profile", messages.answering(LIBRARY.values()), ids=lambda profile: profile.name)
def test_every_model_that_answers_in_its_own_messages_is_named_by_its_answer(profile: Profile) -> None:
    """By its own question, and by no other's."""

    async def run() -> dict[str, bool]:
        medium = Medium(Random(7), lambda _frame: None)
        device = MessageDevice(profile, profile.link.unit, lambda: printed_values(profile))
        Stations(medium, [device], Random(7))
        port = MemoryPort(medium, device.settings)
        return {
            other.name: await messages.answered(port, other) is not None
            for other in messages.answering(LIBRARY.values())
        }

    assert virtual_time.run(run()) == {other.name: other is profile for other in messages.answering(LIBRARY.values())}
