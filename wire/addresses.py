"""What a sensor is known by where there are no unit identifiers: through the air, or on another platform.

| source | `address:` in sensors.yaml | |
|---|---|---|
| `lorawan` | its devEUI | 16 hexadecimal digits, on its plate |
| `ble_advert`, `ble_notify` | its Bluetooth address, or its name | `AA:BB:CC:DD:EE:FF`; a name that is its alone |
| `mqtt_json` | what the platform calls it | without one, the sensor's id |
"""

import re

from wire.inventory import Sensor
from wire.profile import LinkKind

BLE = (LinkKind.BLE_ADVERT, LinkKind.BLE_NOTIFY)
MQTT_JSON = "mqtt_json"
QUIET_S = 900.0
"""How long a sensor of `mqtt_json` may say nothing, where its line does not say."""
ADDRESSED = (LinkKind.LORAWAN, *BLE, MQTT_JSON)
"""Sources that find their sensors so."""
_EUI = re.compile(r"[0-9a-f]{16}")
_BLE = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}")


def known_by(source: str, sensor: Sensor) -> str:
    """The sensor's address in the one spelling in which such a source compares; empty where it has none."""
    address = sensor.address
    if source == LinkKind.LORAWAN:
        return re.sub("[-: ]", "", address).lower()
    if source in BLE:
        return address.upper() if is_ble(address) else address
    return (address or sensor.id) if source == MQTT_JSON else ""


def is_ble(address: str) -> bool:
    """A Bluetooth address, and not a name?"""
    return bool(_BLE.fullmatch(address.upper()))


def complaint(source: str, sensor: Sensor) -> tuple[str, str] | None:
    """What is wrong with its address, and what to write instead."""
    if source == LinkKind.LORAWAN and not _EUI.fullmatch(known_by(source, sensor)):
        return f"{sensor.address!r} is no devEUI.", "write address: and the 16 hexadecimal digits on its plate"
    if source in BLE and (not sensor.address or (":" in sensor.address and not is_ble(sensor.address))):
        fix = "write address: and AA:BB:CC:DD:EE:FF, or its name; `egret ble scan` shows both"
        return f"{sensor.address!r} is no Bluetooth address.", fix
    return None
