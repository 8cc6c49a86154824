"""Addresses where there are no unit identifiers: each source's own, in one spelling, once a line."""

from pathlib import Path

import pytest
from air_rig import yaml
from box_rig import city

from wire.addresses import known_by
from wire.errors import ConfigError


def sensors(*addresses: str, profile: str) -> str:
    """T0, T1 … with such addresses."""
    entries = ", ".join(
        f"T{number}: {{line: AIR-1/air, profile: {profile}{f', address: {one!r}' if one else ''}}}"
        for number, one in enumerate(addresses)
    )
    return f"{{{entries}}}"


@pytest.mark.parametrize(
    ("source", "profile", "written", "known"),
    [
        ("lorawan", "milesight-em310-tilt", "24E1-2471 3C00AABB", "24e124713c00aabb"),
        ("ble_advert", "ruuvi-ruuvitag", "d4:ac:3f:00:11:22", "D4:AC:3F:00:11:22"),
        ("ble_advert", "ruuvi-ruuvitag", "Ruuvi 1A2B", "Ruuvi 1A2B"),
        ("mqtt_json", "reported", "", "XM-TA-0117-T0"),
        ("modbus_rtu", "reported", "x", ""),
    ],
)
def test_one_spelling(tmp_path: Path, source: str, profile: str, written: str, known: str) -> None:
    """As it stands on the plate or in the app, it is compared as it comes through the air."""
    line = f"{{source: {source}, port: x, broker: mqtt://b}}"
    (sensor,) = city(tmp_path, yaml(line, sensors(written, profile=profile))).sensors.values()
    assert known_by(source, sensor) == known


@pytest.mark.parametrize(
    ("source", "profile", "addresses", "codes"),
    [
        ("lorawan", "milesight-em310-tilt", ("", "24E124713C00AABB"), ["E-CITY-025"]),
        ("lorawan", "milesight-em310-tilt", ("24E124713C00AABB", "24e124713c00aabb"), ["E-CITY-004"]),
        ("ble_notify", "witmotion-bwt901ble", ("D4:AC:3F:00:11",), ["E-CITY-025"]),
        ("mqtt_json", "reported", ("XM-TA-0117-T1", ""), ["E-CITY-004"]),
    ],
)
def test_an_address_that_cannot_be(
    tmp_path: Path, source: str, profile: str, addresses: tuple[str, ...], codes: list[str]
) -> None:
    """None where there must be one, one that is cut short, one that another sensor of the line has."""
    with pytest.raises(ConfigError) as caught:
        city(tmp_path, yaml(f"{{source: {source}}}", sensors(*addresses, profile=profile)))
    assert [mistake.code for mistake in caught.value.mistakes] == codes


def test_one_bluetooth_device_hangs_on_one_line_of_a_box(tmp_path: Path) -> None:
    """A box has one adapter: a second line with the same address would take the device's messages for another's."""
    two = yaml(
        "{source: ble_advert}, more: {source: ble_notify}",
        "{T0: {line: AIR-1/air, profile: ruuvi-ruuvitag, address: D4:AC:3F:00:11:22},"
        " T1: {line: AIR-1/more, profile: witmotion-bwt901ble, address: d4:ac:3f:00:11:22}}",
    )
    with pytest.raises(ConfigError, match=r"on line AIR-1/more belongs to XM-TA-0117-T0 already.*E-CITY-004"):
        city(tmp_path, two)
