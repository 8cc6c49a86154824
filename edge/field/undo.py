"""The way back: what was changed on a device, and how to change it back, written down before it is done."""

import json
import os
from pathlib import Path

from edge.field.moving import Change
from wire.profile import Profile
from wire.profile_acts import BAUD_SETTING, UNIT_SETTING

FILE = Path("egret-undo.jsonl")
"""In the folder in which the command runs."""


def record(file: Path, port: Path, profile: Profile, change: Change, time_text: str) -> str:
    """Appends one line, on disk when it returns; the command that undoes the change. Raises OSError."""
    command = undoing(port, profile, change)
    row = {
        "schema": "egret.bus.undo/1",
        "time": time_text,
        "port": str(port),
        "profile": profile.name,
        "setting": change.setting.name,
        "register": change.setting.register,
        "before": change.before,
        "after": change.after,
        "source": {"unit": change.source.unit, "baud": change.source.settings.baud},
        "target": {"unit": change.target.unit, "baud": change.target.settings.baud},
        "undo": command,
    }
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(row, ensure_ascii=False) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    return command


def undoing(port: Path, profile: Profile, change: Change) -> str:
    """The command line, to be typed as it is."""
    target = change.target
    place = f"--port {port} --profile {profile.name} --baud {target.settings.baud} --unit {target.unit}"
    if change.setting.name == UNIT_SETTING:
        return f"egret bus set-address {place} {change.source.unit}"
    if change.setting.name == BAUD_SETTING:
        return f"egret bus set-baud {place} {change.source.settings.baud}"
    return f"egret bus write {place} {change.setting.name}={change.setting.said(change.before)}"
