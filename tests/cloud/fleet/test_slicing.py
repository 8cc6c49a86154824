"""The slice of one box: it means what the whole file means, and says no more than a box needs."""

from pathlib import Path

import pytest
import small_city

from cloud.fleet import slicing
from cloud.fleet.slicing import read_city
from wire import config_folder
from wire.errors import EgretError
from wire.profile_yaml import library_folder

ROOT = Path(__file__).parents[3]


def test_every_box_of_a_city_has_its_slice(tmp_path: Path) -> None:
    """For each box of the demonstration's city the slice has the box's lines and sensors with the same limits."""
    city = read_city(ROOT / "sensors.yaml", library_folder())
    for name, box in list(city.inventory.boxes.items())[::6]:
        folder = tmp_path / name
        config_folder.write(folder, city.slice_of(name))
        cut, _ = config_folder.read(folder)
        wanted = {sensor for line in box.lines for sensor in line.sensors}
        assert cut.sensors == {sensor: city.inventory.sensors[sensor] for sensor in wanted}
        assert list(cut.boxes) == [name]


def test_what_a_stolen_box_does_not_know(tmp_path: Path) -> None:
    """Whom to call, who owns a site, where it stands and other boxes' sites are not in it."""
    text = small_city.SENSORS_YAML.replace(
        "district: tongan,", "district: tongan, owner: 陈先生, contact: {name: 陈, phone: 0592-0000000},"
    )
    (tmp_path / "sensors.yaml").write_text(text, encoding="utf-8")
    files = read_city(tmp_path / "sensors.yaml", library_folder()).slice_of("XM-TA-01")
    assert set(files) == {"sensors.yaml", "firmware-configs/witmotion-wt901c-485/profile.yaml", "limits/billboard.yaml"}
    said = files["sensors.yaml"]
    assert "环城西路南段落地电子屏" in said
    for secret in ("陈", "0592", "24.7272", "XM-SM", "中山路"):
        assert secret not in said


def test_a_city_s_own_limits_come_with_those_they_start_from(tmp_path: Path) -> None:
    """A chain of sets down to a shipped one is whole."""
    chain = "mild: {from: billboard, rules: {}}, seaside: {from: mild, rules: {}}, other: {from: gas, rules: {}}"
    text = small_city.SENSORS_YAML.replace("kinds:\n", f"limits: {{{chain}}}\nkinds:\n")
    text = text.replace("limits: billboard}", "limits: seaside}")
    (tmp_path / "sensors.yaml").write_text(text, encoding="utf-8")
    files = read_city(tmp_path / "sensors.yaml", library_folder()).slice_of("XM-TA-01")
    assert [name for name in files if name.startswith("limits/")] == ["limits/billboard.yaml"]
    assert "mild" in files["sensors.yaml"]
    assert "other" not in files["sensors.yaml"]


def test_a_slice_that_says_something_else_is_not_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should our cutting ever lose something, no box gets it."""
    small_city.inventory(tmp_path)
    city = read_city(tmp_path / "sensors.yaml", library_folder())
    monkeypatch.setattr(slicing, "_is_on", lambda sensor, box: box == "XM-SM-01" and "0x51" in str(sensor))
    with pytest.raises(EgretError, match="E-FLEET-013"):
        city.slice_of("XM-SM-01")
