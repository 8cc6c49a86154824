"""How the box itself is, as Linux tells it in /proc, /sys and ModemManager: what a machine has not, is left out."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edge import machine_clock

_PER_KELVIN, _PER_VOLT, _MEGA = 1_000, 1_000_000, 1_000_000
EVERY_S = 300.0
"""How often a box says it, unless its line says otherwise."""
QUANTITIES = (
    *("supply_voltage", "battery_voltage", "cpu_temperature", "disk_free", "disk_wear"),
    *("data_used", "modem_signal", "clock_error", "spool_depth"),
)
"""All that a machine may tell."""
_CPU_ZONES = ("cpu", "soc", "x86_pkg")
_WEAR_STEP = 10
"""Percent a step of `life_time`. Source: JEDEC eMMC 5.1, EXT_CSD 268 and 269 (known in the field, not re-read); 0 is
not defined, 11 is beyond its life."""
_MODEM_S = 5.0
Value = tuple[str, float]
"""A quantity of `wire.quantities` and its value."""


def measure(root: Path, disk: Path, modem: str) -> tuple[Value, ...]:
    """Everything there is below the system root `root`; `modem` is the name of its network interface. It blocks."""
    return (
        *_power(root),
        *_temperature(root),
        *_disk(root, disk),
        *_data(root, modem),
        *_signal(root),
        ("clock_error", machine_clock.kept().error_us / 1_000),
    )


def _power(root: Path) -> Iterator[Value]:
    """The first battery, and the first supply that is none."""
    seen = set()
    for device in sorted(root.glob("sys/class/power_supply/*")):
        microvolts = _number(device / "voltage_now")
        quantity = "battery_voltage" if _text(device / "type") == "Battery" else "supply_voltage"
        if microvolts is not None and quantity not in seen:
            seen.add(quantity)
            yield quantity, microvolts / _PER_VOLT


def _temperature(root: Path) -> Iterator[Value]:
    """Of the hottest zone of the processor; where none is called so, of the first zone."""
    zones = sorted(root.glob("sys/class/thermal/thermal_zone*"))
    of_cpu = [zone for zone in zones if any(word in _text(zone / "type").lower() for word in _CPU_ZONES)]
    found = [value for zone in of_cpu or zones[:1] if (value := _number(zone / "temp")) is not None]
    if found:
        yield "cpu_temperature", max(found) / _PER_KELVIN


def _disk(root: Path, disk: Path) -> Iterator[Value]:
    """What is free where `disk` lies, and the wear of the most worn flash memory."""
    if disk.exists():
        free = os.statvfs(disk)
        yield "disk_free", free.f_bavail * free.f_frsize / _MEGA
    steps = [step for file in root.glob("sys/block/*/device/life_time") for step in _hex(_text(file)) if step]
    if steps:
        yield "disk_wear", float(max(steps) * _WEAR_STEP)


def _data(root: Path, modem: str) -> Iterator[Value]:
    """What the modem's interface has carried both ways since it came up."""
    counters = [_number(root / "sys/class/net" / modem / f"statistics/{way}_bytes") for way in ("rx", "tx")]
    if modem and all(count is not None for count in counters):
        yield "data_used", sum(count or 0.0 for count in counters) / _MEGA


def _signal(root: Path) -> Iterator[Value]:
    """As ModemManager rates it; a box without it has none."""
    program = root / "usr/bin/mmcli"
    if not program.exists():
        return
    try:
        call = [str(program), "-m", "any", "-J"]
        said = subprocess.run(call, capture_output=True, timeout=_MODEM_S, check=True).stdout  # noqa: S603 - of the system
        yield "modem_signal", float(json.loads(said)["modem"]["generic"]["signal-quality"]["value"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return  # no modem just now, or one that says nothing


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(file: Path) -> float | None:
    text = _text(file)
    return float(text) if text.lstrip("-").isdecimal() else None


def _hex(text: str) -> list[int]:
    """The numbers of `0x01 0x02`."""
    return [int(word, 16) for word in text.split() if word.startswith("0x")]
