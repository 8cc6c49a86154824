"""InfluxDB and VictoriaMetrics when they refuse, stop, freeze and come back."""

import asyncio
import re
import uuid
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import servers
from listening import listening

from cloud import line_store
from cloud.ports import AlarmPoint, Batch, Column, Point
from cloud.stores import influxdb_v1, influxdb_v2
from wire.errors import ConfigError, Rejected, Unavailable
from wire.inventory import Tags

CODE = re.compile(r"E-STORE-\d{3}")
NS = 1_790_000_000_000_000_000
TAGS = Tags("XM-0042", "XM-0042-tilt", "TA-0113", "billboard", "siming")


def column(sensor: str, quantity: str = "tilt", count: int = 3, start_ns: int = NS) -> Column:
    """`count` readings a second apart: 0.0, 1.0 and so on."""
    times = tuple(start_ns + number * 1_000_000_000 for number in range(count))
    return Column(replace(TAGS, sensor=sensor), quantity, times, tuple(map(float, range(count))), (0,) * count)


def batch(*columns: Column, box: str = "TA-0113") -> Batch:
    """The first batch of a box."""
    return Batch(box, "a1b2", 1, sum(len(found.values) for found in columns), columns)


@pytest.fixture
def config(influxd_url: str) -> influxdb_v1.Config:
    """A database of this test alone."""
    return influxdb_v1.Config(influxd_url, database=f"t{uuid.uuid4().hex}")


async def ask(config: influxdb_v1.Config, query: str) -> str:
    """What InfluxDB itself says, as text."""
    async with httpx.AsyncClient(base_url=config.url) as client:
        reply = await client.post("/query", params={"db": config.database, "epoch": "ns"}, data={"q": query})
        return reply.raise_for_status().text


async def write_text_as_value(config: influxdb_v1.Config, quantity: str) -> None:
    """Make the field `value` of a quantity text, as a careless other program may have done."""
    async with httpx.AsyncClient(base_url=config.url) as client:
        line = f'{quantity},sensor=x value="text" {NS}'
        (await client.post("/write", params={"db": config.database}, content=line)).raise_for_status()


async def test_the_series_that_the_store_refuses_is_found_and_the_rest_is_stored(config: influxdb_v1.Config) -> None:
    """Of 9 series in two batches, one has a field of another type: it alone comes back, with InfluxDB's reason."""
    good = batch(*(column(f"s{number}") for number in range(4)), box="TA-0001")
    bad = column("s7", "strain")
    mixed = batch(column("s5"), column("s6"), bad, column("s8"), column("s9"), box="TA-0002")
    async with influxdb_v1.open_store(config) as store:
        await write_text_as_value(config, "strain")
        (refused,) = await store.write([good, mixed])
        assert refused.batch == replace(mixed, columns=(bad,))
        assert "field type conflict" in refused.reason
        assert await store.count(NS, NS + 10_000_000_000) == 24
        assert len(await store.readings("s9", "tilt", NS, NS + 10_000_000_000, 10)) == 3


async def test_a_reading_outside_the_stores_time_is_refused_alone(config: influxdb_v1.Config) -> None:
    """InfluxDB's time ends a little before int64; the readings beside it are stored."""
    edge = Column(TAGS, "tilt", (NS, 2**63 - 1, NS + 1), (0.1, 0.2, 0.3), (0, 0, 0))
    async with influxdb_v1.open_store(config) as store:
        (refused,) = await store.write([batch(column("s1"), edge)])
        assert [found.values for found in refused.batch.columns] == [(0.2,)]
        assert "time outside range" in refused.reason
        assert await store.count(NS, NS + 10_000_000_000) == 5


async def test_a_name_that_cannot_be_written_is_refused_alone(config: influxdb_v1.Config) -> None:
    """It never reaches the store."""
    bad = column("s2\ntilt,sensor=s9 value=1")
    async with influxdb_v1.open_store(config) as store:
        (refused,) = await store.write([batch(column("s1"), bad)])
        assert refused.batch.columns == (bad,)
        assert "E-STORE-001" in refused.reason
        assert await store.count(NS, NS + 10_000_000_000) == 3


async def test_a_refused_alarm_event_says_why(config: influxdb_v1.Config) -> None:
    """The caller sets it aside; the case is in the ledger all the same."""
    alarm = AlarmPoint(TAGS, "lean", "red", NS, "raised", 2.1, 2.0, "")
    async with influxdb_v1.open_store(config) as store:
        await write_text_as_value(config, "alarm")
        with pytest.raises(Rejected, match="field type conflict"):
            await store.write_alarm(alarm)


async def test_readings_and_alarm_events_have_the_fixed_schema(config: influxdb_v1.Config) -> None:
    """Measurements, tags and fields as the dashboards ask for them."""
    doubtful = replace(column("XM-0042-tilt", count=1), qualities=(16,))
    async with influxdb_v1.open_store(config) as store:
        await store.write([batch(doubtful)])
        await store.write_alarm(AlarmPoint(TAGS, "lean", "red", NS, "raised", 2.1, 2.0, "7"))
    series = "box=TA-0113,district=siming,kind=billboard,sensor=XM-0042-tilt,site=XM-0042"
    shown = await ask(config, "SHOW SERIES")
    assert f"tilt,{series}" in shown
    assert "alarm,district=siming,level=red,rule=lean,sensor=XM-0042-tilt,site=XM-0042" in shown
    keys = await ask(config, "SHOW FIELD KEYS")
    assert '"values":[["quality","integer"],["value","float"]]' in keys
    assert '"values":[["case","string"],["event","string"],["limit","float"],["value","float"]]' in keys
    events = await ask(config, 'SELECT event, value, "limit", "case" FROM alarm')
    assert f'[{NS},"raised",2.1,2,"7"]' in events


async def test_posts_are_bounded(config: influxdb_v1.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """25 series of 100 readings in posts of at most 1 000 lines."""
    monkeypatch.setattr(line_store, "LINES_MAX", 1000)
    async with influxdb_v1.open_store(config) as store:
        await store.write([batch(*(column(f"s{number}", count=100) for number in range(25)))])
        assert await store.count(NS, NS + 200_000_000_000) == 2500


async def test_a_stopped_store_is_unavailable_and_takes_the_same_write_when_it_is_back(tmp_path: Path) -> None:
    """InfluxDB stopped under an open connection, then killed, then started: no write is lost or doubled."""
    with servers.influxd(tmp_path) as server:
        written = batch(column("s1"))
        async with influxdb_v1.open_store(influxdb_v1.Config(server.url)) as store:
            await store.write([written])
            server.stop()
            with pytest.raises(Unavailable, match="E-STORE-003"):
                await store.write([written, batch(column("s2"), box="TA-0002")])
            with pytest.raises(Unavailable):
                await store.count(NS, NS + 10_000_000_000)
            server.start()
            await store.write([written, batch(column("s2"), box="TA-0002")])
            server.kill()
            server.start()
            assert await store.count(NS, NS + 10_000_000_000) == 6


async def test_a_store_that_is_not_there_can_be_opened_later(tmp_path: Path) -> None:
    """Entering says what is wrong; the same store enters once the server runs."""
    server = servers.influxd(tmp_path)
    store = influxdb_v1.open_store(influxdb_v1.Config(server.url))
    with pytest.raises(Unavailable, match="check that it runs, and the url"):
        await store.__aenter__()
    with server:
        async with store:
            assert await store.count(NS, NS + 1) == 0


async def test_a_frozen_store_is_unavailable_after_the_timeout(tmp_path: Path) -> None:
    """A server that holds its connections and answers nothing."""
    with servers.influxd(tmp_path) as server:
        async with influxdb_v1.open_store(influxdb_v1.Config(server.url, timeout_s=0.5)) as store:
            server.pause()
            with pytest.raises(Unavailable, match="does not answer"):
                await store.write([batch(column("s1"))])
            server.resume()


async def test_a_database_that_was_dropped_is_unavailable_not_a_reason_to_drop_readings(
    config: influxdb_v1.Config,
) -> None:
    """InfluxDB says 404; the readings wait for whoever restores it."""
    async with influxdb_v1.open_store(config) as store:
        await ask(config, f'DROP DATABASE "{config.database}"')
        with pytest.raises(Unavailable, match="database not found"):
            await store.write([batch(column("s1"))])
        with pytest.raises(Unavailable, match="database not found"):
            await store.latest()


async def test_a_wrong_address_is_unavailable_not_a_refusal() -> None:
    """A 400 that is not in the store's own words says nothing about the readings: they must not go to quarantine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\nConnection: close\r\n\r\n<html></html")
        await writer.drain()
        writer.close()

    async with listening(serve) as port:
        store = influxdb_v1.open_store(influxdb_v1.Config(f"http://127.0.0.1:{port}"))
        with pytest.raises(Unavailable, match="HTTP 400"):
            await store.__aenter__()


async def test_victoria_metrics_takes_the_v1_protocol(victoria_url: str) -> None:
    """`/write` of kind influxdb_v1; read back by VictoriaMetrics' own export."""
    name = f"v1-{uuid.uuid4()}"
    async with influxdb_v1.open_store(influxdb_v1.Config(victoria_url)) as store:
        assert await store.write([batch(column(name))]) == []
    async with httpx.AsyncClient(base_url=victoria_url) as client:
        await client.get("/internal/force_flush")
        within = {"start": str(NS / 1e9), "end": str(NS / 1e9 + 10)}
        reply = await client.post("/api/v1/export", data={"match[]": f'{{sensor="{name}"}}', **within})
    assert reply.json()["values"] == [0, 1, 2]


async def test_victoria_metrics_stopped_and_frozen_is_unavailable(tmp_path: Path) -> None:
    """Through the official client, whose errors are others."""
    with servers.victoria_metrics(tmp_path) as server:
        config = influxdb_v2.Config(server.url, reads="metricsql", timeout_s=0.5)
        async with influxdb_v2.open_store(config) as store:
            server.pause()
            with pytest.raises(Unavailable, match="E-STORE-003"):
                await store.write([batch(column("s1"))])
            server.resume()
            server.stop()
            with pytest.raises(Unavailable, match="E-STORE-003"):
                await store.write([batch(column("s1"))])
            with pytest.raises(Unavailable, match="E-STORE-003"):
                await store.latest()
            server.start()
            await store.write([batch(column("s1"))])
            server.stop()
            server.start()
            assert await store.readings("s1", "tilt", NS, NS + 1, 9) == [Point("s1", "tilt", NS, 0.0, 0)]


async def test_an_influxdb_1_behind_kind_influxdb_v2_is_told_at_the_start(influxd_url: str) -> None:
    """InfluxDB 1.6 has no `/api/v2/write`."""
    store = influxdb_v2.open_store(influxdb_v2.Config(influxd_url))
    with pytest.raises(Unavailable, match="HTTP 404"):
        await store.__aenter__()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """InfluxDB 2 as its manual describes it: it has the bucket, and refuses the lines of quantity `strain`."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    body = await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
    is_refused = b"strain" in body
    said = b'{"code":"invalid","message":"partial write: field type conflict dropped=3"}' if is_refused else b""
    status = "400 Bad Request" if is_refused else "204 No Content"
    kind = "Content-Type: application/json\r\nConnection: close\r\n"
    writer.write(f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(said)}\r\n\r\n".encode() + said)
    await writer.drain()
    writer.close()


async def test_a_refusal_in_the_words_of_influxdb_2_is_understood() -> None:
    """No InfluxDB 2 is packed for Debian; its documented answer, through the official client."""
    bad = column("s2", "strain")
    async with (
        listening(answer) as port,
        influxdb_v2.open_store(influxdb_v2.Config(f"http://127.0.0.1:{port}")) as store,
    ):
        (refused,) = await store.write([batch(column("s1"), bad, column("s3"))])
    assert refused.batch.columns == (bad,)
    assert "field type conflict" in refused.reason


async def test_the_wrong_query_language_is_told(victoria_url: str) -> None:
    """VictoriaMetrics answers InfluxQL with something else: the message names the setting."""
    async with influxdb_v2.open_store(influxdb_v2.Config(victoria_url, reads="influxql")) as store:
        with pytest.raises(Unavailable, match="reads"):
            await store.readings("s1", "tilt", NS, NS + 1, 9)


def test_a_secret_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By the name of the variable or the file, never by its content."""
    with pytest.raises(ConfigError, match="EGRET_NO_SUCH"):
        influxdb_v1.open_store(influxdb_v1.Config(username="egret", password_env="EGRET_NO_SUCH"))
    with pytest.raises(ConfigError, match="no-such-file"):
        influxdb_v2.open_store(influxdb_v2.Config(token_file=str(tmp_path / "no-such-file")))


def test_every_code_has_its_line_in_the_manual() -> None:
    """Who searches for the code of a message finds what to do."""
    root = Path(__file__).parents[3]
    said = {code for path in (root / "cloud").rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}
    explained = set(CODE.findall((root / "docs/operate/stores.md").read_text(encoding="utf-8")))
    assert said == explained
