"""A recording as Modbus devices: the values come back over real RTU bytes."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from detection import BEGIN_NS, SECOND_NS

from edge.bus import Bus
from edge.ports import Source
from edge.serial_port import SerialPort, SerialSettings
from edge.sim.recorded_device import BAUD, BLOCK, FRAME, RecordedDevices, recorded_quantities, serve
from wire.errors import ConfigError, PortBusy
from wire.reading import Sample
from wire.registers import decode_block

SAMPLES = (
    Sample("MUC-01-deck", BEGIN_NS, values=(("accel_z", 9.80665), ("strain", 7.2))),
    Sample("MUC-01-pier", BEGIN_NS, values=(("tilt", -0.286),)),
    Sample("MUC-01-deck", BEGIN_NS + SECOND_NS, values=(("strain", float("nan")),)),
)


class Held:
    """A source that gives some samples, and then waits until it is told to end."""

    def __init__(self, samples: tuple[Sample, ...]) -> None:
        self._samples = samples
        self.given = asyncio.Event()
        self.end = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end.set()

    async def __aiter__(self) -> AsyncIterator[Sample]:
        for sample in self._samples:
            yield sample
        self.given.set()
        await self.end.wait()


async def read(port: Path, recorded: RecordedDevices) -> list[dict[str, object]]:
    """All devices as a client on the line sees them."""
    opened = SerialPort(port, SerialSettings(BAUD, FRAME), rs485=False)
    try:
        bus = Bus(opened)
        found: list[dict[str, object]] = []
        for device in recorded.devices:
            answer = await bus.read(device.unit, device.profile.blocks[BLOCK], device.profile.timing)
            found.append(dict(decode_block(device.profile, BLOCK, answer.numbers)))
        return found
    finally:
        opened.close()


async def test_recorded_values_come_back_over_the_line(tmp_path: Path) -> None:
    """One unit a sensor, floats ABCD from address 0; what was said not to be a number is no value."""
    recorded, source, port = RecordedDevices(recorded_quantities(SAMPLES)), Held(SAMPLES), tmp_path / "dev" / "ttyREC"
    playing: Source = source
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(playing, recorded, port))
        await source.given.wait()
        deck, pier = await read(port, recorded)
        source.end.set()
    assert deck == {"accel_z": struct.unpack(">f", struct.pack(">f", 9.80665))[0], "strain": None}
    assert pier == {"tilt": struct.unpack(">f", struct.pack(">f", -0.286))[0]}
    assert not os.path.lexists(port)


def test_the_register_table_is_for_people() -> None:
    """Unit identifier, protocol address, type, sensor, quantity and its unit."""
    assert RecordedDevices(recorded_quantities(SAMPLES)).table().splitlines() == [
        "unit  address  registers  type      sensor, quantity",
        "   1        0          2  f32 ABCD  MUC-01-deck accel_z [m/s2]",
        "   1        2          2  f32 ABCD  MUC-01-deck strain [um/m]",
        "   2        0          2  f32 ABCD  MUC-01-pier tilt [deg]",
    ]


async def test_a_file_is_not_overwritten_by_a_port(tmp_path: Path) -> None:
    """A link that was left behind is replaced, a file never."""
    port = tmp_path / "sensors.yaml"
    port.write_text("precious", encoding="utf-8")
    recorded = RecordedDevices(recorded_quantities(SAMPLES))
    with pytest.raises(PortBusy, match=r"sensors.yaml: this is a file already. fix: choose another name"):
        await serve(Held(SAMPLES), recorded, port)
    assert port.read_text(encoding="utf-8") == "precious"


def test_too_much_for_one_line_is_refused() -> None:
    """63 quantities do not fit into the registers of one request."""
    with pytest.raises(ConfigError, match=r"1 sensors with up to 63 quantities do not fit on one line.*E-REC-021"):
        RecordedDevices({"A": tuple(f"q{number}" for number in range(63))})
