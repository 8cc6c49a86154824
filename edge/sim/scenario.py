"""A scenario file: which simulated lines there are, what hangs on them, and what goes wrong when.

docs/develop/rig.md describes the file for the people who write it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.sim.faults import DeviceFaults, LineFaults
from edge.sim.sensing import printed_values
from wire import located
from wire.kinds import build
from wire.link_yaml import FRAMES
from wire.profile import Profile
from wire.registers import Value

SCHEMA = "egret.rig/1"


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """One device: what it measures by point (`values`, in the point's unit), and how much that varies (`spread`)."""

    name: str
    profile: Profile
    unit: int
    baud: int
    frame: str
    values: Mapping[str, Value]
    spread: Mapping[str, float]
    faults: DeviceFaults


@dataclass(frozen=True, slots=True)
class Event:
    """What happens `at_s` after the start: one of these, on the line or to one device of it."""

    at_s: float
    device: str = ""
    line_faults: LineFaults | None = None
    device_faults: DeviceFaults | None = None
    is_brown_out: bool = False
    unplugged_s: float = 0.0
    babble_s: float | None = None


@dataclass(frozen=True, slots=True)
class LineScenario:
    """One pair of wires. `ports` are the files at which clients open it; `frame` is how clients' characters look."""

    name: str
    ports: tuple[Path, ...]
    frame: str
    faults: LineFaults
    devices: tuple[DevicePlan, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of it; `seed` decides everything that is left to chance."""

    seed: int
    lines: tuple[LineScenario, ...]


def load(path: Path, library: Mapping[str, Profile]) -> Scenario:
    """Raises ConfigError with all mistakes of the file."""
    mistakes = located.Mistakes()
    root = located.load(path, mistakes)
    root.choice("schema", (SCHEMA,))
    seed = root.integer("seed", default=1)
    lines = tuple(_line(name, entry, library) for name, entry in root.mapping("lines").blocks())
    root.done()
    mistakes.raise_any()
    return Scenario(seed, lines)


def one_device(profile: Profile, unit: int, port: Path) -> Scenario:
    """A line with one device in its factory settings, but for the unit identifier."""
    plan = DevicePlan(
        "device", profile, unit, profile.link.baud, profile.link.frame, printed_values(profile), {}, DeviceFaults()
    )
    return Scenario(1, (LineScenario("line", (port,), profile.link.frame, LineFaults(), (plan,), ()),))


def _line(name: str, entry: located.Block, library: Mapping[str, Profile]) -> LineScenario:
    devices = tuple(_device(key, device, library) for key, device in entry.mapping("devices").blocks())
    frames = [device.frame for device in devices] or ["8N1"]
    ports = tuple(Path(port) for port in entry.sequence("ports").texts())
    found = LineScenario(
        name=name,
        ports=ports,
        frame=entry.choice("frame", FRAMES, frames[0]),
        faults=build(LineFaults, entry.mapping("faults", optional=True), entry.mistakes),
        devices=devices,
        events=tuple(_events(entry, tuple(device.name for device in devices))),
    )
    if not ports:
        entry.wrong("ports", "no client can open this line.", "write ports: [var/rig/tty0]", "E-RIG-001")
    entry.done()
    return found


def _device(name: str, entry: located.Block, library: Mapping[str, Profile]) -> DevicePlan:
    profile = library[entry.choice("profile", tuple(library))]
    points = tuple(point.name for point in profile.points)
    found = DevicePlan(
        name=name,
        profile=profile,
        unit=entry.integer("unit", 1, 247, default=profile.link.unit),
        baud=entry.integer("baud", 300, 921_600, default=profile.link.baud),
        frame=entry.choice("frame", FRAMES, profile.link.frame),
        values=printed_values(profile) | _numbers(entry.mapping("values", optional=True), points),
        spread=_numbers(entry.mapping("spread", optional=True), points),
        faults=build(DeviceFaults, entry.mapping("faults", optional=True), entry.mistakes),
    )
    entry.done()
    return found


def _numbers(entry: located.Block, points: tuple[str, ...]) -> dict[str, float]:
    numbers = {name: entry.number(name) for name in points if name in entry}
    entry.done()
    return numbers


def _event(event: located.Block, devices: tuple[str, ...]) -> Event:
    at_s = event.duration("at")
    device = event.choice("device", devices) if devices and "device" in event else ""
    if "faults" in event and device:
        return Event(at_s, device, device_faults=build(DeviceFaults, event.mapping("faults"), event.mistakes))
    if "faults" in event:
        return Event(at_s, line_faults=build(LineFaults, event.mapping("faults"), event.mistakes))
    if "unplug" in event:
        return Event(at_s, unplugged_s=event.duration("unplug"))
    if not device:
        event.wrong("device", "nobody is named to whom it happens.", "write device: and its name", "E-RIG-002")
    if "brown_out" in event:
        return Event(at_s, device, is_brown_out=event.flag("brown_out"))
    return Event(at_s, device, babble_s=event.duration("babble"))


def _events(entry: located.Block, devices: tuple[str, ...]) -> Iterator[Event]:
    for event in entry.sequence("events", optional=True).blocks():
        yield _event(event, devices)
        event.done()
