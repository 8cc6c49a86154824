"""Every serial device of the library that speaks no Modbus, made of its profile and read by the box's own source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from edge.clock import BoxClock
from edge.polled_line import PolledLine, turns
from edge.query_bus import QueryBus
from edge.sim import virtual_time
from edge.sim.medium import Medium
from edge.sim.memory_port import MemoryPort
from edge.sim.message_device import MessageDevice
from edge.sim.sensing import printed_values
from edge.sim.stations import Stations
from edge.stream_line import StreamLine
from wire.fields import decode_message
from wire.inventory import Sensor
from wire.profile import LinkKind, Profile
from wire.profile_yaml import library_folder, load_library
from wire.reading import Sample
from wire.registers import Value

LIBRARY = load_library(library_folder())
SERIAL = {LinkKind.SERIAL_STREAM, LinkKind.SERIAL_QUERY}
DEVICES = [profile for profile in LIBRARY.values() if profile.link.kind in SERIAL]


def source(medium: Medium, device: MessageDevice) -> StreamLine | PolledLine:
    """What a box reads it with, on a port in memory."""
    profile, clock = device.profile, BoxClock.trusted(lambda: 10**18)
    sensor = Sensor("S", "S", "B", "l", profile, profile.link.unit, None, {}, {}, ())

    @asynccontextmanager
    async def connect() -> AsyncIterator[QueryBus]:
        yield QueryBus(MemoryPort(medium, device.settings), profile)

    if device.speaks:
        return StreamLine(lambda: MemoryPort(medium, device.settings), sensor, None, clock=clock)
    return PolledLine(connect, turns([sensor], None), clock=clock)


@pytest.mark.parametrize("profile", DEVICES, ids=lambda profile: profile.name)
def test_a_device_of_messages_is_read_by_a_box(profile: Profile) -> None:
    """Over simulated wires, at its own rate or when it is asked: message by message what its manual prints."""
    wanted = {point.block for point in profile.points}

    async def run() -> list[Sample]:
        medium = Medium(Random(7), lambda _frame: None)
        device = MessageDevice(profile, profile.link.unit, lambda: printed_values(profile))
        Stations(medium, [device], Random(7))
        found: dict[str, Sample] = {}
        async with source(medium, device) as line:
            async for sample in line:
                found[sample.block] = sample
                if set(found) == wanted:
                    break
        return list(found.values())

    read: dict[str, Value] = {}
    for sample in virtual_time.run(run()):
        assert not sample.fault
        read |= decode_message(profile, sample.block, sample.reply)
    assert read == printed_values(profile)
