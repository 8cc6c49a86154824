"""What a commissioning keeps between its steps, and when it begins anew."""

import time
from pathlib import Path

import msgspec
import pytest
from commissioned import FOUND, LIBRARY, PLAN, RECORD
from PIL import Image

from edge.field.commissioner import Commissioner
from edge.field.record import Cabinet, Found
from wire.errors import ConfigError, Unsafe


@pytest.fixture
def work(tmp_path: Path) -> Commissioner:
    """One that is done but for its report."""
    cabinet = Cabinet(tmp_path / "XM-TA-0901-T1")
    cabinet.save(RECORD)
    return Commissioner(cabinet, LIBRARY, time.time_ns, "0.1.0")


def test_the_same_device_keeps_what_was_measured(work: Commissioner) -> None:
    """Found again on another port, with its chip at another temperature."""
    work.choose(msgspec.structs.replace(FOUND, port="/dev/ttyUSB1", seen=("chip temperature in 0.01 degree 2610",)))
    assert work.record.zero == RECORD.zero
    assert work.record.selftest == RECORD.selftest
    assert work.found.port == "/dev/ttyUSB1"


@pytest.mark.parametrize("other", [{"unit": 0x52}, {"model": "witmotion-hwt9073-485"}])
def test_another_device_is_a_new_beginning(work: Commissioner, other: dict[str, object]) -> None:
    """Its neighbour, or its successor of another family: the zero is not its own."""
    work.choose(msgspec.structs.replace(FOUND, **other))
    record = Cabinet(work.folder).load("", "")
    assert (record.zero, record.known_tilt, record.selftest) == (None, None, None)
    assert record.plan == RECORD.plan


def test_a_model_that_the_library_has_no_more_is_said(work: Commissioner) -> None:
    """Gone on with under other --devices: which model is missing, and nothing of the record is touched."""
    with pytest.raises(ConfigError, match=f"there is no model '{FOUND.model}' .* --devices") as refused:
        Commissioner(Cabinet(work.folder), {}, time.time_ns, "0.1.0")
    assert "record.json" in str(refused.value)
    assert Cabinet(work.folder).load("", "") == RECORD


def test_the_zero_names_the_photo_of_its_mount(work: Commissioner, tmp_path: Path) -> None:
    """Also when the photo comes after it."""
    Image.new("RGB", (40, 30), "grey").save(tmp_path / "mount.png")
    work.add_photo(tmp_path / "mount.png")
    assert work.record.photo
    assert work.record.zero
    assert work.record.zero.photo == work.record.photo.sha256


def test_a_city_that_is_wrong_already_is_said_before_it_is_touched(work: Commissioner, tmp_path: Path) -> None:
    """The mistake is the file's, with its line; nothing is put into it."""
    city = tmp_path / "sensors.yaml"
    city.write_text("schema: egret.sensors/1\ncrs: WGS-84\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="'boxes' is missing"):
        work.write_city(city)
    assert city.read_text(encoding="utf-8") == "schema: egret.sensors/1\ncrs: WGS-84\n"


def test_what_was_set_to_another_rate_is_written_so(work: Commissioner, tmp_path: Path) -> None:
    """Its line is its own: commissioned again at 19200 baud, it says so."""
    city = tmp_path / "sensors.yaml"
    work.write_city(city)
    work.choose(msgspec.structs.replace(FOUND, baud=19_200))
    work.write_city(city)
    assert "a: {source: modbus_rtu, port: /dev/ttyS1, baud: 19200}" in city.read_text(encoding="utf-8")


def test_a_sensor_that_joins_its_site_need_not_be_told_where_that_is(work: Commissioner, tmp_path: Path) -> None:
    """Name, kind, place and box are the site's; its neighbour's line, where one more can hang on it."""
    city = tmp_path / "sensors.yaml"
    work.write_city(city)
    second = Commissioner(Cabinet(tmp_path / "XM-TA-0901-T2"), LIBRARY, time.time_ns, "0.1.0")
    second.plan_for(site="XM-TA-0901", key="T2")
    second.choose(msgspec.structs.replace(FOUND, unit=0x52))
    assert second.offered(city) == msgspec.structs.replace(PLAN, key="T2", person="", board="")
    second.choose(Found("/dev/ttyUSB1", 0, 9600, "8N1", "bwsensing-bwm826", source="serial_query"))
    assert second.offered(city).port == ""
    assert second.offered(tmp_path / "none.yaml") == second.plan
    second.plan_for(name="另一个名称", box="XM-TA-10")
    assert (second.offered(city).name, second.offered(city).box) == ("另一个名称", "XM-TA-10")


async def test_without_a_device_nothing_is_measured(tmp_path: Path) -> None:
    """And a record that cannot be read is not written over."""
    work = Commissioner(Cabinet(tmp_path), LIBRARY, time.time_ns, "0.1.0")
    with pytest.raises(Unsafe, match="no device is chosen yet"):
        await work.device().__aenter__()
    (tmp_path / "record.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="no record of a commissioning"):
        Commissioner(Cabinet(tmp_path), LIBRARY, time.time_ns, "0.1.0")
