"""How a device that was found is reached again: its line, opened for as long as somebody measures."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from edge.ble.radio import Radio
from edge.bus import opened
from edge.field.air import Sought, identified
from edge.field.air_voice import AirVoice
from edge.field.device import Device
from edge.field.ear import Ear, SerialVoice
from edge.field.record import MODBUS_TCP, Found
from edge.query_bus import QueryBus
from edge.serial_port import SerialSettings
from edge.tcp_bus import connected
from wire.addresses import BLE
from wire.errors import ConfigError, Mistake
from wire.profile import LinkKind, Profile

TCP_PORT = 502


@asynccontextmanager
async def reached(
    found: Found, profile: Profile, constants: Mapping[str, float], radio: Radio
) -> AsyncIterator[Device]:
    """While its line is open, or `radio` hears it. Raises PortBusy, and SourceError where nobody answers there."""
    if found.source in BLE:
        advert, _ = await identified(radio, Sought(found.known_by, {}, profile))
        voice = AirVoice(radio, advert, profile)
        async with voice.listening():
            yield Device(Ear(voice, profile), 0, profile, constants)
        return
    if found.source == MODBUS_TCP:
        async with connected(*host_and_port(found.port)) as tcp:
            yield Device(tcp, found.unit, profile, constants)
        return
    with opened(Path(found.port), SerialSettings(found.baud, found.frame)) as bus:
        if found.source == LinkKind.SERIAL_STREAM:
            yield Device(Ear(SerialVoice(bus.port, profile), profile), 0, profile, constants)
        elif found.source == LinkKind.SERIAL_QUERY:
            yield Device(QueryBus(bus.port, profile), profile.link.unit, profile, constants)
        else:
            yield Device(bus, found.unit, profile, constants)


def host_and_port(text: str) -> tuple[str, int]:
    """Of `192.168.1.40`, `192.168.1.40:502` or `[fe80::1]:502`. Raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(TCP_PORT)
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536 or (":" in host and host[0] != "["):
        fix = "write HOST or HOST:PORT: 192.168.1.40, gateway.lan:502, [fe80::1]:502"
        raise ConfigError([Mistake(text, "this is no network address.", fix, "E-FIELD-010")])
    return host.strip("[]"), int(port)
