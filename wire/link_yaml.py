"""The sections `link` and `timing` of a profile.yaml: how a device is reached, and how fast it is."""

import re

from wire import located
from wire.profile import BleLink, LinkKind, LinkSettings, Timing

FRAMES = ("8N1", "8E1", "8O1", "8N2")
"""How characters may look on a line of ours."""
WAYS = {
    "modbus": {"rtu": LinkKind.MODBUS_RTU},
    "serial": {"stream": LinkKind.SERIAL_STREAM, "query": LinkKind.SERIAL_QUERY},
    "ble": {"notify": LinkKind.BLE_NOTIFY, "advert": LinkKind.BLE_ADVERT},
    "lorawan": {"uplink": LinkKind.LORAWAN},
}
"""A key of `link`, its words, and the source that reads such a device."""
ASKED = (LinkKind.MODBUS_RTU, LinkKind.SERIAL_QUERY)
"""Devices that answer when they are asked; the others speak by themselves."""
SERIAL = (*ASKED, LinkKind.SERIAL_STREAM)
"""Devices at the end of a serial port."""
_RECEIVED = (LinkKind.LORAWAN, LinkKind.BLE_ADVERT)
"""Of each message of these it is known how strongly it was received."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_link(entry: located.Block) -> LinkSettings:
    """The section `link`."""
    way = next((key for key in WAYS if key in entry), "modbus")
    kind = WAYS[way][entry.choice(way, tuple(WAYS[way]))]
    is_serial, is_ble = kind in SERIAL, kind in (LinkKind.BLE_NOTIFY, LinkKind.BLE_ADVERT)
    link = LinkSettings(
        baud=entry.integer("baud", 300, 921_600) if is_serial else 0,
        frame=entry.choice("frame", FRAMES) if is_serial else "",
        unit=entry.integer("unit", 1, 247, default=None if kind is LinkKind.MODBUS_RTU else 1),
        any_unit=entry.integer("any_unit", 0, 255, default=0),
        kind=kind,
        ble=_ble(entry, kind) if is_ble else None,
        port=entry.integer("port", 1, 223) if kind is LinkKind.LORAWAN else 0,
        has_signal=kind in _RECEIVED and entry.flag("signal", default=False),
    )
    entry.done()
    return link


def _ble(entry: located.Block, kind: LinkKind) -> BleLink:
    if kind is LinkKind.BLE_ADVERT:
        return BleLink(device=entry.text("device", ""), company=entry.integer("company", 0, 0xFFFF))
    return BleLink(
        device=entry.text("device"),
        service=_uuid(entry, "service"),
        notify=_uuid(entry, "notify"),
        write=_uuid(entry, "write") if "write" in entry else "",
    )


def _uuid(entry: located.Block, key: str) -> str:
    """Whole: a short one stands on the base of the Bluetooth SIG, on which some makers' do not."""
    text = entry.text(key)
    if not UUID.fullmatch(text):
        fix = "write it whole and in lower case: 0000ffe4-0000-1000-8000-00805f9a34fb"
        entry.wrong(key, f"{text!r} is no UUID.", fix, "E-PROFILE-027")
    return text


def read_timing(entry: located.Block, kind: LinkKind) -> Timing:
    """The section `timing`."""
    is_asked = kind in ASKED
    timing = Timing(
        timeout_s=entry.duration("timeout", 0.001, 60.0) if is_asked else 0.0,
        gap_s=entry.duration("gap", default=0.0),
        late_max_s=entry.duration("late_max") if is_asked else 0.0,
        min_poll_s=entry.duration("min_poll", 0.001),
        after_write_s=entry.duration("after_write", default=0.0),
        silence_s=0.0 if is_asked else entry.duration("silence", 0.001),
    )
    if timing.late_max_s < timing.timeout_s:
        what = "late_max is shorter than timeout: a late reply would be taken for the next one."
        entry.wrong("late_max", what, "write the longest the device may take to answer", "E-PROFILE-010")
    entry.done()
    return timing
