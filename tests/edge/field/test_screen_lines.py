"""The same guided screen for devices that are reached otherwise: steps that they do not have are struck out."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from bumble_air import Air
from commissioned import LIBRARY, PLAN, RECORD, TILT, fast_library
from pole import PLACE, standing
from tcp_gateway import gateway
from textual.widgets import DataTable, Input

from edge.field import finder
from edge.field.city_entry import new_city, with_sensor
from edge.field.finder import Finder
from edge.field.record import Found
from edge.sim.modbus_device import ModbusDevice
from edge.sim.rig import Rig
from edge.sim.scenario import load
from wire.message_encoding import encode_message
from wire.profile import BleLink, Profile
from wire.profile_yaml import load_library
from wire.registers import Value
from wire.sensors_yaml import load as load_city

STREAM = """
schema: egret.rig/1
lines:
  a:
    ports: [DIR/tty0]
    devices:
      level: {profile: dfrobot-a02yyuw, values: {dist: 1.2}, spread: {dist: 0.002}}
"""
AT_REST: dict[str, Value] = {"acc_z": 1.0, "temp": 25.0, "roll": 0.42, "pitch": -0.13}


PLACED = {name: text for name, text in PLACE.items() if name != "at"}


def fast(profile: Profile) -> Profile:
    """The same model, fifty times a second."""
    messages = {name: replace(shape, every_s=0.02) for name, shape in profile.messages.items()}
    return replace(profile, timing=replace(profile.timing, min_poll_s=0.02), messages=messages)


async def test_a_device_behind_a_gateway_of_the_network(tmp_path: Path) -> None:
    """Found by its unit identifier, which is not ours to write; what is measured may be left for later.

    Its site stands in sensors.yaml, where it was on a serial line: nothing is typed again, and the line is another one.
    """
    city = tmp_path / "sensors.yaml"
    city.write_text(with_sensor(new_city(PLAN, TILT), RECORD, TILT, "2026-11-26"), encoding="utf-8")
    library = load_library(fast_library(tmp_path))
    device = ModbusDevice(library[TILT.name], 0x50, AT_REST.copy)
    async with gateway([device]) as host, standing(tmp_path, library, host=host) as pole:
        await pole.until(lambda: pole.app.pane.query_one(DataTable).row_count)
        await pole.enter(1)
        await pole.enter(3)  # no address to set
        await pole.app.action_move(3)
        await pole.do(6)
        await pole.app.action_move(2)
        await pole.pilot.press("enter")
        await pole.until(lambda: "E-FIELD-027" in pole.said)  # offered, and not kept yet
        await pole.app.action_move(-1)
        assert "sensors.yaml" in pole.said
        await pole.do(7)
        work = pole.app.work
    assert work.plan == msgspec.structs.replace(PLAN, port="", board="")
    work.write_city(city)
    assert work.record.lacks == {"address": "lacks.modbus_tcp"}
    assert work.record.selftest
    assert work.record.selftest.outcome == "passed"
    port = host.partition(":")[2]
    assert f"a: {{source: modbus_tcp, host: 127.0.0.1, port: {port}}}" in city.read_text(encoding="utf-8")
    assert load_city(city, LIBRARY).sensors["XM-TA-0901-T1"].unit == 0x50


async def test_a_device_that_minds_no_unit_identifier_is_offered_once() -> None:
    """It answers as 1, 2, 80 and any other: once, and not 247 times."""
    device = ModbusDevice(TILT, 0x50, AT_REST.copy)
    async with gateway([device], minds_units=False) as host:
        found = [one async for one in Finder({TILT.name: TILT}, 0.05).on_tcp(host)]
    assert [(one.unit, one.model) for one in found if isinstance(one, Found)] == [(1, TILT.name)]


async def test_a_level_that_speaks_by_itself(tmp_path: Path) -> None:
    """Known by what is heard: no address, zero or tilt, but the height that it hangs at, which is asked for."""
    level = fast(LIBRARY["dfrobot-a02yyuw"])
    library = {one.name: one for one in (level, replace(level, name="twin"))}
    (tmp_path / "rig.yaml").write_text(STREAM.replace("DIR", str(tmp_path)), encoding="utf-8")
    rig = Rig(load(tmp_path / "rig.yaml", library), lambda *_: None)
    async with rig, standing(tmp_path, library, tmp_path / "tty0") as pole:
        await pole.until(lambda: pole.app.pane.query_one(DataTable).row_count == 2)  # models that sound alike
        await pole.enter(1)
        pole.app.pane.query_one("#constant-sensor_height", Input).value = "inf"
        await pole.pilot.press("enter")
        await pole.until(lambda: "E-FIELD-050" in pole.said)
        pole.app.pane.query_one("#constant-sensor_height", Input).value = "3.2"
        await pole.enter(3)
        await pole.app.action_move(1)  # neither zero nor tilt
        assert pole.app.at == 6
        await pole.do(6)
        work = pole.app.work
    assert list(work.record.lacks) == ["address", "zero", "known_tilt"]
    work.plan_for(**PLACED)
    work.write_city(tmp_path / "sensors.yaml")
    text = (tmp_path / "sensors.yaml").read_text(encoding="utf-8")
    assert f"a: {{source: serial_stream, port: {tmp_path}/tty0}}" in text
    assert "T1: {line: XM-TA-09/a, constants: {sensor_height: 3.2}, commissioned:" in text


async def test_a_sensor_in_the_air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger alone is heard; then the nearest is on top, and whom Enter chooses is seen, zeroed and written."""
    monkeypatch.setattr(finder, "_LOOK_S", 0.1)
    monkeypatch.setattr(finder, "AIR_S", 0.5)
    model = LIBRARY["witmotion-bwt901ble"]
    link = model.link.ble or BleLink()
    air = Air()
    near, far = "D4:AC:3F:00:00:01", "D4:AC:3F:00:00:02"
    air.signals_dbm = {near: -48, far: -83}
    said = encode_message(model, "motion", {"acc_z": 1.0, "roll": 1.5})

    async def speak() -> None:
        walls = [await air.notifier(one, "WT901BLE68", link.service, link.notify, link.write) for one in (far, near)]
        while True:
            await asyncio.gather(*(one.notify(said) for one in walls))
            await asyncio.sleep(0.02)

    await (await air.advertiser("D4:AC:3F:00:00:03", "Someone's watch")).say()
    async with standing(tmp_path, {model.name: fast(model)}, air=air) as pole:
        await pole.until(lambda: "E-BLE-012" in pole.said)
        assert "另有 1 台不在设备库中" in pole.said
        speaking = asyncio.create_task(speak())
        monkeypatch.setattr(finder, "AIR_S", 10)
        await pole.app.action_repeat()
        table = pole.app.pane.query_one(DataTable)
        await pole.until(lambda: table.row_count == 2)
        assert [str(one) for one in table.get_row_at(0)] == [near, "-48 dBm", "未证实", model.title]
        assert str(table.get_row_at(1)[1]) == "-83 dBm"
        table.move_cursor(row=0)
        await pole.enter(1)
        assert not pole.app.failed  # the scan that heard nobody is over
        await pole.enter(3)  # no address to set
        await pole.pilot.press("enter")
        await pole.until(lambda: "-48 dBm" in pole.said)
        await pole.pilot.press("enter")
        await pole.until(lambda: not pole.app.is_running)
        await pole.enter(4)
        await pole.do(4)
        work = pole.app.work
        speaking.cancel()
    work.plan_for(**PLACED)
    work.write_city(tmp_path / "sensors.yaml")
    text = (tmp_path / "sensors.yaml").read_text(encoding="utf-8")
    assert "a: {source: ble_notify}" in text
    assert f'T1: {{line: XM-TA-09/a, address: "{near}", zero: {{roll: 1.4996, pitch: 0}}' in text


async def test_who_is_not_clear_is_said_in_the_language_of_the_screen(tmp_path: Path) -> None:
    """A device of no model of the library: nothing to choose, but where it is and what is known of it."""
    device = ModbusDevice(TILT, 0x50, AT_REST.copy)
    async with gateway([device], minds_units=False) as host, standing(tmp_path, {}, host=host) as pole:
        await pole.until(lambda: pole.said and not pole.app.is_running)
        assert pole.said == f"0x01 = 1, {host}: 未知型号，应答 Modbus"
