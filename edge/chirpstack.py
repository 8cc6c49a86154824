"""The uplink events of ChirpStack v4's MQTT integration, in its JSON form.

    application/{application id}/device/{devEUI}/event/up

Source: chirpstack/api, integration.proto (UplinkEvent) in protobuf's JSON mapping: names in camelCase, bytes as base64,
and no field that is 0 or empty. ChirpStack has put the copies of several gateways together: `rxInfo` lists them.
"""

import msgspec

from edge.reported import time_of
from wire.errors import WireError
from wire.topics import require_size

UPLINKS = "application/+/device/+/event/up"
"""The topic filter of all of them."""


class Device(msgspec.Struct, frozen=True, rename="camel"):
    """Which device it is."""

    dev_eui: str
    device_name: str = ""


class Reception(msgspec.Struct, frozen=True, rename="camel"):
    """By one gateway: `rssi` in dBm, `snr` in dB."""

    gateway_id: str = ""
    rssi: int = 0
    snr: float = 0.0


class Uplink(msgspec.Struct, frozen=True, rename="camel"):
    """One uplink, once. `data` is what the device sent, decrypted; `f_port` its port, `f_cnt` its number."""

    device_info: Device
    time: str | None = None
    deduplication_id: str = ""
    f_cnt: int = 0
    f_port: int = 0
    data: bytes = b""
    rx_info: tuple[Reception, ...] = ()

    @property
    def time_ns(self) -> int | None:
        """When it was received; None where that is not written, or is no time."""
        try:
            return time_of(self.time) if self.time else None
        except ValueError:
            return None

    @property
    def signal_dbm(self) -> int | None:
        """At the gateway that received it best."""
        return max((reception.rssi for reception in self.rx_info if reception.rssi), default=None)


_decoder = msgspec.json.Decoder(Uplink)


def decode(topic: str, payload: bytes) -> Uplink:
    """Raises WireError."""
    require_size(payload)
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        fix = "set `json=true` in ChirpStack's [integration.mqtt]"
        raise WireError(f"no uplink event: {error}.", where=topic, fix=fix, code="E-LORA-001") from error
