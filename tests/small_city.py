"""A city of four sites in two districts, what its sensors measure, and alarms of its boxes."""

from pathlib import Path

from cloud.access.actor import Actor, Role
from cloud.cases.case_act import Act
from cloud.cases.case_flow import Case
from cloud.cases.casebook import Asked, Casebook
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.ports import Batch, Column
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import AlarmMessage
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

SECOND_NS = 1_000_000_000
LEAN = "XM-TA-0117-T1/lean"

SENSORS_YAML = """
schema: egret.sensors/1
crs: WGS-84
city: {name: 小城, name_en: Small City, demonstration: true}
districts: {siming: 思明区, tongan: 同安区}
kinds:
  billboard: {profile: witmotion-wt901c-485, limits: billboard}
  gas: {profile: honeywell-sensepoint-xrl, limits: gas}
boxes:
  XM-SM-01:
    name: 思明 1 号箱
    lines: {a: {source: modbus_rtu, port: /dev/ttyS1}, b: {source: modbus_rtu, port: /dev/ttyS2}}
  XM-TA-01:
    name: 同安 1 号箱
    lines: {a: {source: modbus_rtu, port: /dev/ttyS1}}
sites:
  XM-SM-0001:
    {name: 中山路步行街南口, name_en: Zhongshan Road, kind: billboard, district: siming, at: [24.4551, 118.0780],
     sensors: {T1: {line: XM-SM-01/a, unit: 0x50}}}
  XM-SM-0002:
    {name: 环岛路音乐广场, kind: billboard, district: siming, at: [24.4330, 118.1120],
     sensors: {T1: {line: XM-SM-01/a, unit: 0x51}}}
  XM-SM-G01:
    {name: 湖滨南路燃气舱, kind: gas, district: siming, at: [24.4690, 118.1010],
     sensors: {G1: {line: XM-SM-01/b, unit: 1}}}
  XM-TA-0117:
    {name: 环城西路南段落地电子屏, name_en: Huancheng Road West, kind: billboard, district: tongan,
     at: [24.7272, 118.1422], sensors: {T1: {line: XM-TA-01/a, unit: 0x50}}}
"""


ONE_BOX_YAML = SENSORS_YAML.replace("XM-SM-01/a, unit: 0x50", "XM-TA-01/a, unit: 0x52").replace(
    "XM-SM-01/a, unit: 0x51", "XM-TA-01/a, unit: 0x53"
)
"""All billboards hang on one box, so that one message may speak of any of them."""


def inventory(folder: Path, text: str = "") -> Inventory:
    """The city, read from a file in `folder`; `text` instead of SENSORS_YAML."""
    path = folder / "sensors.yaml"
    path.write_text(text or SENSORS_YAML, encoding="utf-8")
    return load(path, load_library(library_folder()))


def practice(folder: Path) -> Practice:
    """How that city works its cases: with nothing configured."""
    return Practice(inventory(folder))


def anybody(*_: object) -> None:
    """A permit for whoever it is."""


def person(name: str = "wang") -> Actor:
    """Somebody who may do everything."""
    return Actor(name, Role.MAINTAINER, "session")


async def act(ledger: Ledger, number: str, act: Act, actor: str = "wang") -> Case:
    """Somebody does something to a case; no sensor has said anything."""
    return await Casebook(ledger).act(number, act, person(actor), Asked(), {})


def lean(sequence: int, time_ns: int, level: Level = Level.RED, change: Change = Change.RAISED) -> AlarmMessage:
    """The billboard XM-TA-0117 leans 2.17°, and its box says so."""
    event = AlarmEvent(
        alarm=LEAN,
        sensor="XM-TA-0117-T1",
        rule="lean",
        quantity="tilt",
        change=change,
        level=level,
        value=2.17,
        limit=1.5,
        time_ns=time_ns,
        reason="tilt 2.17 deg is over 1.5 deg",
        sequence=sequence,
    )
    return AlarmMessage("XM-TA-01", "spool-1", 0, (event,))


def tilt_batch(city: Inventory, sensor: str, start_ns: int, values: tuple[float, ...]) -> Batch:
    """One reading a second from `start_ns` on, in degrees."""
    times = tuple(start_ns + at * SECOND_NS for at in range(len(values)))
    column = Column(city.tags(sensor, "XM-TA-01"), "tilt", times, values, (0,) * len(values))
    return Batch("XM-TA-01", "spool-1", 1, len(values), (column,))
