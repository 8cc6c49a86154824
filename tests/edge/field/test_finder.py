"""From a port on which somebody may be to a zero, in virtual time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from edge.ble.radio import Radio
from edge.bus import Bus
from edge.field import finder, reach
from edge.field.record import Found
from edge.field.zero import Zero, take_zero
from edge.serial_port import SerialSettings
from edge.sim import virtual_time
from edge.sim.medium import Medium
from edge.sim.memory_port import MemoryPort
from edge.sim.message_device import MessageDevice
from edge.sim.stations import Stations
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
QUERY = LIBRARY["bwsensing-bwm826"]


def test_who_has_messages_of_its_own_is_found_and_gets_a_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among all models of the library it is the one that answers, has no unit identifier, and lies still."""

    async def run() -> tuple[Found, Zero]:
        medium = Medium(Random(7), lambda _frame: None)
        device = MessageDevice(QUERY, QUERY.link.unit, lambda: {"x": 1.25, "y": -0.5})
        Stations(medium, [device], Random(7))

        @contextmanager
        def opened(_port: Path, settings: SerialSettings) -> Iterator[Bus]:
            port = MemoryPort(medium, settings)
            yield Bus(port)
            port.close()

        monkeypatch.setattr(finder, "opened", opened)
        monkeypatch.setattr(reach, "opened", opened)
        (found,) = [one async for one in finder.Finder(LIBRARY, 0.05).on_port(Path("memory"))]
        assert isinstance(found, Found)
        async with reach.reached(found, QUERY, {}, Radio()) as line:
            return found, await take_zero(line, lambda _: None, for_s=60, time="", person="陈工")

    found, zero = virtual_time.run(run())
    assert (found.source, found.unit, found.model, found.proof) == ("serial_query", 0, QUERY.name, "possible")
    assert zero.baseline == {"x": 1.25, "y": -0.5}
    assert zero.polls > 100
    assert not zero.failures
