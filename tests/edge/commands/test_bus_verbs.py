"""The verbs of `egret bus` that only look, on a simulated line in another process."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bus_rig
import pytest
from click.testing import CliRunner, Result
from tcp_gateway import gateway

from edge.commands import (
    bus_identify,
    bus_live,
    bus_ports,
    bus_read,
    bus_scan,
    bus_sniff,
    bus_sweep,
    bus_write,
    scan_rows,
)
from edge.field import messages, moving
from edge.sim.modbus_device import ModbusDevice
from edge.sim.sensing import printed_values
from wire.errors import CheckFailed, ConfigError, PortBusy, SourceTimeout, Unsafe
from wire.profile_yaml import library_folder, load_profile

SCENARIO = """
schema: egret.rig/1
lines:
  a:
    ports: [DIR/tty0, DIR/tty1]
    devices:
      tilt: {profile: witmotion-wt901c-485, spread: {roll: 0.05}}
      other: {profile: keller-36xw, unit: 3}
  b:
    ports: [DIR/tty2]
    devices: {wind: {profile: gill-windsonic}}
  c:
    ports: [DIR/tty3]
    devices: {gas: {profile: winsen-mh-441d}}
  d:
    ports: [DIR/tty4]
    devices:
      one: {profile: witmotion-wt901c-485}
      two: {profile: witmotion-wt901c-485, values: {roll: 20}}
  e:
    ports: [DIR/tty5]
    devices: {tilt: {profile: witmotion-wt901c-485}}
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Two adapters on a line of two devices; then an anemometer, a methane module, and two devices at one address."""
    folder = tmp_path_factory.mktemp("rig")
    with bus_rig.simulated(folder, SCENARIO, "tty5"):
        yield tuple(str(folder / f"tty{number}") for number in range(6))


def run(command: object, *words: str) -> Result:
    """As `egret bus …` runs it."""
    return CliRunner().invoke(command, words)  # type: ignore[arg-type]


def test_a_scan_names_what_it_finds(ports: tuple[str, ...]) -> None:
    """The tilt sensor where it left the factory, then the probe by the sweep at the same rate."""
    shown = run(bus_scan.scan, "--port", ports[0], "--units", "3", "--wait-ms", "500", "--json")
    # A pseudo-terminal keeps no parity, so 8E1 finds the same devices there once more.
    rows = [row for line in shown.stdout.splitlines() if (row := json.loads(line))["frame"] == "8N1"]
    assert [(row["unit"], row["baud"]) for row in rows] == [(80, 9600), (3, 9600)]
    assert rows[0]["model"] == "witmotion-wt901c-485 (proven)"
    assert "keller-36xw (possible)" in rows[1]["model"]
    assert "found" in shown.stderr


def test_two_devices_at_one_address_are_said_to_be(ports: tuple[str, ...]) -> None:
    """Whichever way they spoil each other's replies: in the manual's words, and with no log line in the table."""
    words = ("--port", ports[4], "--baud", "9600", "--frame", "8N1", "--units", "80")
    shown = run(bus_scan.scan, *words)
    assert shown.stdout.splitlines()[2:] == [
        "  80 = 0x50   9600    8N1    damaged replies: two devices at this address?"
    ]
    assert shown.stderr.startswith(f"{ports[4]}: 1 found")


def test_what_is_found_is_said_in_chinese(ports: tuple[str, ...]) -> None:
    """Headings and verdicts with the glossary's words; programs are spoken to in English."""
    words = ("--port", ports[4], "--baud", "9600", "--frame", "8N1", "--units", "80", "--lang", "zh")
    _, head, row = run(bus_scan.scan, *words).stdout.splitlines()
    assert head.split() == ["单元标识", "波特率", "格式", "型号"]
    assert "应答损坏：地址冲突" in row
    named = run(bus_identify.identify, "--port", ports[0], "--unit", "80", "--lang", "zh")
    assert "WitMotion WT901C-485 inclinometer，已证实" in named.stdout
    watched = run(bus_live.live, "--port", ports[0], "--unit", "80", "--for", "0.3", "--lang", "zh").stdout
    assert "损坏 0，无应答 0，拒绝 0" in watched
    assert "均值" in watched
    told = run(bus_identify.identify, "--port", ports[0], "--unit", "80", "--lang", "zh", "--json")
    assert json.loads(told.stdout)["proof"] == "proven"


def test_a_row_never_wraps_at_the_edge_of_a_terminal() -> None:
    """What is too long goes on below, in its own column, between words."""
    said = "witmotion-wt901c-485 (proven): tilt_x 2 deg, tilt_y -1.5 deg"
    assert scan_rows.folded(said, 51).splitlines() == [
        "witmotion-wt901c-485 (proven): tilt_x 2 deg, tilt_y",
        " " * 29 + "-1.5 deg",
    ]


def test_a_scan_that_finds_nobody_says_what_to_try(ports: tuple[str, ...]) -> None:
    """Exit code 3, and the next steps on site."""
    shown = run(bus_scan.scan, "--port", ports[0], "--baud", "4800", "--frame", "8N1", "--units", "1-2", "--quick")
    assert isinstance(shown.exception, SourceTimeout)
    assert "swap A and B" in str(shown.exception)


def test_read_shows_every_step(ports: tuple[str, ...]) -> None:
    """Address in all notations, both frames, registers, value, quality."""
    shown = run(bus_read.read, "--port", ports[0], "--profile", "witmotion-wt901c-485")
    for said in (
        "address 0x0034 = 52 · holding register 40053 (Modicon)",
        "asked      50 03 00 34 00 0D C8 40",
        "answered   50 03 1A",
        "temp       09C4 i16 · 0.01 = 25 Cel",
        "quality    good",
    ):
        assert said in shown.stdout


def test_read_of_an_address_shows_what_it_may_mean(ports: tuple[str, ...]) -> None:
    """Two registers of an unknown model: each alone, and both orders of a pair."""
    shown = run(bus_read.read, "--port", ports[0], "--unit", "0x50", "40063", "--count", "2")
    assert "0x003E     0xFE94  u16 65172  i16 -364" in shown.stdout
    assert "CDAB       i32 65172" in shown.stdout
    (row,) = [json.loads(run(bus_read.read, "--port", ports[0], "--unit", "80", "0x3E", "--json").stdout)]
    assert row["registers"] == [65172]


def test_read_shows_every_step_in_chinese(ports: tuple[str, ...]) -> None:
    """The same steps; what the profile itself says stays as it is."""
    shown = run(bus_read.read, "--port", ports[0], "--profile", "witmotion-wt901c-485", "--lang", "zh").stdout
    for said in (
        "位置       地址 0x0034 = 52 · 保持寄存器 40053（Modicon）",
        "请求       50 03",
        "CRC 正确",
        "质量       良好",
    ):
        assert said in shown
    gaps = run(bus_read.read, "--port", ports[0], "--unit", "80", "0x3C", "--count", "8", "--lang", "zh")
    assert gaps.stdout.startswith("地址               Modicon")
    assert "5 个寄存器，询问 9 次，拒绝 3 次" in gaps.stderr


async def test_a_device_behind_modbus_tcp_is_read(ports: tuple[str, ...]) -> None:
    """The same steps; instead of a CRC the frames have a number."""
    profile = load_profile(library_folder() / "witmotion-wt901c-485")
    device = ModbusDevice(profile, 80, lambda: printed_values(profile))
    async with gateway([device]) as host:
        shown = await asyncio.to_thread(run, bus_read.read, "--host", host, "--profile", "witmotion-wt901c-485")
        single = await asyncio.to_thread(run, bus_read.read, "--host", host, "--unit", "80", "0x3E", "--json")
        ranged = await asyncio.to_thread(run, bus_read.read, "--host", host, "--unit", "80", "0x3C", "--count", "8")
    assert "asked      00 01 00 00 00 06 50 03 00 34 00 0D" in shown.stdout
    assert "the reply has the number of the request" in shown.stdout
    assert "temp       09C4 i16 · 0.01 = 25 Cel" in shown.stdout
    assert json.loads(single.stdout)["registers"] == [65172]
    assert f"modbus tcp {host}, unit 80: 5 registers" in ranged.stderr
    both = run(bus_read.read, "--host", host, "--port", ports[0], "--unit", "80")
    assert "--port, --baud and --frame are a serial line's" in both.stderr


def test_a_device_that_nothing_is_known_of_shows_what_it_holds(ports: tuple[str, ...]) -> None:
    """A range with gaps is a table of what answers; where nothing is, that is said, and to look elsewhere."""
    shown = run(bus_read.read, "--port", ports[0], "--unit", "0x50", "0x3C", "--count", "8")
    assert shown.stdout.splitlines()[3].startswith("0x003E = 62        40063    0xFE94   65172    -364")
    assert "5 registers, 9 questions, 3 refused" in shown.stderr
    other = run(bus_read.read, "--port", ports[0], "--unit", "0x50", "0x80", "--count", "2")
    assert "E-BUS-047" in str(other.exception)


def test_a_device_is_swept_where_nothing_is_asked(ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Holding and input registers; here only the range in which the sensor has some."""
    monkeypatch.setattr(bus_sweep, "SWEPT", range(0x3E, 0x42))
    shown = run(bus_read.read, "--port", ports[0], "--unit", "0x50", "--json")
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert (rows[0]["function"], rows[0]["address"], rows[0]["value"]) == (3, 0x3E, 65172)


def test_identify_refuses_the_wrong_model(ports: tuple[str, ...]) -> None:
    """The right one is named with what shows it; another one is a failed check."""
    shown = run(bus_identify.identify, "--port", ports[0], "--unit", "80")
    assert "witmotion-wt901c-485: WitMotion WT901C-485 inclinometer, proven" in shown.stdout
    assert "to confirm: never tried on hardware" in shown.stdout
    wrong = run(bus_identify.identify, "--port", ports[0], "--unit", "80", "--profile", "keller-36xw")
    assert isinstance(wrong.exception, CheckFailed)


def test_live_shows_values_and_the_line(ports: tuple[str, ...]) -> None:
    """After a second: last, mean, deviation; how many polls, and what of them was lost."""
    shown = run(bus_live.live, "--port", ports[0], "--unit", "80", "--for", "1", "--json")
    last = json.loads(shown.stdout.splitlines()[-1])
    assert last["polls"] >= 2
    assert last["values"]["roll"]["mean"] == pytest.approx(2, abs=0.3)
    assert last["values"]["roll"]["sigma"] > 0


def test_who_speaks_by_itself_is_heard_before_anybody_is_asked(ports: tuple[str, ...]) -> None:
    """A scan names the anemometer by its lines; so does identify, and live shows what it says."""
    shown = run(bus_scan.scan, "--port", ports[2], "--json")
    (row,) = [json.loads(line) for line in shown.stdout.splitlines()]
    assert (row["unit"], row["model"]) == (None, "gill-windsonic (possible) speaks by itself")
    assert "1 found, 0 questions" in shown.stderr
    named = run(bus_identify.identify, "--port", ports[2])
    assert "gill-windsonic: Gill WindSonic ultrasonic anemometer, possible" in named.stdout
    assert "speed 2.74 m/s" in named.stdout
    watched = json.loads(run(bus_live.live, "--port", ports[2], "--for", "0.6", "--json").stdout.splitlines()[-1])
    assert watched["values"]["direction"]["last"] == 229
    assert watched["polls"] >= 2


def test_who_answers_in_messages_of_its_own_is_asked_in_them(ports: tuple[str, ...]) -> None:
    """A methane module: found where no Modbus device answers, and watched by its model."""
    shown = run(bus_scan.scan, "--port", ports[3], "--baud", "9600", "--quick", "--wait-ms", "20", "--json")
    (row,) = [json.loads(line) for line in shown.stdout.splitlines()]
    assert row["model"] == "winsen-mh-441d (possible) answers in messages of its own"
    model = ("--port", ports[3], "--profile", "winsen-mh-441d")
    assert "count 500" in run(bus_identify.identify, *model).stdout
    watched = json.loads(run(bus_live.live, *model, "--for", "0.5", "--json").stdout.splitlines()[-1])
    assert watched["values"]["count"]["last"] == 500


def test_a_line_on_which_nobody_speaks_is_said_to(ports: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3 where nothing is heard, and 5 where what is heard is of another model."""
    monkeypatch.setattr(messages, "LISTEN_S", 0.6)
    silent = run(bus_identify.identify, "--port", ports[3])
    assert isinstance(silent.exception, SourceTimeout)
    assert "E-BUS-046" in str(silent.exception)
    other = run(bus_identify.identify, "--port", ports[2], "--profile", "dfrobot-a02yyuw")
    assert isinstance(other.exception, CheckFailed)


@pytest.fixture
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second device at the address is listened for once; how often it takes is a matter of test_moving.py."""
    monkeypatch.setattr(moving, "LOOKS", 1)


@pytest.mark.usefixtures("one_look")
def test_writing_is_refused_or_comes_with_a_way_back(ports: tuple[str, ...], tmp_path: Path) -> None:
    """A setting by its name; a register only with --yes; the maker's calibration and a wrong model never."""
    place = ("--port", ports[0], "--unit", "80")
    record = ("--record", str(tmp_path / "undo.jsonl"))
    shown = run(bus_write.write, *place, "--profile", "witmotion-wt901c-485", *record, "bandwidth=5Hz")
    assert "bandwidth: 256Hz → 5Hz" in shown.stdout
    assert "written and read back" in shown.stdout
    assert "bandwidth=256Hz" in (tmp_path / "undo.jsonl").read_text(encoding="utf-8")
    unsure = run(bus_write.write, *place, "0x1F", "0")
    assert "holds 0x0006 = 6; 0 would overwrite it" in str(unsure.exception)
    assert isinstance(unsure.exception, Unsafe)
    assert "it holds 0x0005 = 5 now" in run(bus_write.write, *place, "0x1F", "5", "--yes").stdout
    (row,) = [json.loads(run(bus_write.write, *place, "0x1F", "0", "--yes", "--json").stdout)]
    assert (row["register"], row["before"], row["after"]) == (0x1F, 5, 0)
    assert "E-BUS-048" in str(run(bus_write.write, *place, "0x1A", "81", "--yes").exception)
    two = ("--port", ports[4], "--unit", "80")
    assert "E-BUS-039" in str(run(bus_write.write, *two, "0x1F", "0", "--yes").exception)
    nowhere = ("--record", str(tmp_path / "missing" / "undo.jsonl"), "bandwidth=5Hz")
    refused = run(bus_write.write, *place, "--profile", "witmotion-wt901c-485", *nowhere)
    assert "E-BUS-049" in str(refused.exception)
    assert "E-BUS-037" in str(run(bus_write.write, *place, "0x05", "7", "--yes").exception)
    wrong = ("--port", ports[0], "--unit", "3", "--profile", "witmotion-wt901c-485", *record)
    assert "E-BUS-030" in str(run(bus_write.set_address, *wrong, "4").exception)


CITY = """
schema: egret.sensors/1
crs: WGS-84
city: {name: 厦门, name_en: Xiamen}
districts: {siming: 思明}
kinds: {billboard: {profile: witmotion-wt901c-485, limits: billboard, settings: {bandwidth: 10Hz}}}
boxes: {XM-TA-01: {name: box, lines: {a: {source: modbus_rtu, port: /dev/ttyS1}}}}
sites:
  XM-TA-0901:
    {name: site, kind: billboard, district: siming, at: [24.5, 118.1], sensors: {T1: {line: XM-TA-01/a, unit: 0x51}}}
"""


@pytest.mark.usefixtures("one_look")
def test_a_device_is_made_what_the_city_wants(ports: tuple[str, ...], tmp_path: Path) -> None:
    """Settings first, then the address; what is so already is left alone, and every change has its way back."""
    city, record = tmp_path / "sensors.yaml", tmp_path / "undo.jsonl"
    city.write_text(CITY, encoding="utf-8")
    words = ("--sensor", "XM-TA-0901-T1", "--inventory", str(city), "--port", ports[5], "--record", str(record))
    shown = run(bus_write.write, *words, "--unit", "0x50").stdout
    assert "bandwidth: 256Hz → 10Hz" in shown
    assert "it answers as unit 81 at 9600 baud 8N1" in shown
    again = run(bus_write.write, *words).stdout
    assert again == "bandwidth: 10Hz → 10Hz\nit is so already; nothing was written\n"
    undone = [json.loads(line)["undo"].split()[2] for line in record.read_text(encoding="utf-8").splitlines()]
    assert undone == ["write", "set-address"]
    assert "no sensor 'XM'" in run(bus_write.write, *words[2:], "--sensor", "XM").stderr


def test_sniff_hears_what_others_say(ports: tuple[str, ...]) -> None:
    """On the second adapter, while a first one asks."""
    words = ("live", "--port", ports[0], "--unit", "80", "--for", "60")
    with subprocess.Popen([sys.executable, "-m", "wire", "bus", *words], stdout=subprocess.PIPE) as asking:
        assert asking.stdout
        asking.stdout.readline()  # it has begun
        shown = run(bus_sniff.sniff, "--port", ports[1], "--baud", "9600", "--for", "1.5")
        asking.terminate()
    assert "→ unit 80: read 13 holding registers from 0x0034" in shown.stdout
    assert "frames" in shown.stderr


def test_live_says_once_what_ails_a_silent_device(ports: tuple[str, ...]) -> None:
    """One fix and one code, and no round trip that is not a number."""
    shown = run(bus_live.live, "--port", ports[0], "--unit", "9", "--profile", "keller-36xw", "--for", "0.6")
    assert "nan" not in shown.stdout
    said = str(shown.exception)
    assert "polls was answered: no reply within" in said
    assert said.count("fix:") == said.count("[E-") == 1


def test_what_is_not_there_has_its_message(tmp_path: Path, ports: tuple[str, ...]) -> None:
    """No such port, no such model, no device named, no such address, a silent unit."""
    missing = run(bus_read.read, "--port", str(tmp_path / "tty"), "--unit", "1", "0")
    assert isinstance(missing.exception, PortBusy)
    assert isinstance(run(bus_read.read, "--port", ports[0], "--profile", "keler-36xw").exception, ConfigError)
    assert "name the device" in run(bus_read.read, "--port", ports[0]).stderr
    assert "speaks no Modbus" in run(bus_read.read, "--port", ports[0], "--profile", "dfrobot-a02yyuw").stderr
    assert "'x' is no address" in run(bus_read.read, "--port", ports[0], "--unit", "1", "x").stderr
    assert isinstance(run(bus_read.read, "--port", ports[0], "--unit", "9", "0").exception, SourceTimeout)


def test_ports_are_listed_or_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """None: exit code 3 and what to do; two: one must be named."""
    monkeypatch.setattr(bus_ports.serial_ports.list_ports, "comports", list)
    assert isinstance(run(bus_ports.ports).exception, PortBusy)
    scanned = run(bus_scan.scan)
    assert isinstance(scanned.exception, PortBusy)
    assert "E-BUS-023" in str(scanned.exception)
