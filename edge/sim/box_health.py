"""A simulated box's own /sys: a supply, a battery, a warm processor, a worn flash memory and a modem."""

from pathlib import Path
from random import Random

MODEM = "wwan0"
_FILES = {
    "sys/class/power_supply/mains/type": "Mains",
    "sys/class/power_supply/mains/voltage_now": "{supply}",
    "sys/class/power_supply/battery/type": "Battery",
    "sys/class/power_supply/battery/voltage_now": "{battery}",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
    "sys/class/thermal/thermal_zone0/temp": "{celsius}",
    "sys/block/mmcblk0/device/life_time": "0x0{wear} 0x01",
    f"sys/class/net/{MODEM}/statistics/rx_bytes": "{down}",
    f"sys/class/net/{MODEM}/statistics/tx_bytes": "{up}",
    "usr/bin/mmcli": '#!/bin/sh\necho \'{{"modem":{{"generic":{{"signal-quality":{{"value":"{signal}"}}}}}}}}\'',
}


def lay(root: Path, rng: Random) -> None:
    """Write the files of one box below its system root; the numbers are plausible, and stay as they are."""
    numbers = {
        "supply": rng.randrange(11_900_000, 12_700_000),
        "battery": rng.randrange(12_500_000, 13_600_000),
        "celsius": rng.randrange(38_000, 56_000),
        "wear": rng.randrange(1, 4),
        "down": rng.randrange(10**6, 10**8),
        "up": rng.randrange(10**7, 10**9),
        "signal": rng.randrange(45, 95),
    }
    for name, text in _FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(**numbers) + "\n", encoding="ascii")
    (root / "usr/bin/mmcli").chmod(0o755)
