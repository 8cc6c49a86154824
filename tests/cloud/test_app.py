"""A whole cloud on a real broker, spoken to by a plain MQTT client as docs/wire.md describes it."""

import asyncio
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import httpx
import msgspec
import pytest
import servers
import small_city
import webhook_receiver
import zstandard
from standardwebhooks.webhooks import Webhook

from cloud import config as cloud_yaml
from cloud.app import Cloud
from cloud.notices.action_links import ActionLinks
from cloud.notifiers import webhook
from cloud.ports import House
from wire.broker import parse

SECOND_NS = 1_000_000_000
BOX = "XM-TA-01"
SENSOR = "XM-TA-0117-T1"
EMBEDDED = "store: {kind: embedded}"
START_NS = 1_795_480_000 * SECOND_NS
END_NS = START_NS + 3600 * SECOND_NS


class Town:
    """A running cloud, and a client of its API."""

    def __init__(self, port: int) -> None:
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30, trust_env=False)

    async def get(self, path: str, **query: str | int) -> Any:
        """The JSON of a success."""
        return (await self._http.get(path, params=query)).raise_for_status().json()

    async def values(self, sensor: str) -> list[float]:
        """The tilts stored of a sensor, in order."""
        points = await self.get("/readings", sensor=sensor, quantity="tilt", start=START_NS, end=END_NS)
        return [point["value"] for point in points]

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """A success."""
        return (await self._http.post(path, content=body, headers=headers)).raise_for_status()

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait for it; a minute is enough on a busy machine."""
        async with asyncio.timeout(60):
            while not await is_so():
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()


@asynccontextmanager
async def running(folder: Path, broker_url: str, more: str = EMBEDDED) -> AsyncIterator[Town]:
    """`egret cloud run` with a cloud.yaml of these lines."""
    port = servers.free_port()
    file = folder / "cloud.yaml"
    head = (
        f"schema: egret.cloud/1\nbroker: {broker_url}\nhttp: {{port: {port}, login: none}}\ndata: {folder / 'data'}\n"
    )
    file.write_text(head + more, encoding="utf-8")
    cloud = Cloud(cloud_yaml.load(file), small_city.inventory(folder), time.time_ns, Random(1))
    stop = asyncio.Event()
    life = asyncio.create_task(cloud.run(stop))
    town = Town(port)
    try:
        async with asyncio.timeout(60):
            while not life.done() and not servers.accepts(port):
                await asyncio.sleep(0.02)
        yield town
    finally:
        await town.close()
        stop.set()
        async with asyncio.timeout(60):
            await life


@asynccontextmanager
async def box(broker_url: str, name: str = BOX) -> AsyncIterator[aiomqtt.Client]:
    """A third party's box: a plain MQTT client that hears its receipts."""
    broker = parse(broker_url)
    async with aiomqtt.Client(broker.host, broker.port, identifier=name, clean_session=False) as client:
        await client.subscribe(f"egret/v1/{name}/receipts", qos=1)
        yield client


def batch(sensor: str, first: int, *tilts_mdeg: int, name: str = BOX, version: int = 1) -> bytes:
    """One reading a second, written by hand from the table in docs/wire.md."""
    first_ns = START_NS + first * SECOND_NS
    steps = [1000] + [0] * (len(tilts_mdeg) - 2) if len(tilts_mdeg) > 1 else []
    clock = [first_ns, 1_000_000, *steps]
    differences = [tilts_mdeg[0], *(after - before for before, after in itertools.pairwise(tilts_mdeg))]
    frame = [
        version,
        name,
        "k3v9q2ma",
        first,
        0,
        [[clock[0], clock[1], clock[2:]]],
        [[sensor, "tilt", 0, 3, differences, []]],
    ]
    return zstandard.compress(msgspec.msgpack.encode(frame))


ALARM = {
    "schema": "egret.alarms/1",
    "box": BOX,
    "spool_id": "k3v9q2ma",
    "trimmed_through": 0,
    "events": [
        {
            "alarm": f"{SENSOR}/lean",
            "sensor": SENSOR,
            "rule": "lean",
            "quantity": "tilt",
            "change": "raised",
            "level": "red",
            "value": 2.004,
            "limit": 1.5,
            "time_ns": START_NS,
            "reason": "tilt 2.004 deg is at or above 1.5 deg",
            "sequence": 1,
            "config_version": "9f2c",
            "evidence": [[START_NS - SECOND_NS, 0.031, 0]],
        }
    ],
}


async def send(client: aiomqtt.Client, lane: str, payload: bytes, through: int) -> None:
    """Again and again until the receipt covers it, as a box does: a PUBACK is not a receipt."""
    sending = asyncio.create_task(_keep_sending(client, lane, payload))
    try:
        async with asyncio.timeout(60):
            async for message in client.messages:
                said = msgspec.json.decode(message.payload)
                if (said["lane"], said["stored_through"]) == (lane, through):
                    assert (said["schema"], said["box"], said["spool_id"]) == ("egret.receipt/1", BOX, "k3v9q2ma")
                    return
    finally:
        sending.cancel()


async def _keep_sending(client: aiomqtt.Client, lane: str, payload: bytes) -> None:
    while True:
        await client.publish(f"egret/v1/{BOX}/{lane}", payload, qos=1)
        await asyncio.sleep(0.5)


async def test_a_third_partys_box_is_stored_receipted_and_becomes_a_case(tmp_path: Path, nats_url: str) -> None:
    """Three readings, a red alarm and a status, as docs/wire.md says: readings, case, receipts, box online."""
    async with running(tmp_path, nats_url) as town, box(nats_url) as client:
        await send(client, "readings", batch(SENSOR, 1, 31, 30, 2004), 3)
        await send(client, "alarms", msgspec.json.encode(ALARM), 1)
        status = {
            "schema": "egret.status/1",
            "box": BOX,
            "online": True,
            "time_ns": START_NS,
            "boot": "b7e1",
            "version": "0",
        }
        await client.publish(f"egret/v1/{BOX}/status", msgspec.json.encode(status), qos=1, retain=True)
        assert await town.values(SENSOR) == [0.031, 0.03, 2.004]
        [case] = await town.get("/cases")
        assert (case["site"], case["level"], case["alarm"]) == ("XM-TA-0117", "red", f"{SENSOR}/lean")

        async def is_online() -> bool:
            return [seen["box"] for seen in (await town.get("/state"))["boxes"] if seen["online"]] == [BOX]

        await town.until(is_online)


async def test_alarms_are_taken_before_the_board_is_built(
    tmp_path: Path, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloud that was killed has alarms waiting: their lane is open while the API takes half a second to build."""
    is_wanted, build = threading.Event(), Cloud._api
    monkeypatch.setattr(Cloud, "_api", lambda cloud: is_wanted.wait(60) and build(cloud))
    async with box(nats_url) as client, AsyncExitStack() as stack:
        opening = asyncio.create_task(stack.enter_async_context(running(tmp_path, nats_url)))
        await send(client, "alarms", msgspec.json.encode(ALARM), 1)
        assert not opening.done()
        is_wanted.set()
        assert len(await (await opening).get("/cases")) == 1


def test_the_lanes_need_no_web_framework() -> None:
    """Litestar, uvicorn and the other libraries of the API and the stores take as long to import as all the rest."""
    libraries = ("litestar", "uvicorn", "prometheus_client", "argon2", "cryptography")
    libraries += ("httpx", "duckdb", "influxdb_client", "numpy", "psycopg", "alembic", "PIL")
    code = f"import sys, cloud.commands.run; print([name for name in {libraries} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("http", "url"),
    [
        ("host: 127.0.0.1", "http://127.0.0.1:8480"),
        ("host: '::1'", "http://[::1]:8480"),
        ("host: 0.0.0.0, hosts: [egret.city.example], behind_proxy: true", "https://egret.city.example"),
    ],
)
def test_notices_link_to_the_board_where_people_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, http: str, url: str
) -> None:
    """A link leads where people reach the board, not to the address that it listens on."""
    houses: list[House] = []
    monkeypatch.setattr(webhook, "open_notifier", lambda _, house: houses.append(house))
    file = tmp_path / "cloud.yaml"
    file.write_text(
        f"schema: egret.cloud/1\nhttp: {{{http}}}\ndata: {tmp_path / 'data'}\n{EMBEDDED}\n"
        "notifiers:\n  - {name: city-desk, kind: webhook, url: 'https://desk.example.org'}\n",
        encoding="utf-8",
    )
    Cloud(cloud_yaml.load(file), small_city.inventory(tmp_path), time.time_ns, Random(1))
    [house] = houses
    assert (house.where, house.board_url) == (f"{file}:6", url)
    assert house.case_link("20261118-00001", "") == f"{url}/#/cases/20261118-00001"
    signed = house.case_link("20261118-00001", "tongan-ads")
    links = ActionLinks([(tmp_path / "data" / "link-secret").read_bytes()], url)
    grant = links.open(signed.removeprefix(f"{url}/l/"), time.time_ns())
    assert (grant.number, grant.recipient) == ("20261118-00001", "tongan-ads")
    assert grant.expires_ns - time.time_ns() == pytest.approx(24 * 3600 * SECOND_NS, rel=1e-3)


async def test_an_unknown_sensor_is_stored_and_shown(tmp_path: Path, nats_url: str) -> None:
    """It is in no inventory: its readings are kept under `_unregistered` and listed."""
    async with running(tmp_path, nats_url) as town, box(nats_url) as client:
        await send(client, "readings", batch("XM-ZZ-9999-T1", 1, 100, 101), 2)
        assert await town.values("XM-ZZ-9999-T1") == [0.1, 0.101]
        [found] = await town.get("/unregistered")
        assert (found["sensor"], found["box"], found["value"]) == ("XM-ZZ-9999-T1", BOX, 0.101)


async def test_a_store_that_is_down_at_the_start_delays_no_case(
    tmp_path: Path, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing answers where InfluxDB should: the alarm is a case at once; when it starts, the readings arrive."""
    (tmp_path / "influxd").mkdir()
    influxd = servers.influxd(tmp_path / "influxd")
    store = f"store: {{kind: influxdb_v1, url: {influxd.url!r}, database: egret}}"
    async with running(tmp_path, nats_url, store) as town, box(nats_url) as client:
        await client.publish(f"egret/v1/{BOX}/readings", batch(SENSOR, 1, 31, 30, 2004), qos=1)
        await send(client, "alarms", msgspec.json.encode(ALARM), 1)
        assert len(await town.get("/cases")) == 1
        assert "E-STORE-003" in (await town.get("/health"))["store"]
        await asyncio.to_thread(influxd.start)
        try:
            await send(client, "readings", batch(SENSOR, 1, 31, 30, 2004), 3)
            assert await town.values(SENSOR) == [0.031, 0.03, 2.004]
            assert (await town.get("/health"))["store"] == ""
        finally:
            influxd.stop()


async def test_a_webhook_of_cloud_yaml_hears_of_the_case(
    tmp_path: Path, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed with the secret that cloud.yaml names; the receiver's library verifies it."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", webhook_receiver.SECRET)
    async with webhook_receiver.receiving() as receiver:
        secret = "secret_env: EGRET_WEBHOOK_SECRET, allow_private: true"
        notifiers = f"notifiers: [{{name: city-desk, kind: webhook, url: {receiver.url!r}, {secret}}}]"
        async with running(tmp_path, nats_url, f"{EMBEDDED}\n{notifiers}") as town, box(nats_url) as client:
            await send(client, "alarms", msgspec.json.encode(ALARM), 1)
            await receiver.until(lambda: bool(receiver.requests))
            [request] = receiver.requests
            request.verify()
            notice = msgspec.json.decode(request.body)
            [case] = await town.get("/cases")
            assert (notice["type"], notice["data"]["number"]) == ("case.opened", case["number"])


async def test_a_hook_of_cloud_yaml_files_a_case(
    tmp_path: Path, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed with the secret that cloud.yaml names; the hotline gets our number, and the same one at a repetition."""
    monkeypatch.setenv("EGRET_HOTLINE_SECRET", webhook_receiver.SECRET)
    hooks = "hooks: [{name: hotline, kind: generic, secret_env: EGRET_HOTLINE_SECRET}]"
    sent = datetime.now(UTC)
    report = {"schema": "egret.report/1", "key": "XM-42", "title": "井盖缺失", "time": sent.isoformat()}
    body = msgspec.json.encode(report)
    signature = Webhook(webhook_receiver.SECRET).sign("msg_1", sent, body.decode())
    proof = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": signature,
    }
    async with running(tmp_path, nats_url, f"{EMBEDDED}\n{hooks}") as town:
        answers = [(await town.post("/hooks/hotline", body, proof)).json() for _ in range(2)]
        [case] = await town.get("/cases")
        assert (case["title"], case["source"], case["stage"]) == ("井盖缺失", "hotline", "reported")
        assert answers == [[{"key": "XM-42", "case": case["number"], "stage": "reported"}]] * 2
