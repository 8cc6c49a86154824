"""Reading profile.yaml: what a good file becomes, and every mistake with its line, cause and fix."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from wire.errors import ConfigError
from wire.located import Block
from wire.profile import PointType
from wire.profile_schema import profile_schema
from wire.profile_yaml import library_folder, load_library, load_profile
from wire.reading import Quality

REPOSITORY = Path(__file__).parents[2]
GOOD = """\
profile: example-lv1
kind: level
title: Example LV1
evidence: {level: none, source: invented for this test}
link: {modbus: rtu, baud: 9600, frame: 8N1, unit: 0x50}
timing: {timeout: 300ms, late_max: 500ms, min_poll: 200ms}
blocks:
  live: {fc: 3, addr: 0x10, count: 4, every: 1s}
  slow: {fc: 4, addr: 0, count: 1, every: 1min}
points:
  mode: {in: live, reg: 0x10, type: u16, codes: {0: normal, 1: warmup}}
  flags: {in: live, reg: 0x11, type: u16, bits: {0: fault}}
  dist: {in: live, reg: 0x12, type: i32, order: CDAB, scale: 1/1000, unit: m, range: [0, 8]}
  temp: {in: slow, reg: 0, type: i16, unit: Cel, means: temperature}
derive:
  level: {expr: site.sensor_height - dist, unit: m, means: water_level}
checks:
  - {if: "mode in [warmup] or flags.fault", quality: bad, why: function_check, say: warming up}
  - {stuck: [dist], for: 1h}
settings:
  unit: {reg: 5, range: [1, 247], effect: restart}
protected:
  span: {addr: 0x20, count: 2, say: the calibration}
procedures:
  apply: [write $reg $value, power_cycle]
vectors:
  - {block: slow, hex: FFF6, want: {temp: -10}, source: computed}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the good example."""
    found = tmp_path / "example-lv1"
    found.mkdir()
    (found / "profile.yaml").write_text(GOOD, encoding="utf-8")
    return found


def mistakes_after(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """What is said about the good file after replacing texts in it: one line a mistake, without the folder."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "profile.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_profile(folder)
    return str(wrong.value).replace(f"{folder}/", "").splitlines()


def test_a_good_file_becomes_a_profile(folder: Path) -> None:
    """Addresses, units, scales and durations arrive in the types the line works with."""
    profile = load_profile(folder)
    assert profile.link.unit == 80
    assert (profile.timing.timeout_s, profile.timing.gap_s) == (0.3, 0.0)
    assert profile.blocks["live"].address == 16
    dist = profile.points[2]
    assert (dist.register, dist.type, dist.order, dist.scale, dist.span) == (18, PointType.I32, "CDAB", 0.001, (0, 8))
    assert profile.derived[0].expression({"site.sensor_height": 3.0, "dist": 1.0}) == 2.0
    assert profile.checks[0].quality is Quality.CALIBRATING
    assert profile.stuck[0].for_s == 3600.0
    assert profile.vectors[0].registers == (0xFFF6,)
    assert profile.quantities == ("temperature", "water_level")


@pytest.mark.parametrize(
    ("base", "printed", "address"),
    [("modicon", 40101, 100), ("minus1", 101, 100), ("raw", 40001, 0x9C41)],
)
def test_printed_register_numbers_say_how_they_count(folder: Path, base: str, printed: int, address: int) -> None:
    """40101 is address 100 to Honeywell, and 40001 is 0x9C41 on the wire to Lambrecht (rain[e] manual, p.31)."""
    text = GOOD.replace("fc: 4, addr: 0,", f"fc: 3, ref: {printed}, ref_base: {base},")
    (folder / "profile.yaml").write_text(text.replace("in: slow, reg: 0,", f"in: slow, ref: {printed},"), "utf-8")
    profile = load_profile(folder)
    assert profile.blocks["slow"].address == profile.points[3].register == address


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("profile: example-lv1", "profile: other"), "1: this profile stands in the folder 'example-lv1'. fix: write"),
        (("title: Example LV1\n", ""), "'title' is missing."),
        (("baud: 9600", "baude: 9600"), "5: unknown key 'baude'. fix: write 'baud'"),
        (("unit: 0x50", "unit: 300"), "5: 'unit' 300 is outside 1..247."),
        (("late_max: 500ms", "late_max: 100ms"), "6: late_max is shorter than timeout"),
        (("count: 4, every: 1s", "count: 4, every: 50ms"), "8: 'every' 0.05 is outside 0.2.. s."),
        (("addr: 0x10", "ref: 40017"), "8: 'ref_base' is missing."),
        (("addr: 0x10", "addr: 0x10, ref: 17, ref_base: minus1"), "8: both addr and ref are written."),
        (("mode: {in: live", "Mode: {in: live"), "11: 'Mode' cannot be a name"),
        (("mode: {in: live", "abs: {in: live"), "11: 'abs' cannot be a name"),
        (("mode: {in: live", "mode: {in: life"), "11: 'in' 'life' is not known. fix: write 'live'"),
        (("{0: normal,", "{zero: normal,"), "11: 'zero' in codes is no number."),
        (("reg: 0x12", "reg: 0x13"), "13: i32 at 19 is not within block live, 16..19."),
        (("order: CDAB, ", ""), "13: 'order' is missing."),
        (("type: i16,", "type: i16, order: ABCD,"), "14: i16 is one register, it has no word order."),
        (("type: i16,", "type: i16, mask: 0xFF,"), "14: mask needs an unsigned type, this point is i16."),
        (("bits: {0: fault}", "bits: {16: fault}"), "12: bits are numbered 0..15"),
        (("bits: {0: fault}", "bits: {0: fault}, means: tilt"), "12: flags has codes or bits"),
        (("scale: 1/1000", "scale: 0"), "13: a scale of 0 makes every value 0."),
        (("range: [0, 8]", "range: [8, 0]"), "13: a range is its least and greatest value."),
        (("unit: Cel", "unit: K"), "14: temperature is kept in 'Cel', this value is in 'K'. fix: scale it to Cel"),
        (
            ("means: temperature", "means: temprature"),
            "14: 'means' 'temprature' is not known. fix: write 'temperature'",
        ),
        (("level: {expr", "dist: {expr"), "16: dist is a point already."),
        (("- dist,", "- dits,"), "16: 'dits' is no value of this profile. fix: write 'dist'"),
        (("- dist,", "- dist ** 2,"), "16: 'dist ** 2' is outside the grammar of expressions."),
        (("- dist,", "- dist * temp,"), "16: expr needs points of the blocks live and slow"),
        (("[warmup]", "[warmpu]"), "18: 'warmpu' is no code of this profile. fix: write 'warmup'"),
        (("quality: bad", "quality: good"), "18: quality 'good' with why 'function_check' is not known."),
        (("stuck: [dist]", "stuck: [dits]"), "19: 'dits' is no value of this profile."),
        (("hex: FFF6", "hex: FFF"), "27: hex is 3 characters, not 1 registers"),
        (("want: {temp", "want: {tmp"), "27: 'tmp' is no value of this profile. fix: write 'temp'"),
        (("reg: 5,", "reg: 0x21,"), "21: register 0x21 is protected: the calibration."),
        (("range: [1, 247], ", ""), "21: a setting needs its codes or its range."),
        (("reg: 5,", "cmd: FF GG,"), "21: 'cmd' is no bytes. fix: write bytes such as FF 1A"),
        (("write $reg", "write 0x20"), "25: register 0x20 is protected: the calibration."),
        (("write $reg", "rite $reg"), "25: 'rite $reg $value' is no step."),
        (("power_cycle", "capture dits"), "25: 'zero.dits' is no value of this profile. fix: write 'zero.dist'"),
        (("m, means: water_level", "Cel, means: temperature"), "10: temperature is published by two values."),
    ],
)
def test_a_mistake_is_said_with_its_line_and_fix(folder: Path, change: tuple[str, str], said: str) -> None:
    """One mistake, one line: where, what, what to write instead, and a code to search for."""
    found = [line for line in mistakes_after(folder, change) if said in line]
    assert len(found) == 1, mistakes_after(folder, change)
    assert re.match(r"profile\.yaml:\d+: .+ fix: .+ \[E-(PROFILE|FILE)-\d{3}\]$", found[0])


def test_all_mistakes_are_said_at_once(folder: Path) -> None:
    """In the order of the file, so that one correction round is enough."""
    found = mistakes_after(folder, ("8N1", "7N1"), ("reg: 0x12", "reg: 0x42"), ("hex: FFF6", "hex: FFF"))
    assert [line.split(":")[1] for line in found] == ["5", "13", "27"]


def test_a_profile_that_publishes_nothing_is_a_mistake(folder: Path) -> None:
    """It would be polled for ever and never be seen."""
    found = mistakes_after(folder, (", means: temperature", ""), (", means: water_level", ""))
    assert "this profile publishes no quantity" in found[0]


def test_an_empty_file_is_read_to_its_end(folder: Path) -> None:
    """Everything that is missing is listed; nothing crashes on the way."""
    (folder / "profile.yaml").write_text("{}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_profile(folder)
    assert {
        "'points' is missing.",
        "'vectors' is missing.",
        "a device that is reached as modbus_rtu is described by blocks.",
    } <= {mistake.what for mistake in wrong.value.mistakes}


def test_a_library_lists_the_mistakes_of_all_its_files(folder: Path) -> None:
    """A broken profile and a folder without one, together."""
    (folder / "profile.yaml").write_text(GOOD.replace("8N1", "7N1"), encoding="utf-8")
    (folder.parent / "empty-one").mkdir()
    with pytest.raises(ConfigError) as wrong:
        load_library(folder.parent)
    assert [mistake.code for mistake in wrong.value.mistakes] == ["E-FILE-001", "E-FILE-014"]


def test_a_library_that_is_not_there_says_what_to_set(tmp_path: Path) -> None:
    """A wrong EGRET_DEVICES is named, with the fix."""
    with pytest.raises(ConfigError, match=r"no device library here.* fix: set EGRET_DEVICES"):
        load_library(tmp_path / "nowhere")


def test_the_library_is_the_named_one_or_the_repository_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """EGRET_DEVICES wins; without it a checkout uses its own firmware-configs."""
    monkeypatch.setenv("EGRET_DEVICES", str(tmp_path))
    assert library_folder() == tmp_path
    monkeypatch.delenv("EGRET_DEVICES")
    assert library_folder() == REPOSITORY / "firmware-configs"


def test_the_example_of_the_manual_is_a_profile(tmp_path: Path) -> None:
    """docs/develop/profiles.md shows a file that loads, and whose vector holds."""
    page = (REPOSITORY / "docs/develop/profiles.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 1
    folder = tmp_path / "example-lv1"
    folder.mkdir()
    (folder / "profile.yaml").write_text(blocks[0], encoding="utf-8")
    assert load_profile(folder).quantities == ("water_level",)


def sections(schema: object) -> list[frozenset[str]]:
    """The keys of every mapping that a JSON Schema describes."""
    if isinstance(schema, list):
        return [keys for item in schema for keys in sections(item)]
    if not isinstance(schema, Mapping):
        return []
    own = [frozenset(schema["properties"])] if "properties" in schema else []
    return own + [keys for value in schema.values() for keys in sections(value)]


def test_schema_and_reader_know_the_same_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that editors offer and the reader refuses, or the other way round, fails here."""
    asked: list[frozenset[str]] = []
    done = Block.done

    def remember(block: Block) -> None:
        asked.append(frozenset(block.asked))
        done(block)

    monkeypatch.setattr(Block, "done", remember)
    load_library(library_folder())
    known = sections(profile_schema())
    read: dict[frozenset[str], frozenset[str]] = defaultdict(frozenset)
    for keys in asked:
        (section,) = [candidate for candidate in known if keys <= candidate]
        read[section] |= keys
    assert {section: section for section in known} == dict(read)
