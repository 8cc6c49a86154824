"""A line that stands in sensors.yaml already, and a device that was reached otherwise."""

from pathlib import Path

import msgspec
import pytest
from commissioned import FOUND, LIBRARY, PLAN, RECORD, TILT

from edge.field.city_entry import new_city, with_sensor
from edge.field.city_line import up_to_date
from edge.field.record import Found, Record
from wire.errors import Unsafe
from wire.sensors_yaml import load

IN_THE_AIR = Found(source="ble_notify", known_by="D4:AC:3F:00:00:01", model="witmotion-bwt901ble")
ON_TCP = Found("10.0.0.7", 0x51, model=TILT.name, source="modbus_tcp")


def sensor(key: str, found: Found, port: str = "") -> Record:
    """A commissioning on line XM-TA-09/a."""
    plan = msgspec.structs.replace(PLAN, key=key, port=port)
    return msgspec.structs.replace(RECORD, plan=plan, found=found, zero=None)


def line_after(folder: Path, standing: list[Record], record: Record) -> str:
    """What the line says when `record` has joined those that stand there."""
    assert record.found
    text = new_city(standing[0].plan, TILT)
    for one in standing:
        text = with_sensor(text, one, TILT, "2026-11-27")
    path = folder / "sensors.yaml"
    path.write_text(text, encoding="utf-8")
    after = up_to_date(text, load(path, LIBRARY), record, LIBRARY[record.found.model])
    (line,) = [one.strip() for one in after.splitlines() if one.strip().startswith("a:")]
    return line


@pytest.mark.parametrize(
    ("was", "found", "port", "line"),
    [
        (FOUND, FOUND, "", "a: {source: modbus_rtu, port: /dev/ttyUSB0}"),
        (
            FOUND,
            msgspec.structs.replace(FOUND, baud=19_200, port="/dev/ttyUSB7"),
            "",
            "a: {source: modbus_rtu, port: /dev/ttyUSB0, baud: 19200}",
        ),
        (FOUND, FOUND, "/dev/ttyS2", "a: {source: modbus_rtu, port: /dev/ttyS2}"),
        (FOUND, ON_TCP, "", "a: {source: modbus_tcp, host: 10.0.0.7}"),
        (FOUND, IN_THE_AIR, "", "a: {source: ble_notify}"),
        (IN_THE_AIR, IN_THE_AIR, "", "a: {source: ble_notify}"),
        (
            ON_TCP,
            msgspec.structs.replace(ON_TCP, port="gw.lan:1502"),
            "",
            "a: {source: modbus_tcp, host: gw.lan, port: 1502}",
        ),
    ],
)
def test_a_line_of_its_own_is_brought_up_to_date(
    tmp_path: Path, was: Found, found: Found, port: str, line: str
) -> None:
    """Alone on it: rate, port, host and source are those by which it was reached; the laptop's port says nothing."""
    assert line_after(tmp_path, [sensor("T1", was)], sensor("T1", found, port)) == line


@pytest.mark.parametrize(
    ("was", "found", "port", "said"),
    [
        (FOUND, msgspec.structs.replace(FOUND, baud=19_200), "", "runs at 9600 8N1, .* answered at 19200 8N1"),
        (FOUND, FOUND, "/dev/ttyS2", "is /dev/ttyUSB0, and this device is to be on /dev/ttyS2"),
        (FOUND, ON_TCP, "", "reads modbus_rtu, and this device was reached by modbus_tcp"),
        (
            ON_TCP,
            msgspec.structs.replace(ON_TCP, port="10.0.0.8"),
            "",
            r"leads to 10\.0\.0\.7:502, .* at 10\.0\.0\.8:502",
        ),
    ],
)
def test_others_on_the_line_are_not_lost(tmp_path: Path, was: Found, found: Found, port: str, said: str) -> None:
    """They would no longer be read: it names the line in the file and them, and what to do."""
    with pytest.raises(Unsafe, match=rf"{said}: XM-TA-0901-T1 would no longer be read") as error:
        line_after(tmp_path, [sensor("T1", was)], sensor("T2", found, port))
    assert error.value.where.startswith(f"{tmp_path / 'sensors.yaml'}:")
    assert error.value.code == "E-FIELD-052"


def test_a_device_that_was_set_as_the_others_joins_them(tmp_path: Path) -> None:
    """The line says no rate, and the factory's of the second is another one: now it says what both have."""
    wind = msgspec.structs.replace(FOUND, unit=1, model="adtek-wsa")
    assert LIBRARY[wind.model].link.baud == 4800
    assert line_after(tmp_path, [sensor("T1", FOUND)], sensor("W1", wind)) == (
        "a: {source: modbus_rtu, port: /dev/ttyUSB0, baud: 9600}"
    )
