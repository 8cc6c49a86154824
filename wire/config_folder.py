"""A box's configuration as files in a folder: a slice of sensors.yaml, its device profiles, its limit sets.

The same files that travel in a document, so that people can look at them, and a mistake has its file and line.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wire.city_check import load_checked
from wire.desired import LIMITS, PROFILES, SENSORS, version_of
from wire.inventory import Inventory
from wire.profile_yaml import load_library


def write(folder: Path, files: Mapping[str, str]) -> None:
    """All of them, on the disk when this returns. Raises OSError."""
    for part in (PROFILES, LIMITS):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    for place in {folder, *(path.parent for path in folder.rglob("*"))}:
        sync_folder(place)


def read(folder: Path) -> Inventory:
    """Checked as `egret check` does it; its version is the whole configuration's. Raises ConfigError."""
    inventory = load_checked(folder / SENSORS, load_library(folder / PROFILES), folder / LIMITS)
    return replace(inventory, version=version_of(_texts(folder)))


def sync_folder(folder: Path) -> None:
    """What was created and renamed in it is on the disk when this returns. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml")}
