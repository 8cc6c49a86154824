"""sensors.yaml: what it means, what it refuses, and the city that ships."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml

from wire.crs import Crs, from_wgs84
from wire.errors import ConfigError
from wire.inventory import UNREGISTERED, Contact, Exposure, Inventory, ReportPolicy, SpoolLimits, Tags
from wire.line_load import utilisation
from wire.located import Mistakes, parse
from wire.profile import Profile
from wire.profile_yaml import load_library
from wire.sensors_schema import sensors_schema
from wire.sensors_yaml import load
from wire.site_blocks import Known, read_site, read_template
from wire.topics import IDENTIFIER

ROOT = Path(__file__).parents[2]

CITY = """\
schema: egret.sensors/1
crs: WGS-84
city: {name: 厦门}
districts: {tongan: 同安, huli: 湖里}
kinds:
  billboard: {profile: witmotion-wt901c-485, limits: billboard, every: 500ms}
  drainage: {profile: keller-36xw, limits: drainage, constants: {water_density: 998.2}}
boxes:
  XM-TA-01:
    lines:
      a: {source: modbus_rtu, port: /dev/ttyS1}
      b: {source: modbus_rtu, port: /dev/ttyS2}
sites:
  XM-TA-0117:
    name: 环城西路
    kind: billboard
    district: tongan
    at: [24.7272, 118.1422]
    sensors: {T1: {line: XM-TA-01/a, unit: 0x51}}
  XM-TA-0118:
    name: 环城西路南段
    kind: billboard
    district: tongan
    sensors: {T1: {line: XM-TA-01/a, unit: 0x52, zero: {roll: 0.42}}}
  XM-TA-D03:
    name: 环城南路
    kind: drainage
    district: tongan
    sensors: {L1: {line: XM-TA-01/b, constants: {sensor_height: -0.5}}}
"""

Read = Callable[[str], Inventory]


@pytest.fixture(scope="module")
def profiles() -> Mapping[str, Profile]:
    """The shipped device library."""
    return load_library(ROOT / "firmware-configs")


@pytest.fixture
def read(profiles: Mapping[str, Profile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Loads a text as the file sensors.yaml."""
    monkeypatch.chdir(tmp_path)

    def run(text: str) -> Inventory:
        Path("sensors.yaml").write_text(text, encoding="utf-8")
        return load(Path("sensors.yaml"), profiles)

    return run


def test_a_sensor_takes_what_it_does_not_say_from_its_kind(read: Read) -> None:
    """Profile, limits, interval and constants; zeros are 0 until commissioning; the unit is the factory's."""
    city = read(CITY)
    tilt, level = city.sensors["XM-TA-0118-T1"], city.sensors["XM-TA-D03-L1"]
    assert (tilt.profile.name, tilt.every_s, tilt.unit) == ("witmotion-wt901c-485", 0.5, 0x52)
    assert tilt.zero == {"roll": 0.42, "pitch": 0.0}
    assert [rule.name for rule in tilt.rules] == ["lean", "fault"]
    assert (level.unit, level.every_s) == (1, None)
    assert level.constants == {"water_density": 998.2, "sensor_height": -0.5}


def test_sites_boxes_and_lines_know_each_other(read: Read) -> None:
    """Places in WGS-84, sensors by site and by line, and the labels of the store."""
    city = read(CITY)
    site, box = city.sites["XM-TA-0117"], city.boxes["XM-TA-01"]
    assert (site.latitude, site.longitude) == (24.7272, 118.1422)
    assert city.sites["XM-TA-0118"].latitude is None
    assert site.sensors == ("XM-TA-0117-T1",)
    assert [line.sensors for line in box.lines] == [("XM-TA-0117-T1", "XM-TA-0118-T1"), ("XM-TA-D03-L1",)]
    assert (box.lines[1].source, box.lines[1].where) == ("modbus_rtu", "sensors.yaml:12")
    tags = city.tags("XM-TA-0117-T1", "XM-TA-01")
    assert (tags.site, tags.kind, tags.district) == ("XM-TA-0117", "billboard", "tongan")
    assert city.tags("stranger", "XM-TA-01").site == UNREGISTERED


def test_how_far_a_spool_may_grow(read: Read) -> None:
    """In KiB, MiB or GiB; 512 MiB, and 64 MiB that stay free, unless something is written."""
    written = CITY.replace("    lines:\n", "    spool: {most: 8 GiB, keep_free: 0.5 MiB}\n    lines:\n", 1)
    assert read(written).boxes["XM-TA-01"].spool == SpoolLimits(8 * 2**30, 512 * 2**10)
    assert read(CITY).boxes["XM-TA-01"].spool == SpoolLimits(512 * 2**20, 64 * 2**20)


def test_how_much_is_held_back(read: Read) -> None:
    """64 MiB for a week, a quarter of a small spool; around an alarm a minute each unless something is written."""
    written = CITY.replace("    lines:\n", "    ring: {most: 128 MiB, keep: 30d}\n    lines:\n", 1)
    kept = read(written).boxes["XM-TA-01"].spool
    assert (kept.ring, kept.ring_s) == (128 * 2**20, 30 * 86_400)
    small = CITY.replace("    lines:\n", "    spool: {most: 32 MiB}\n    lines:\n", 1)
    assert read(small).boxes["XM-TA-01"].spool.ring == 8 * 2**20
    report = read(CITY.replace("every: 500ms}", "every: 500ms, report: {before: 2min, after: 0s}}"))
    assert report.sensors["XM-TA-0117-T1"].report == ReportPolicy(300, before_s=120, after_s=0)


def test_what_of_a_sensor_is_reported(read: Read) -> None:
    """A kind's policy holds for its sensors, and a sensor's own stands for all of it; without any, every sample."""
    text = CITY.replace("every: 500ms}", "every: 500ms, report: {every: 30s, change: {tilt: 0.05}}}")
    city = read(text.replace("unit: 0x52,", "unit: 0x52, report: {statistics: true},"))
    assert city.sensors["XM-TA-0117-T1"].report == ReportPolicy(30, {"tilt": 0.05})
    assert city.sensors["XM-TA-0118-T1"].report == ReportPolicy(300, {}, has_statistics=True)
    assert city.sensors["XM-TA-D03-L1"].report.is_everything
    assert (
        read(text.replace("unit: 0x52,", "unit: 0x52, report: {every: 0s},"))
        .sensors["XM-TA-0118-T1"]
        .report.is_everything
    )
    quantities = city.sensors["XM-TA-0118-T1"].quantities
    assert set(city.sensors["XM-TA-0117-T1"].quantities) < set(quantities)
    assert {"tilt", "tilt_min", "tilt_mean", "tilt_max", "tilt_std"} < set(quantities)


def test_places_from_chinese_maps_are_converted_once(read: Read) -> None:
    """GCJ-02 for the whole file, or for one site; what is kept is WGS-84, to a centimetre."""
    in_gcj02 = from_wgs84(Crs.GCJ02, 24.7272, 118.1422)
    shifted = f"at: [{in_gcj02[0]:.8f}, {in_gcj02[1]:.8f}]"
    text = CITY.replace("at: [24.7272, 118.1422]", shifted)
    for said in (text.replace("crs: WGS-84", "crs: GCJ-02"), text.replace(shifted, f"{shifted}\n    crs: GCJ-02")):
        site = read(said).sites["XM-TA-0117"]
        assert (site.latitude, site.longitude) == (24.7272, 118.1422)
    site = read(text.replace("crs: WGS-84", "crs: BD-09").replace(shifted, f"{shifted}\n    crs: WGS-84")).sites[
        "XM-TA-0117"
    ]
    assert site.longitude == pytest.approx(in_gcj02[1], abs=1e-7)
    assert site.where == "sensors.yaml:18"


def test_a_box_that_speaks_of_itself_is_no_unregistered_sensor(read: Read) -> None:
    """It hangs at no site, and belongs to the district of its first sensor."""
    assert read(CITY).tags("XM-TA-01", "XM-TA-01") == Tags("", "XM-TA-01", "XM-TA-01", "box", "tongan")


def test_the_version_changes_with_the_file(read: Read) -> None:
    """It travels in every alarm event: which limits were in force."""
    assert read(CITY).version == read(CITY).version != read(CITY + "\n# reviewed\n").version


def test_rules_of_quantities_the_device_does_not_measure_are_left_out(read: Read) -> None:
    """A set may serve several devices of a site kind."""
    city = read(CITY.replace("limits: billboard", "limits: road"))
    assert [rule.name for rule in city.sensors["XM-TA-0117-T1"].rules] == ["cover", "fault"]


def test_a_city_without_papers_still_loads(read: Read) -> None:
    """Street, owner, contact, permit and dates are optional; a calibration holds for 365 days unless written."""
    city = read(CITY)
    site, sensor = city.sites["XM-TA-0117"], city.sensors["XM-TA-0117-T1"]
    assert (site.street, site.owner, site.contact, site.permit) == ("", "", None, "")
    assert (sensor.commissioned, sensor.calibrated, sensor.calibration_days, sensor.serial) == (None, None, 365, "")


def test_papers_of_a_site_and_its_sensor(read: Read) -> None:
    """Days of the calendar, a telephone number with its 0, and the sensor's own validity before its kind's."""
    papers = (
        'district: tongan\n    street: 祥平街道\n    owner: 演示公司\n    permit: "0117"\n'
        "    contact: {name: 陈工, phone: 0592-000-0101, checked: 2026-09-01}\n    at"
    )
    dates = "unit: 0x51, commissioned: 2026-03-14, calibrated: 2026-03-20, calibration: 2y, serial: WT-0117}"
    text = CITY.replace("every: 500ms}", "every: 500ms, calibration: 180d}")
    city = read(text.replace("district: tongan\n    at", papers, 1).replace("unit: 0x51}", dates))
    site, sensor = city.sites["XM-TA-0117"], city.sensors["XM-TA-0117-T1"]
    assert (site.street, site.owner, site.permit) == ("祥平街道", "演示公司", "0117")
    assert site.contact == Contact("陈工", "0592-000-0101", "", date(2026, 9, 1))
    assert (sensor.commissioned, sensor.calibrated) == (date(2026, 3, 14), date(2026, 3, 20))
    assert (sensor.calibration_days, sensor.serial) == (730, "WT-0117")
    assert city.sensors["XM-TA-0118-T1"].calibration_days == 180


def test_what_the_wind_finds_at_a_site(read: Read) -> None:
    """Height in m, area in m², the terrain category, the last inspection; each may be left out, and is None then."""
    sized = "district: tongan\n    height: 22\n    area: 147.5\n    exposure: B\n    inspected: 2026-04-18\n    at"
    city = read(CITY.replace("district: tongan\n    at", sized, 1))
    site, plain = city.sites["XM-TA-0117"], city.sites["XM-TA-0118"]
    assert (site.height_m, site.area_m2, site.exposure, site.inspected) == (22, 147.5, Exposure.B, date(2026, 4, 18))
    assert (plain.height_m, plain.area_m2, plain.exposure, plain.inspected) == (None, None, None, None)


MISTAKES = yaml.safe_load((Path(__file__).parent / "sensors_yaml_mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["write"].strip())
def test_each_mistake_has_one_clear_message(read: Read, mistake: Mapping[str, str]) -> None:
    """What, where, fix and code; sensors_yaml_mistakes.yaml is the manual of errors."""
    assert mistake["instead_of"] in CITY
    with pytest.raises(ConfigError) as caught:
        read(CITY.replace(mistake["instead_of"], mistake["write"], 1))
    assert str(caught.value).splitlines() == mistake["said"]


def test_two_keys_may_not_make_one_sensor_id(read: Read) -> None:
    """`site-key` is not unique by itself: X-1 + A-B and X-1-A + B."""
    clash = """\
    sensors: {T1: {line: XM-TA-01/a, unit: 3}, T1-A: {line: XM-TA-01/a, unit: 4}}
  XM-TA-0119-T1:
    name: 甲
    kind: billboard
    district: tongan
    sensors: {A: {line: XM-TA-01/a, unit: 5}}
"""
    text = CITY + "  XM-TA-0119: \n    name: 乙\n    kind: billboard\n    district: tongan\n" + clash
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value) == (
        "sensors.yaml:39: the sensor id 'XM-TA-0119-T1-A' exists already, at sensors.yaml:34."
        " fix: ids are site-key: rename the site or the key [E-CITY-002]"
    )


def test_mistakes_of_all_parts_are_said_together(read: Read) -> None:
    """One run, every mistake, in the order of the file."""
    text = CITY.replace("unit: 0x51", "unit: 0").replace("XM-TA-01/b", "XM-TA-02/b").replace("crs: WGS-84", "crs: wgs")
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert [mistake.code for mistake in caught.value.mistakes] == ["E-FILE-014", "E-CITY-005", "E-CITY-009"]


def test_four_tilt_sensors_at_two_hertz_fill_two_fifths_of_a_9600_baud_line(profiles: Mapping[str, Profile]) -> None:
    """39 bytes of 11 bits and a silence of 5 ms are 49.7 ms a poll; four in 500 ms are 40 %."""
    city = load(ROOT / "sensors.yaml", profiles)
    line = city.boxes["XM-SM-01"].lines[0]
    assert len(line.sensors) == 4
    assert utilisation([city.sensors[sensor] for sensor in line.sensors], 9600) == pytest.approx(0.3975, abs=1e-4)


def test_the_shipped_city_is_a_demonstration_of_128_sites(profiles: Mapping[str, Profile]) -> None:
    """118 billboards in six districts, a few of each other kind, at most 8 sites a box and 4 sensors a line."""
    city = load(ROOT / "sensors.yaml", profiles)
    assert city.is_demonstration
    kinds = Counter(site.kind for site in city.sites.values())
    assert kinds == {"billboard": 118, "gas": 3, "drainage": 3, "bridge": 2, "road": 2}
    assert set(city.districts.values()) == {"思明", "湖里", "集美", "海沧", "同安", "翔安"}
    assert city.sites["XM-TA-0117"].district == "tongan"
    assert all(IDENTIFIER.fullmatch(identifier) for identifier in [*city.sites, *city.boxes, *city.sensors])
    assert max(Counter(sensor.box for sensor in city.sensors.values()).values()) <= 8
    assert max(len(line.sensors) for box in city.boxes.values() for line in box.lines) <= 4


def test_the_shipped_city_lies_on_xiamen_s_land(profiles: Mapping[str, Profile]) -> None:
    """Every site is within the city's span and no two stand on one spot."""
    places = [(site.latitude, site.longitude) for site in load(ROOT / "sensors.yaml", profiles).sites.values()]
    assert len(set(places)) == 128
    assert all(24.42 < (latitude or 0) < 24.91 and 117.88 < (longitude or 0) < 118.45 for latitude, longitude in places)


def test_the_demonstration_reacts_at_once_and_says_that_it_does(profiles: Mapping[str, Profile]) -> None:
    """Red after half a second instead of two, at the shipped limit, with a source of its own."""
    red = load(ROOT / "sensors.yaml", profiles).sensors["XM-TA-0117-T1"].rules[0].levels[-1]
    assert (red.limit, red.on_delay_s) == (1.5, 0.5)
    assert red.source == ("judgement: demonstration, so that a visitor sees a lean at once; the shipped set waits 2 s")


def test_one_more_tilt_site_is_six_lines() -> None:
    """No billboard of the shipped city takes more, but for its papers and what the ranking asks for."""
    text = (ROOT / "sensors.yaml").read_text(encoding="utf-8").partition("\nsites:\n")[2]
    sites = re.split(r"(?m)^(?=  XM-)", text)
    boards = [site for site in sites if "kind: billboard" in site]
    assert len(boards) == 118
    papers = ("street", "owner", "contact", "permit", "height", "area", "exposure", "inspected")
    optional = ("  #", *(f"    {key}:" for key in papers))
    assert max(len([line for line in board.splitlines() if not line.startswith(optional)]) for board in boards) == 6


def test_the_demonstration_s_billboards_have_sizes_and_a_few_are_unknown(profiles: Mapping[str, Profile]) -> None:
    """All four exposures; 3 heights, 3 areas, 2 exposures and 8 inspections left out; the oldest is over a year old."""
    boards = [site for site in load(ROOT / "sensors.yaml", profiles).sites.values() if site.kind == "billboard"]
    assert {site.exposure for site in boards} == {*Exposure, None}
    unknown = [
        sum(getattr(site, name) is None for site in boards) for name in ("height_m", "area_m2", "exposure", "inspected")
    ]
    assert unknown == [3, 3, 2, 8]
    assert all(2 < site.height_m < 60 for site in boards if site.height_m)
    assert date(2025, 3, 1) < min(site.inspected for site in boards if site.inspected) < date(2025, 11, 1)


def test_the_demonstration_s_papers_are_invented_and_not_all_in_order(profiles: Mapping[str, Profile]) -> None:
    """Every site has a street and an owner that says 演示; some lack a date, and some dates are over a year old."""
    city = load(ROOT / "sensors.yaml", profiles)
    assert all(site.street and site.owner.startswith("演示") and site.contact for site in city.sites.values())
    phones = {site.contact.phone for site in city.sites.values() if site.contact}
    assert all(phone.startswith("0592-000-") for phone in phones - {""})
    missing = [sensor.id for sensor in city.sensors.values() if not sensor.commissioned]
    lapsed = [s.id for s in city.sensors.values() if s.calibrated and s.calibrated < date(2025, 11, 1)]
    assert (len(missing), len(lapsed)) == (4, 7)


def test_other_yaml_readers_see_the_same_city() -> None:
    """No key of the format is a truth value of YAML 1.1 (`on`, `no`, `y`)."""
    city = yaml.safe_load((ROOT / "sensors.yaml").read_text(encoding="utf-8"))
    assert city["sites"]["XM-TA-0117"]["sensors"]["T1"] == {
        "line": "XM-TA-03/b",
        "unit": 0x51,
        "commissioned": date(2026, 3, 14),
        "calibrated": date(2026, 3, 14),
        "serial": "DEMO-0117",
    }


def test_the_example_of_the_manual_loads(read: Read) -> None:
    """docs/operate/sensors-yaml.md shows a whole file."""
    manual = (ROOT / "docs/operate/sensors-yaml.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", manual, re.DOTALL)
    assert block
    assert set(read(block[1]).sensors) == {"XM-TA-0117-T1", "XM-TA-D03-L1"}


def test_the_schema_knows_the_keys_that_are_read(profiles: Mapping[str, Profile]) -> None:
    """Kinds, sites and sensors: what the reader asks for is what the editor offers."""
    schema = json.loads(json.dumps(sensors_schema()))["properties"]
    known = Known({"tongan": "同安"}, frozenset({("B", "a")}), profiles, {})
    root = parse("kind: {}\nsite: {sensors: {T1: {line: B/a, profile: keller-36xw}}}\n", "x", Mistakes())
    template, site = root.mapping("kind"), root.mapping("site")
    read_template(template, known)
    _, placed = read_site("S", site, {}, known)
    site_schema = schema["sites"]["additionalProperties"]["properties"]
    assert set(template.asked) == set(schema["kinds"]["additionalProperties"]["properties"])
    assert set(site.asked) == set(site_schema)
    assert set(placed[0].block.asked) == set(site_schema["sensors"]["additionalProperties"]["properties"])


def test_the_shipped_schema_is_the_program_s() -> None:
    """docs/operate/sensors.schema.json is `egret schema sensors`."""
    shipped = json.loads((ROOT / "docs/operate/sensors.schema.json").read_text(encoding="utf-8"))
    assert shipped == sensors_schema()
