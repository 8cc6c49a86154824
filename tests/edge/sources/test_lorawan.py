"""LoRaWAN sensors behind a ChirpStack: uplinks, history, signal, copies, neighbours, silence, to the cloud."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
import servers
from air_rig import running, source, take, until, yaml
from box_rig import city

from edge.sim.chirpstack import ChirpStack, LoraDevice
from wire import broker as broker_address
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.reading import Quality
from wire.values import values_of

LIBRARY = load_library(library_folder())
TILT, LEVEL = "XM-TA-0117-T1", "XM-TA-0117-L1"
TILT_EUI, LEVEL_EUI = "24e124713c00aabb", "24e124713c00ccdd"
SENSORS = (
    f"{{T1: {{line: AIR-1/air, profile: milesight-em310-tilt, address: {TILT_EUI!r}}},"
    f" L1: {{line: AIR-1/air, profile: milesight-em500-swl, address: {LEVEL_EUI!r},"
    " constants: {sensor_height: 0.5}}}"
)
NOW_NS = 1_795_000_000 * 10**9
HOUR_S = 3600


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[servers.Server]:
    """ChirpStack's own."""
    with servers.mosquitto(tmp_path) as server:
        yield server


class Network:
    """A ChirpStack at its broker, with two devices."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client, self._stack = client, ChirpStack()
        self.tilt = LoraDevice(LIBRARY["milesight-em310-tilt"], TILT_EUI)
        self.level = LoraDevice(LIBRARY["milesight-em500-swl"], LEVEL_EUI)

    async def send(self, device: LoraDevice, payload: bytes, time_ns: int = NOW_NS, times: int = 1) -> None:
        """One uplink; a broker may bring it more than once."""
        topic, event = self._stack.event(device, payload, time_ns)
        for _ in range(times):
            await self._client.publish(topic, event, qos=1)


@asynccontextmanager
async def network(url: str) -> AsyncIterator[Network]:
    """It publishes to this broker."""
    address = broker_address.parse(url)
    async with aiomqtt.Client(address.host, address.port) as client:
        yield Network(client)


def sensors(folder: Path, url: str) -> Inventory:
    """A city with the two."""
    return city(folder, yaml(json.dumps({"source": "lorawan", "broker": url}), SENSORS))


async def test_an_uplink_and_its_history(tmp_path: Path, broker: servers.Server) -> None:
    """Entries of now at the time of reception, once; of an outage at their own times, as the past; and the signal."""
    inventory = sensors(tmp_path, broker.url)
    async with source(inventory, lambda: NOW_NS) as opened, network(broker.url) as lora:
        past = [(NOW_NS // 10**9 - hours * HOUR_S, float(hours)) for hours in (3, 2, 1)]
        history = b"".join(lora.level.entry("past", {"past_m": depth}, at) for at, depth in past)
        payload = lora.level.payload({"charge": 92.0, "depth_m": 1.25}) + history
        await lora.send(lora.level, payload, NOW_NS - 10**9, times=2)
        await lora.send(lora.tilt, lora.tilt.payload({"charge": 90.0, "x": -1.0, "y": 2.0, "over.x": True}))
        found = await take(opened, 6 + 3)
    level, tilt = found[:6], found[6:]
    assert [(one.sensor, one.block, one.is_past) for one in level] == [
        (LEVEL, "battery", False),
        (LEVEL, "depth", False),
        (LEVEL, "past", True),
        (LEVEL, "past", True),
        (LEVEL, "past", True),
        (LEVEL, "", False),
    ]
    assert [(NOW_NS - one.time_ns) // 10**9 for one in level] == [1, 1, 3 * HOUR_S, 2 * HOUR_S, HOUR_S, 1]
    values = [values_of(inventory.sensors[LEVEL], one.block, one.reply) for one in level[:5]]
    assert [one.get("level", one.get("level_then")) for one in values] == [None, 1.75, 3.5, 2.5, 1.5]
    ((quantity, dbm),) = level[5].values
    assert quantity == "radio_signal"
    assert -120 < dbm < -50
    angles = values_of(inventory.sensors[TILT], "angles", tilt[1].reply)
    assert (angles["x"], angles["y"], angles["over.x"], angles["over.y"]) == (-1.0, 2.0, True, False)


async def test_the_time_of_an_uplink_is_believed_or_marked(
    tmp_path: Path, broker: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Missing or of another century: of now, unsure, said once. What the broker has kept is past, or nothing."""
    inventory = sensors(tmp_path, broker.url)
    topic, event = ChirpStack().event(
        LoraDevice(LIBRARY["milesight-em310-tilt"], TILT_EUI), b"\x01\x75\x5c", NOW_NS - HOUR_S * 10**9
    )
    untimed = {key: value for key, value in json.loads(event).items() if key != "time"}
    async with network(broker.url) as lora:
        await lora._client.publish(topic, event, qos=1, retain=True)
        await lora._client.publish(topic.replace(TILT_EUI, "kept"), json.dumps(untimed), qos=1, retain=True)
        async with source(inventory, lambda: NOW_NS) as opened:
            for said in (untimed, untimed | {"time": "1970-01-01T00:00:12+00:00"}):
                await lora._client.publish(topic, json.dumps(said), qos=1)
            found = [one for one in await take(opened, 6) if one.block]
    assert [(one.is_past, one.clock_unsure) for one in found] == [(True, False), (False, True), (False, True)]
    assert [round((NOW_NS - one.time_ns) / 10**9) for one in found] == [HOUR_S, 0, 0]
    assert " ".join(one.getMessage() for one in caplog.records).count("E-LORA-005") == 1


async def test_what_is_not_ours_or_not_whole(
    tmp_path: Path, broker: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A neighbour's device, another port, no event, an unknown entry, a device without a clock: each said once."""
    inventory = sensors(tmp_path, broker.url)
    async with source(inventory, lambda: NOW_NS) as opened, network(broker.url) as lora:
        stranger = LoraDevice(LIBRARY["milesight-em310-tilt"], "00" * 8)
        topic, event = ChirpStack().event(lora.tilt, b"\x01\x75\x5c", NOW_NS)
        config = json.loads(event) | {"fPort": 224}
        for payload in (b"{}", json.dumps(config).encode()):
            await lora._client.publish(topic, payload, qos=1)
        await lora.send(stranger, b"\x01\x75\x5c")
        await lora.send(lora.level, lora.level.entry("past", {"past_m": 1.0}, 77) + b"\xff\x01\x02")
        found = await take(opened, 1)
        await lora.send(lora.tilt, lora.tilt.payload({"charge": 90.0}), NOW_NS - 3600 * 10**9)
        found += await take(opened, 3)
    assert [(one.sensor, one.block) for one in found[:2]] == [(LEVEL, ""), (TILT, "battery")]
    said = " ".join(one.getMessage() for one in caplog.records if one.name == "edge.reported")
    codes = ["E-LORA-001", "E-LORA-002", "E-LORA-003", "E-LORA-004"]
    assert [said.count(code) for code in codes] == [1, 1, 1, 1]


async def test_from_the_device_to_the_cloud(tmp_path: Path, broker: servers.Server) -> None:
    """All quantities of an uplink arrive good, and the history of the same quantity is stored beside them."""
    text = yaml(json.dumps({"source": "lorawan", "broker": broker.url}), SENSORS)
    now_ns = time.time_ns() // 10**9 * 10**9
    async with running(tmp_path, text, broker.url) as receiver, network(broker.url) as lora:
        await until("the agent", lambda: any(status.online for status in receiver.statuses))
        await lora.send(lora.level, lora.level.payload({"charge": 92.0, "depth_m": 1.25}), now_ns)
        past = lora.level.entry("past", {"past_m": 2.0}, now_ns // 10**9 - HOUR_S)
        await lora.send(lora.level, past, now_ns + 10**6)
        mine = [("battery_charge", 92.0), ("water_level", 1.75), ("water_level", 2.5)]
        await until("all", lambda: sum(one.sensor == LEVEL for one in receiver.readings) >= 5)
    found = [one for one in receiver.readings if one.sensor == LEVEL and one.quantity != "radio_signal"]
    assert sorted((one.quantity, one.value) for one in found) == mine
    assert {one.quality for one in found} == {Quality.GOOD}
    assert {one.time_ns for one in found} == {now_ns, now_ns - HOUR_S * 10**9}
