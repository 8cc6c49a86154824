"""What every bench ends with: one JSON line."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import msgspec

Figure = float | int | str | None


class Goal(msgspec.Struct, frozen=True):
    """A figure and what it should reach."""

    goal: str
    value: Figure
    met: bool


class Result(msgspec.Struct, frozen=True):
    """`figures` as measured in this run; `notes` say what limits them."""

    bench: str
    figures: Mapping[str, Figure]
    goals: Mapping[str, Goal]
    machine: str
    notes: tuple[str, ...] = ()


def at_most(value: float | None, most: float, unit: str) -> Goal:
    """A goal that is met at or below `most`."""
    return Goal(f"≤ {most:g} {unit}", value, value is not None and value <= most)


def at_least(value: float | None, least: float, unit: str) -> Goal:
    """A goal that is met at or above `least`."""
    return Goal(f"≥ {least:g} {unit}", value, value is not None and value >= least)


def machine() -> str:
    """Cores, processor and Python, so that figures are not compared across machines by mistake."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"
