"""Bluetooth connections through bleak, on Bumble's virtual controllers: values, questions, losses, three at a time."""

import asyncio
import json
from pathlib import Path

import pytest
import servers
from air_rig import running, source, take, until, yaml
from box_rig import city
from bumble_air import Air, Notifier, in_the_air, now_ns

from edge.ble.connection import Connection
from edge.ble.radio import Radio
from wire.inventory import Inventory
from wire.message_encoding import encode_message
from wire.profile import BleLink
from wire.profile_yaml import library_folder, load_library
from wire.reading import Quality
from wire.values import values_of

WITMOTION = load_library(library_folder())["witmotion-bwt901ble"]
LINK = WITMOTION.link.ble or BleLink()
ADDRESSES = ("D4:AC:3F:00:00:01", "D4:AC:3F:00:00:02", "D4:AC:3F:00:00:03")
FIELD = WITMOTION.vectors[0].octets


def walls(folder: Path, *addresses: str) -> Inventory:
    """A city with such sensors: W0, W1 and so on."""
    return city(folder, text(*addresses))


def text(*addresses: str, every: str = "1s") -> str:
    """Its sensors.yaml."""
    entries = {
        f"W{number}": {"line": "AIR-1/air", "profile": WITMOTION.name, "address": address}
        for number, address in enumerate(addresses)
    }
    return yaml(json.dumps({"source": "ble_notify", "every": every}), json.dumps(entries))


async def inclinometer(air: Air, address: str, name: str = "WT901BLE68") -> Notifier:
    """A BWT901BLE within reach."""
    return await air.notifier(address, name, LINK.service, LINK.notify, LINK.write)


async def speak(sensor: Notifier, roll: float, times: int = 1000, pause_s: float = 0.1, odd: float = -150.0) -> None:
    """Ten messages a second, as it leaves the factory; one in ten says something else. It answers what it is asked."""
    for count in range(times):
        said = encode_message(WITMOTION, "motion", {"acc_z": 1.0, "roll": odd if count % 10 == 9 else roll})
        await sensor.notify(said)
        if sensor.written:
            sensor.written.clear()
            await sensor.notify(FIELD)
        await asyncio.sleep(pause_s)


def test_of_an_interval_the_median_stands(tmp_path: Path) -> None:
    """Ten messages a second, a sample a second, never the outlier; the magnetic field is asked for, and answered."""

    async def run(air: Air, radio: Radio) -> None:
        inventory = walls(tmp_path, ADDRESSES[0])
        sensor = await inclinometer(air, ADDRESSES[0])
        speaking = asyncio.create_task(speak(sensor, 1.5))
        async with source(inventory, now_ns, radio) as opened:
            found = [sample for sample in await take(opened, 66) if not sample.fault]
        speaking.cancel()
        (wall,) = inventory.sensors.values()
        values = [values_of(wall, sample.block, sample.reply) for sample in found if sample.block == "motion"]
        assert len(values) > 50
        assert {round(float(one["roll"]), 2) for one in values if isinstance(one["roll"], float)} == {1.5}
        (field,) = {sample.reply for sample in found if sample.block == "field"}
        assert values_of(wall, "field", field)["mag_x"] == 360

    in_the_air(run)


def test_a_connection_that_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A sensor that hangs up is found and connected to again; what it did not say meanwhile has no value."""

    async def run(air: Air, radio: Radio) -> None:
        sensor = await inclinometer(air, ADDRESSES[0])
        speaking = asyncio.create_task(speak(sensor, 1.5))
        async with source(walls(tmp_path, "WT901BLE68"), now_ns, radio) as opened:
            while (await take(opened, 1))[0].fault:
                pass
            speaking.cancel()
            await sensor.hang_up()
            while not (await take(opened, 1))[0].fault:
                pass
            speaking = asyncio.create_task(speak(sensor, 2.5))
            while (await take(opened, 1))[0].fault:
                pass
        speaking.cancel()
        assert sensor.connections == 2

    in_the_air(run)
    said = [one.getMessage() for one in caplog.records if one.name == "edge.talkers"]
    assert ["no message" in said[-2], "is back" in said[-1]] == [True, True]


def test_another_of_its_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its namesake is not listened to while it is away for half a minute, and that there are two is said."""

    async def run(air: Air, radio: Radio) -> None:
        sensor = await inclinometer(air, ADDRESSES[0])
        inventory = walls(tmp_path, "WT901BLE68")
        async with source(inventory, now_ns, radio) as opened:
            speaking = [asyncio.create_task(speak(sensor, 1.5))]
            while (await take(opened, 1))[0].fault:
                pass
            speaking.append(asyncio.create_task(speak(await inclinometer(air, ADDRESSES[1]), 9.0)))
            await asyncio.sleep(60)
            await sensor.go_away()
            samples = await take(opened, 6)
            await sensor.advertise()
            while (await take(opened, 1))[0].fault:
                pass
            samples += await take(opened, 5)
        for task in speaking:
            task.cancel()
        (wall,) = inventory.sensors.values()
        values = [values_of(wall, one.block, one.reply) for one in samples if one.block == "motion" and not one.fault]
        assert {round(float(one["roll"] or 0), 1) for one in values} == {1.5}

    in_the_air(run)
    assert sum("E-BLE-010" in one.getMessage() for one in caplog.records) == 1


@pytest.mark.parametrize("hangs", ["connect", "start_notify", "write_gatt_char", "disconnect"])
def test_a_connection_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: str) -> None:
    """Whatever is not answered is given up and begun anew, so that a sensor is not lost for ever."""

    async def run(air: Air, radio: Radio) -> None:
        sensor = await inclinometer(air, ADDRESSES[0])
        speaking = asyncio.create_task(speak(sensor, 1.5))
        async with source(walls(tmp_path, ADDRESSES[0]), now_ns, radio) as opened:
            with monkeypatch.context() as hung:
                hung.setattr(air.client, hangs, lambda *_, **__: asyncio.Event().wait())
                await asyncio.sleep(20)
                await sensor.hang_up()
                await asyncio.sleep(20)
            async with asyncio.timeout(600):
                while (await take(opened, 1))[0].fault:
                    pass
        speaking.cancel()

    in_the_air(run)


def test_three_at_a_time(tmp_path: Path) -> None:
    """An adapter makes one connection after the other; each sensor's values are its own."""

    async def run(air: Air, radio: Radio) -> None:
        inventory = walls(tmp_path, *ADDRESSES)
        rolls = {}
        speaking = []
        for number, address in enumerate(ADDRESSES):
            speaking.append(asyncio.create_task(speak(await inclinometer(air, address), 1.0 + number)))
        async with source(inventory, now_ns, radio) as opened:
            while len(rolls) < len(ADDRESSES):
                (sample,) = await take(opened, 1)
                if sample.block == "motion" and not sample.fault:
                    values = values_of(inventory.sensors[sample.sensor], "motion", sample.reply)
                    rolls[sample.sensor[-1]] = round(float(values["roll"] or 0), 2)
        for task in speaking:
            task.cancel()
        assert rolls == {"0": 1.0, "1": 2.0, "2": 3.0}

    in_the_air(run)


def test_one_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is looked for for ever; that it is not heard is said once, and its readings are stale."""

    async def run(air: Air, radio: Radio) -> None:
        async with source(walls(tmp_path, ADDRESSES[0]), now_ns, radio) as opened:
            found = await take(opened, 60)
        assert all(sample.fault for sample in found)

    in_the_air(run)
    assert sum("E-BLE-009" in one.getMessage() for one in caplog.records) == 1


def test_whoever_leaves_while_it_is_asked_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is given up just when a question is written ends then, and not a minute later."""

    async def run(air: Air, radio: Radio) -> None:
        await inclinometer(air, ADDRESSES[0])
        found = await radio.find(lambda _: True, "")
        listening = asyncio.create_task(Connection(radio, WITMOTION, lambda *_: None).listen(found))

        async def write(*_: object, **_options: object) -> None:
            listening.cancel()

        monkeypatch.setattr(air.client, "write_gatt_char", write)
        await asyncio.wait([listening], timeout=30)
        assert listening.cancelled()

    in_the_air(run)


async def test_from_the_wall_to_the_cloud(tmp_path: Path) -> None:
    """A real broker, a virtual radio: a wall that leans is a reading, and a red alarm at once."""
    air = Air()
    with servers.mosquitto(tmp_path) as broker:
        radio = Radio(air.scanner, air.client)
        speaking = asyncio.create_task(speak(await inclinometer(air, ADDRESSES[0]), 2.0, pause_s=0.02, odd=2.0))
        async with running(tmp_path, text(ADDRESSES[0], every="200ms"), broker.url, radio) as receiver:
            await until(
                "the alarm", lambda: any(event.level and event.level.value == "red" for event in receiver.events)
            )
        speaking.cancel()
    tilts = [one.value for one in receiver.readings if one.quantity == "tilt" and one.quality == Quality.GOOD]
    assert tilts
    assert set(tilts) == {2.0}
