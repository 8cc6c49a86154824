"""A box's configuration as files in a folder: a slice of sensors.yaml, its device profiles, its limit sets.

The same files that travel in a document, so that people can look at them, and a mistake has its file and line.
"""

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from wire import whole_file
from wire.bounded import UNDECODABLE
from wire.city_check import load_checked
from wire.desired import LIMITS, PROFILES, SENSORS, Desired, Files, version_of
from wire.errors import ConfigError, Mistake
from wire.inventory import Inventory
from wire.overlay import NORMAL, Allowed, Chosen, Lease, under
from wire.profile_yaml import load_library

_LEASE, _MODES = "lease.json", "modes.json"


def keep(folder: Path, document: Desired) -> None:
    """All that it says, on the disk when this returns. Raises OSError."""
    said = {_LEASE: document.lease, _MODES: document.modes}
    write(folder, {**document.files, **{name: _json(value) for name, value in said.items() if value}})


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def write(folder: Path, files: Files) -> None:
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
        whole_file.sync_folder(place)


def read(folder: Path, now_ns: int = 0, chosen: Chosen = NORMAL) -> tuple[Inventory, Lease | None]:
    """Checked as `egret check` does it, and under the mode that was chosen, else the lease that it comes with.

    Either if it holds now. Its version is the whole configuration's. Raises ConfigError, also where the disk refuses.
    """
    try:
        return _read(folder, now_ns, chosen)
    except (OSError, UnicodeDecodeError) as error:
        what = f"its files cannot be read: {error}."
        fix = "see the disk, and push the configuration again."
        raise ConfigError([Mistake(str(folder), what, fix, "E-FLEET-012")]) from error


def _read(folder: Path, now_ns: int, chosen: Chosen) -> tuple[Inventory, Lease | None]:
    inventory = load_checked(folder / SENSORS, load_library(folder / PROFILES), folder / LIMITS)
    files, modes = _texts(folder), allowed(folder)
    lease = chosen.among(modes, now_ns) or _lease(folder)
    if lease is None or lease.ends_ns <= now_ns:
        return replace(inventory, version=version_of(files, None, modes)), None
    return under(inventory, lease, version_of(files, lease, modes)), lease


def allowed(folder: Path) -> tuple[Allowed, ...]:
    """The modes that may be chosen; none where there are none, or none that can be read."""
    try:
        return msgspec.json.decode((folder / _MODES).read_bytes(), type=tuple[Allowed, ...])
    except (OSError, *UNDECODABLE):
        return ()


def _lease(folder: Path) -> Lease | None:
    """None when there is none, or none that can be read: the files count by themselves."""
    try:
        return msgspec.json.decode((folder / _LEASE).read_bytes(), type=Lease)
    except (OSError, *UNDECODABLE):
        return None


def _texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml")}
