"""The line of a commissioned sensor in sensors.yaml: how the device was reached is how the box will reach it.

A line that stands there with another rate, host or source is brought up to date where the sensor is alone on it. Where
others are on it, they would no longer be read: that is refused.
"""

from collections.abc import Mapping, Sequence

from edge.field.reach import TCP_PORT, host_and_port
from edge.field.record import MODBUS_TCP, Found, Plan, Record
from wire import line_load
from wire.addresses import BLE
from wire.errors import Unsafe
from wire.inventory import Inventory, Line, Sensor
from wire.located import Block, Mistakes, block_of
from wire.profile import Profile
from wire.yaml_text import Entry, Flow, YamlText


def new_line(plan: Plan, found: Found, profile: Profile) -> Flow:
    """As it was found; the port is the one on the box, where somebody has named it."""
    if found.source == MODBUS_TCP:
        host, port = host_and_port(plan.port or found.port)
        return Flow(source=found.source, host=host, **({"port": port} if port != TCP_PORT else {}))
    if found.source in BLE:
        return Flow(source=found.source)
    line = Flow(source=found.source, port=plan.port or found.port)
    if found.baud != profile.link.baud:
        line["baud"] = found.baud
    if found.frame != profile.link.frame:
        line["frame"] = found.frame
    return line


def port_of(line: Line) -> str:
    """As people say it: a serial port, or host and port; empty where it is the box's radio."""
    options = block_of(line.options, line.where, Mistakes())
    if line.source in BLE:
        return ""
    if line.source != MODBUS_TCP:
        return options.text("port")
    host, port = _address(options)
    return host if port == TCP_PORT else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(options: Block) -> tuple[str, int]:
    return options.text("host"), options.integer("port", default=TCP_PORT)


def up_to_date(text: str, before: Inventory, record: Record, profile: Profile) -> str:
    """The text of `before`, with its line as the device was reached; one that is not there yet is not added.

    Raises Unsafe where others on it are reached otherwise.
    """
    plan, found = record.plan, record.found
    assert found is not None
    line = next((one for one in before.lines if (one.box, one.key) == (plan.box, plan.line)), None)
    if line is None:
        return text
    others = [before.sensors[name] for name in line.sensors if name != plan.sensor]
    city, path = YamlText(text), ("boxes", plan.box, "lines", plan.line)
    if line.source != found.source:
        _require_nobody(line, others, f"reads {line.source}, and this device was reached by {found.source}")
        city.put(path, new_line(plan, found, profile))
        return city.text
    for key, value in _changes(line, plan, found, profile, others).items():
        city.put([*path, key], value)
    return city.text


def _changes(line: Line, plan: Plan, found: Found, profile: Profile, others: Sequence[Sensor]) -> Mapping[str, Entry]:
    if found.source in BLE:
        return {}
    options = block_of(line.options, line.where, Mistakes())
    if found.source == MODBUS_TCP:
        host, port = host_and_port(plan.port or found.port)
        known = _address(options)
        if known == (host, port):
            return {}
        _require_nobody(line, others, f"leads to {known[0]}:{known[1]}, and this device was reached at {host}:{port}")
        return {"host": host, **({"port": port} if port != known[1] else {})}
    changes: dict[str, Entry] = {}
    if plan.port and plan.port != options.text("port"):
        _require_nobody(line, others, f"is {options.text('port')}, and this device is to be on {plan.port}")
        changes["port"] = plan.port
    return {**changes, **_settings(line, found, profile, others)}


def _settings(line: Line, found: Found, profile: Profile, others: Sequence[Sensor]) -> Mapping[str, Entry]:
    """Baud rate and frame, where neither the line nor the factory settings of all on it say them."""
    this = Sensor("", "", "", "", profile, found.unit, None, {}, {}, ())
    wanted = (found.baud, found.frame)
    known = line_load.serial_settings(line, others)
    if known - {wanted}:
        said = ", ".join(f"{rate} {frame}" for rate, frame in sorted(known))
        _require_nobody(line, others, f"runs at {said}, and this device answered at {found.baud} {found.frame}")
    now, changes = line_load.serial_settings(line, [*others, this]), dict[str, Entry]()
    if {rate for rate, _ in now} != {found.baud}:
        changes["baud"] = found.baud
    if {frame for _, frame in now} != {found.frame}:
        changes["frame"] = found.frame
    return changes


def _require_nobody(line: Line, others: Sequence[Sensor], said: str) -> None:
    if others:
        raise Unsafe(
            f"line {line.box}/{line.key} {said}: {', '.join(one.id for one in others)} would no longer be read.",
            where=line.where,
            fix="name the line or the port on the box that it hangs on (step 8), or set the device as its line is.",
            code="E-FIELD-052",
        )
