"""Sensors that report to a broker: the wire contract's form and others, twice, late, in disorder, silent, cut off."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import Mock

import aiomqtt
import pytest
import servers
from air_rig import BOX, running, source, take, until, yaml
from box_rig import PATIENCE_S, city

from edge.line import LinePath
from edge.lines import _silence_s
from edge.spool import Spool
from edge.trial import must_be_heard
from wire import broker as broker_address
from wire.city_check import load_checked
from wire.errors import ConfigError, SourceError
from wire.profile_yaml import library_folder, load_library
from wire.reading import Quality

SENSOR = "XM-TA-0117-T1"
SENSORS = "{T1: {line: AIR-1/air, profile: reported}, T2: {line: AIR-1/air, profile: reported, address: dev 7}}"
NOW_NS = 1_795_000_000 * 10**9
MINUTE_NS = 60 * 10**9


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A real one, shared by the tests; each has its own topics."""
    with servers.mosquitto(tmp_path_factory.mktemp("broker")) as server:
        yield server


@asynccontextmanager
async def platform(url: str) -> AsyncIterator[aiomqtt.Client]:
    """Somebody who publishes."""
    address = broker_address.parse(url)
    async with aiomqtt.Client(address.host, address.port) as client:
        yield client


def line(url: str, **options: object) -> str:
    """The block of such a line, as YAML takes JSON."""
    return json.dumps({"source": "mqtt_json", "broker": url, **options})


def entry(quantity: str, value: object, time_ns: int = NOW_NS, sensor: str = SENSOR) -> dict[str, object]:
    """One entry of the wire contract."""
    return {"sensor": sensor, "quantity": quantity, "value": value, "time": time_ns}


async def test_the_wire_contract(tmp_path: Path, broker: servers.Server) -> None:
    """Entries of one sensor and time are one sample, by the platform's name for it; null is no value."""
    inventory = city(tmp_path, yaml(line(broker.url, topic="contract/json"), SENSORS))
    async with source(inventory, lambda: NOW_NS) as opened, platform(broker.url) as client:
        entries = [entry("tilt_x", 1.5), entry("tilt_y", -0.5), entry("tilt", None, NOW_NS - MINUTE_NS, "dev 7")]
        await client.publish("contract/json", json.dumps(entries), qos=1)
        both, other = await take(opened, 2)
    assert (both.sensor, both.time_ns, both.values) == (SENSOR, NOW_NS, (("tilt_x", 1.5), ("tilt_y", -0.5)))
    assert (other.sensor, other.time_ns) == ("XM-TA-0117-T2", NOW_NS - MINUTE_NS)
    assert math.isnan(other.values[0][1])


async def test_another_platform(tmp_path: Path, broker: servers.Server) -> None:
    """The sensor's name stands in the topic, its values in fields that are calculated with, its time in ms."""
    form = {"topic": "plant/+/state", "sensor": "+", "time": "meta.ts"}
    values = {"tilt_x": "data.angle_x", "temperature": "data.temp / 10", "water_level": "3 - levels._0.mm / 1000"}
    inventory = city(tmp_path, yaml(line(broker.url, **form, values=values), SENSORS))
    async with source(inventory, lambda: NOW_NS) as opened, platform(broker.url) as client:
        data = {"data": {"angle_x": "1.25", "temp": 215}, "levels": [{"mm": 800}], "meta": {"ts": NOW_NS // 10**6}}
        await client.publish("plant/dev 7/state", json.dumps(data), qos=1)
        (sample,) = await take(opened, 1)
    assert (sample.sensor, sample.time_ns, sample.clock_unsure) == ("XM-TA-0117-T2", NOW_NS, False)
    assert dict(sample.values) == {"tilt_x": 1.25, "temperature": 21.5, "water_level": 2.2}


async def test_twice_late_and_of_another_century(
    tmp_path: Path, broker: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """The same again is left out, an older one is of the past, and a time that cannot be true becomes ours, unsure."""
    inventory = city(tmp_path, yaml(line(broker.url, topic="order/json"), SENSORS))
    async with source(inventory, lambda: NOW_NS) as opened, platform(broker.url) as client:
        for said in (
            entry("tilt", 1),
            entry("tilt", 1),
            entry("tilt", 2, NOW_NS - MINUTE_NS),
            entry("tilt", 3, NOW_NS + 10 * MINUTE_NS),
            entry("tilt", 4) | {"time": "2026-11-18T20:00:00"},
        ):
            await client.publish("order/json", json.dumps(said), qos=1)
        found = await take(opened, 4)
    assert [sample.values[0][1] for sample in found] == [1, 2, 3, 4]
    assert [sample.is_past for sample in found] == [False, True, False, False]
    assert [sample.clock_unsure for sample in found] == [False, False, True, True]
    assert [sample.time_ns - NOW_NS for sample in found] == [0, -MINUTE_NS, 0, 10**6]
    said = " ".join(one.getMessage() for one in caplog.records)
    assert (said.count("E-FEED-009"), said.count("E-FEED-008")) == (1, 1)


async def test_what_the_broker_has_kept_is_never_new(tmp_path: Path, broker: servers.Server) -> None:
    """After a restart a retained report is of the past, however it is repeated; a live one of the same time is new."""
    inventory = city(tmp_path, yaml(line(broker.url, topic="kept/json"), SENSORS))
    async with platform(broker.url) as client:
        old = json.dumps(entry("tilt", 1, NOW_NS - MINUTE_NS))
        await client.publish("kept/json", old, qos=1, retain=True)
        async with source(inventory, lambda: NOW_NS) as opened:
            (kept,) = await take(opened, 1)
            await client.publish("kept/json", old, qos=1)
            (live,) = await take(opened, 1)
    assert [(one.is_past, one.time_ns) for one in (kept, live)] == [(True, NOW_NS - MINUTE_NS), (False, kept.time_ns)]


async def test_the_past_is_kept_and_not_judged(tmp_path: Path) -> None:
    """A lean of an hour ago raises nothing: what is now has been judged, and every value is stored."""
    inventory = city(tmp_path, yaml(line("mqtt://nowhere"), SENSORS))
    async with Spool(tmp_path / "data") as spool:
        path = LinePath(inventory.sensors, "c1", spool)
        opened = source(inventory, lambda: NOW_NS)
        for value, ago_ns in ((0.1, 0), (5.0, 60 * MINUTE_NS)):
            report = opened._form.reports("t", json.dumps(entry("tilt", value, NOW_NS - ago_ns)).encode())  # type: ignore[attr-defined]
            for sample in opened._placed(SENSOR, report[0]):  # type: ignore[attr-defined]
                await path.take(sample)
        await spool.flush()
        (batch,) = await spool.batches(0, 10)
        assert await spool.events(0, 10) == ()
    (series,) = batch.series
    assert series.values == (0.1, 5.0)
    assert series.times_ns == (NOW_NS, NOW_NS - 60 * MINUTE_NS)


async def test_what_is_no_report_is_said_once(
    tmp_path: Path, broker: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Broken JSON, nobody's sensor, an unknown quantity: each is logged once, and the next report comes through."""
    inventory = city(tmp_path, yaml(line(broker.url, topic="bad/json"), SENSORS))
    async with source(inventory, lambda: NOW_NS) as opened, platform(broker.url) as client:
        for _ in range(2):
            for said in (
                "{",
                "[" * 5000,
                "[1]",
                entry("tilt", 1, sensor="dev 8"),
                entry("lean", 1),
                entry("tilt", "x"),
            ):
                await client.publish("bad/json", said if isinstance(said, str) else json.dumps(said), qos=1)
        await client.publish("bad/json", json.dumps(entry("tilt", 2)), qos=1)
        (sample,) = await take(opened, 1)
    assert sample.values == (("tilt", 2.0),)
    said = [record.getMessage() for record in caplog.records if record.name == "edge.reported"]
    codes = [code for code in ("E-FEED-002", "E-FEED-003", "E-FEED-007", "E-FEED-008") for one in said if code in one]
    assert codes == ["E-FEED-002", "E-FEED-002", "E-FEED-003", "E-FEED-007", "E-FEED-008", "E-FEED-008"]


async def test_silence_is_said_and_ends(
    tmp_path: Path, broker: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """After the line's silence the quantities that were reported have no value, by name; one log line each way."""
    inventory = city(tmp_path, yaml(line(broker.url, topic="silence/json", silence="300ms"), SENSORS))
    async with source(inventory) as opened, platform(broker.url) as client:
        said = entry("tilt", 1)
        await client.publish("silence/json", json.dumps(said | {"time": time.time_ns()}), qos=1)
        first = await take(opened, 3)
        await client.publish("silence/json", json.dumps(said | {"time": time.time_ns()}), qos=1)
        (back,) = await take(opened, 1)
    silent = {sample.sensor: sample for sample in first if sample.fault}
    assert [quantity for quantity, _ in silent[SENSOR].values] == ["tilt"]
    assert "[E-TALK-001]" in silent[SENSOR].fault
    assert back.values == (("tilt", 1.0),)
    logged = [record.getMessage() for record in caplog.records if f"sensor {SENSOR}" in record.getMessage()]
    assert [("no report" in one, "is back" in one) for one in logged] == [(True, False), (False, True)]


async def test_a_sensor_does_not_live_by_what_is_said_again(tmp_path: Path, broker: servers.Server) -> None:
    """A platform that repeats the last value of a dead sensor, and that it had none, with their times."""
    inventory = city(tmp_path, yaml(line(broker.url, topic="again/json", silence="500ms"), SENSORS))
    async with source(inventory) as opened, platform(broker.url) as client:
        now_ns = time.time_ns()
        said = json.dumps([entry("tilt", 1, now_ns), entry("tilt_x", None, now_ns)])

        async def repeat() -> None:
            while True:
                await client.publish("again/json", said, qos=1)
                await asyncio.sleep(0.05)

        repeating = asyncio.create_task(repeat())
        goods = 0
        async with asyncio.timeout(PATIENCE_S):
            async for sample in opened:
                goods += sample.sensor == SENSOR and not sample.fault
                if goods > 1 or (goods and sample.sensor == SENSOR and sample.fault):
                    break
        repeating.cancel()
    assert goods == 1


async def test_a_broker_that_dies_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once that it is gone and back, what was not safe comes again, and what comes meanwhile waits."""
    with servers.mosquitto(tmp_path) as server:
        inventory = city(tmp_path, yaml(line(server.url, topic="cut/json"), SENSORS))
        async with source(inventory, lambda: NOW_NS) as opened:
            waiting = asyncio.create_task(take(opened, 1))
            await asyncio.sleep(0.1)
            server.stop()
            await until("the loss", lambda: any("are not heard" in one.getMessage() for one in caplog.records))
            server.start()
            await until("its return", lambda: any("heard again" in one.getMessage() for one in caplog.records))
            async with platform(server.url) as client:
                await client.publish("cut/json", json.dumps(entry("tilt", 7)), qos=1)
            (sample,) = await waiting
        async with platform(server.url) as client:
            await client.publish("cut/json", json.dumps(entry("tilt", 8)), qos=1)
        async with source(inventory, lambda: NOW_NS) as opened:
            again, kept = await take(opened, 2)
        assert [one.values for one in (sample, again, kept)] == [(("tilt", 7.0),), (("tilt", 7.0),), (("tilt", 8.0),)]
    logged = [one.getMessage() for one in caplog.records if one.name == "edge.mqtt_feed"]
    assert ["are not heard" in logged[0], "heard again" in logged[1], len(logged)] == [True, True, 2]


async def test_no_broker_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried for ever, said once, and the values that the line's block names are missing after the silence."""
    options = {"silence": "100ms", "values": {"tilt_x": "x"}}
    async with source(city(tmp_path, yaml(line("mqtt://127.0.0.1:1", **options), SENSORS))) as opened:
        silent = await take(opened, 2)
    assert [[quantity for quantity, _ in sample.values] for sample in silent] == [["tilt_x"], ["tilt_x"]]
    assert sum("E-LINK-002" in one.getMessage() for one in caplog.records) == 1


async def test_a_password_that_cannot_be_read(tmp_path: Path) -> None:
    """The line is lost until it can, and says where it looked."""
    options = {"password": str(tmp_path / "none")}
    with pytest.raises(SourceError, match="E-FEED-001"):
        async with source(city(tmp_path, yaml(line("mqtt://egret@127.0.0.1:1", **options), SENSORS))):
            pass


def test_a_line_that_cannot_be(tmp_path: Path) -> None:
    """`egret check` finds them all at once, each at its line."""
    path = tmp_path / "sensors.yaml"
    options = {"topic": "plant/state", "sensor": "+", "values": {"lean": "data.x", "tilt": "data["}}
    path.write_text(yaml(line("tcp://broker", **options), SENSORS), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_checked(path, load_library(library_folder()))
    codes = [mistake.code for mistake in caught.value.mistakes]
    assert sorted(codes) == ["E-FEED-004", "E-FEED-005", "E-FEED-006", "E-LINK-001"]


async def test_from_the_platform_to_the_cloud(tmp_path: Path, broker: servers.Server) -> None:
    """A report on the box's own topic becomes a reading with its receipt, and a red alarm at once."""
    text = yaml(line(broker.url), SENSORS)
    topic = f"egret/v1/{BOX}/json"
    async with running(tmp_path, text, broker.url) as receiver, platform(broker.url) as client:
        await until("the agent", lambda: any(status.online for status in receiver.statuses))
        await client.publish(topic, json.dumps(entry("tilt", 2.0, time.time_ns())), qos=1)
        await until("the reading", lambda: bool(receiver.readings))
        await until("the alarm", lambda: bool(receiver.events))
    reading = next(reading for reading in receiver.readings if reading.sensor == SENSOR)
    assert (reading.sensor, reading.quantity, reading.value, reading.quality) == (SENSOR, "tilt", 2.0, Quality.GOOD)
    assert receiver.events[0].sensor == SENSOR


def test_a_trial_and_the_doctor_know_that_such_sensors_report_when_they_like(tmp_path: Path) -> None:
    """Also a device of the library that another platform reads: its own poll interval is not what comes here."""
    library = "{T1: {line: AIR-1/air, profile: bwsensing-bwm826, unit: 1}}"
    inventory = city(tmp_path, yaml(line("mqtt://127.0.0.1"), library))
    box = inventory.boxes[BOX]
    assert not must_be_heard(inventory, box, 600.0)
    plan = Mock(line=box.lines[0], sensors={name: inventory.sensors[name] for name in box.lines[0].sensors})
    assert _silence_s(plan) == 900.0
