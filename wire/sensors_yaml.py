"""Reads sensors.yaml: the city's sites, boxes, lines, sensors and limits, all mistakes at once.

docs/operate/sensors-yaml.md describes the file for the people who write it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from wire import addresses, line_load, located
from wire.crs import WORDS, Crs
from wire.inventory import Box, Inventory, Line, Sensor, Site, SpoolLimits
from wire.limit_sets import FOLDER, read_sets
from wire.located import Block, Mistakes
from wire.open_profiles import OPEN
from wire.profile import LinkKind, Profile
from wire.site_blocks import Known, Placed, check_identifier, read_site, read_template

SCHEMA = "egret.sensors/1"
ADDRESSED = "modbus"
"""Source kinds that begin so find their sensors by unit identifier."""
SERIAL = "modbus_rtu"
ALONE = (LinkKind.SERIAL_STREAM, LinkKind.SERIAL_QUERY)
"""Source kinds whose devices have no address: one a port."""
SPOOL_LEAST = 16 * 2**20
"""Bytes of a spool: sixty of the largest batches, 22 hours of 40 readings a second (judgement)."""


def load(path: Path, profiles: Mapping[str, Profile], limits: Path = FOLDER) -> Inventory:
    """The checked inventory; `profiles` is the device library, `limits` the folder of the sets that it starts from.

    Raises ConfigError with every mistake of the file.
    """
    mistakes = Mistakes()
    root = located.load(path, mistakes)
    root.choice("schema", [SCHEMA])
    crs = Crs(root.choice("crs", WORDS))
    city = root.mapping("city")
    districts = _districts(root.mapping("districts"))
    boxes = root.mapping("boxes")
    lines = frozenset((name, key) for name, box in boxes.blocks() for key in box.mapping("lines"))
    library = {**profiles, **OPEN}
    known = Known(districts, lines, library, read_sets(root.mapping("limits", optional=True), limits), crs)
    sites, placed = _sites(root, known)
    sensors = {found.sensor.id: found.sensor for found in placed}
    inventory = Inventory(
        name=city.text("name"),
        name_en=city.text("name_en", ""),
        is_demonstration=city.flag("demonstration", default=False),
        version=hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        districts=districts,
        sites=sites,
        boxes=_boxes(boxes, sensors),
        sensors=sensors,
    )
    city.done()
    root.done()
    _check_reach(placed, inventory)
    _check_addresses(placed, inventory)
    _check_serial_lines(inventory, mistakes)
    mistakes.raise_any()
    return inventory


def _districts(block: Block) -> dict[str, str]:
    for key in block:
        check_identifier(block, key, key)
    return {key: block.text(key) for key in block}


def _sites(root: Block, known: Known) -> tuple[dict[str, Site], list[Placed]]:
    templates = {name: read_template(block, known) for name, block in root.mapping("kinds").blocks()}
    sites, placed = {}, []
    seen: dict[str, Placed] = {}
    blocks = root.mapping("sites")
    for name, block in blocks.blocks():
        check_identifier(blocks, name, name)
        sites[name], found = read_site(name, block, templates, known)
        placed += found
    for entry in placed:
        sensor = entry.sensor.id
        check_identifier(entry.block, "id", sensor)
        if sensor in seen:
            first = seen[sensor].block.where
            what = f"the sensor id {sensor!r} exists already, at {first}."
            entry.block.wrong("id", what, "ids are site-key: rename the site or the key", "E-CITY-002")
        seen.setdefault(sensor, entry)
    return sites, placed


def _boxes(blocks: Block, sensors: Mapping[str, Sensor]) -> dict[str, Box]:
    hung: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sensor in sensors.values():
        hung[sensor.box, sensor.line].append(sensor.id)
    boxes = {}
    for name, block in blocks.blocks():
        check_identifier(blocks, name, name)
        ports: dict[str, str] = {}
        lines = []
        for key, options in block.mapping("lines").blocks():
            lines.append(Line(name, key, options.text("source"), options, options.where, tuple(hung[name, key])))
            _check_port(options, key, ports)
        spool = _spool(block.mapping("spool", optional=True), block.mapping("ring", optional=True))
        boxes[name] = Box(name, block.text("name", name), tuple(lines), spool, block.size("budget", default=0))
        block.done()
    return boxes


def _spool(block: Block, ring: Block) -> SpoolLimits:
    """How far a box's spool may grow, and the ring in it: a quarter of it where the usual ring would be more."""
    usual = SpoolLimits()
    most = block.size("most", default=usual.most)
    limits = SpoolLimits(
        most=most,
        keep_free=block.size("keep_free", default=usual.keep_free),
        ring=ring.size("most", default=min(usual.ring, most // 4)),
        ring_s=ring.duration("keep", default=usual.ring_s),
        keep_s=block.duration("keep", default=usual.keep_s),
    )
    block.done()
    ring.done()
    if limits.ring > limits.most // 2:
        what = f"a ring of {limits.ring / 2**20:g} MiB is more than half of its spool of {limits.most / 2**20:g} MiB."
        ring.wrong("most", what, "write less here, or more under spool:", "E-CITY-022")
    if limits.most < SPOOL_LEAST:
        what = f"a spool of {limits.most / 2**20:g} MiB is too small."
        block.wrong("most", what, f"write most: {SPOOL_LEAST // 2**20} MiB or more", "E-CITY-019")
    return limits


def _check_port(options: Block, key: str, ports: dict[str, str]) -> None:
    """Two lines on one port would talk at once; `ports` maps those of this box to their lines."""
    port = options.text("port", "")
    if port in ports:
        what = f"line {ports[port]!r} of this box uses {port} already."
        options.wrong("port", what, "give each line its own port", "E-CITY-003")
    elif port:
        ports[port] = key


def _check_reach(placed: list[Placed], inventory: Inventory) -> None:
    """A line's source reads devices that are reached as it reaches them; of a recording or of JSON anything goes."""
    sources = {(line.box, line.key): line.source for box in inventory.boxes.values() for line in box.lines}
    for entry in placed:
        sensor, kind = entry.sensor, entry.sensor.profile.link.kind
        source = sources.get((sensor.box, sensor.line), "")
        read = LinkKind.MODBUS_RTU if source.startswith(ADDRESSED) else source
        if read in set(LinkKind) and read != kind:
            what = f"{sensor.profile.name} is reached as {kind}, line {sensor.box}/{sensor.line} reads {source}."
            entry.block.wrong("line", what, f"hang it on a line with source: {kind}", "E-CITY-023")


def _check_addresses(placed: list[Placed], inventory: Inventory) -> None:
    """On a line a unit identifier or address is one device's; a box's Bluetooth lines share one adapter."""
    lines = {(line.box, line.key): line for box in inventory.boxes.values() for line in box.lines}
    taken: dict[tuple[str, str, int | str], Placed] = {}
    for entry in placed:
        sensor = entry.sensor
        line = lines.get((sensor.box, sensor.line))
        if line is None:
            continue
        found: int | str = ""
        if line.source.startswith(ADDRESSED):
            key, found = "unit", sensor.unit
            said = f"unit identifier {found} (0x{found:02X})"
        elif line.source in addresses.ADDRESSED:
            key, found = "address", addresses.known_by(line.source, sensor)
            said = f"address {found}"
            if wrong := addresses.complaint(line.source, sensor):
                entry.block.wrong(key, *wrong, "E-CITY-025")
        if not found:
            continue
        medium = "" if line.source in addresses.BLE else sensor.line
        first = taken.setdefault((sensor.box, medium, found), entry)
        if first is not entry:
            what = f"{said} on line {sensor.box}/{sensor.line}"
            what += f" belongs to {first.sensor.id} already, at {first.block.place(key)}."
            entry.block.wrong(key, what, "give each device on a line its own address", "E-CITY-004")


def _check_serial_lines(inventory: Inventory, mistakes: Mistakes) -> None:
    """The devices of a serial line share its settings, and their polls fit its time; without addresses there is one."""
    for line in (line for box in inventory.boxes.values() for line in box.lines if line.source in ALONE):
        if len(line.sensors) != 1:
            what = f"line {line.box}/{line.key} has {len(line.sensors)} sensors; {line.source} reads one a port."
            mistakes.add(line.where, what, "give each sensor a port of its own", "E-CITY-024")
    for line in (line for box in inventory.boxes.values() for line in box.lines if line.source == SERIAL):
        sensors = [inventory.sensors[sensor] for sensor in line.sensors]
        settings = line_load.serial_settings(line, sensors)
        name = f"line {line.box}/{line.key}"
        if len(settings) > 1:
            seen = ", ".join(f"{rate} {frame}" for rate, frame in sorted(settings))
            what = f"the devices on {name} have different serial settings: {seen}."
            fix = "set the devices to one baud rate and frame and write `baud:` and `frame:` here"
            mistakes.add(line.where, what, fix, "E-CITY-016")
        elif settings and (load := line_load.utilisation(sensors, min(settings)[0])) > 1:
            what = f"the polls of its {len(sensors)} sensors need {load:.0%} of the time of {name}."
            fix = "poll less often (`every:`), raise `baud:`, or spread the sensors over more lines"
            mistakes.add(line.where, what, fix, "E-CITY-012")
