"""A ChirpStack without gateways: uplink events of simulated LoRaWAN devices, as its MQTT integration publishes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import msgspec

from edge.chirpstack import Device, Reception, Uplink
from wire.message_encoding import encode_message
from wire.messages import FrameShape, TlvShape
from wire.profile import Profile
from wire.registers import Value
from wire.tlv import TIME_SIZE

_SECOND_NS = 1_000_000_000
APPLICATION = "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
"""The application that all of them belong to."""
GATEWAYS = ("24e124fffef00001", "24e124fffef00002")


@dataclass
class LoraDevice:
    """A device of a profile. It numbers its uplinks."""

    profile: Profile
    dev_eui: str
    sent: int = 0

    def payload(self, values: Mapping[str, Value]) -> bytes:
        """One entry for each kind of value of now that it has."""
        now = [shape for shape in self.profile.messages.values() if isinstance(shape, TlvShape)]
        return b"".join(self.entry(shape.name, values) for shape in now if shape.time_at is None)

    def entry(self, name: str, values: Mapping[str, Value], time_s: int = 0) -> bytes:
        """One entry; one of the past has its unix time."""
        shape = self.profile.messages[name]
        if not isinstance(shape, TlvShape):
            raise TypeError(f"{name} is no entry of an uplink")
        # What stands behind the key is a frame without a beginning of its own.
        bare = FrameShape(name, b"", shape.size, None, (), None, shape.is_little, shape.every_s, None, "")
        value = bytearray(encode_message(replace(self.profile, messages={name: bare}), name, values))
        if shape.time_at is not None:
            then = time_s.to_bytes(TIME_SIZE, "little" if shape.is_little else "big")
            value[shape.time_at : shape.time_at + TIME_SIZE] = then
        return shape.key + bytes(value)


@dataclass
class ChirpStack:
    """Makes the events; whoever has a broker publishes them."""

    rng: Random = field(default_factory=lambda: Random(1))

    def event(self, device: LoraDevice, payload: bytes, time_ns: int) -> tuple[str, bytes]:
        """Topic and JSON of an uplink that two gateways received at `time_ns`."""
        received = datetime.fromtimestamp(time_ns // _SECOND_NS, UTC)
        rssi = [self.rng.randint(-119, -60) for _ in GATEWAYS]
        uplink = Uplink(
            Device(device.dev_eui, f"{device.profile.title} {device.dev_eui[-4:]}"),
            time=f"{received:%Y-%m-%dT%H:%M:%S}.{time_ns % _SECOND_NS:09d}+00:00",
            deduplication_id=str(UUID(int=self.rng.getrandbits(128), version=4)),
            f_cnt=device.sent,
            f_port=device.profile.link.port,
            data=payload,
            rx_info=tuple(Reception(gateway, dbm, 7.5) for gateway, dbm in zip(GATEWAYS, rssi, strict=True)),
        )
        device.sent += 1
        return f"application/{APPLICATION}/device/{device.dev_eui}/event/up", msgspec.json.encode(uplink)
