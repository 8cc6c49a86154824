"""Three nats-servers with TLS, as `egret cloud broker-config` makes them, of which the leader is killed under load.

Six boxes with 20 readings and an alarm event a second each, one `egret cloud run`, certificates for everybody. Again
and again the node that leads the stream of all messages is killed with SIGKILL, and started again when the
others have taken over. In the end everything must be there, and once. `alarm_late_s` is from an alarm's reading to
its commit in the ledger, `alarms_late` how many took longer than 3 s.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from random import Random

import nats_cluster
import servers
import yaml
from guarded_broker import CLOUD
from nats_cluster import Cluster, Node

from bench.fleet.books import LATE_NS, Books, balance
from bench.fleet.boxes import BenchBoxes, fleet, names, write_city
from bench.result import Goal, Result, at_most, machine
from cloud.stores import influxdb_v1
from edge.demo.processes import Processes, egret
from wire import profile_yaml, sensors_yaml
from wire.broker import Broker

NUMBERS = ("kills",)
"""`--kills N`: how often the leader is killed, 5 unless given."""
_STREAM = "$MQTT_msgs"
_BACK_S = 12.0
"""After a node was started again: time to catch up with the others."""
_ELECTED_S = 60.0


async def run(*, is_quick: bool, kills: int | None = None) -> Result:
    """Start all, kill the leader again and again, balance the books."""
    boxes, count = names(2 if is_quick else 6), 1 if is_quick else kills or 5
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        city = write_city(folder, boxes)
        inventory = sensors_yaml.load(city, profile_yaml.load_library(profile_yaml.library_folder()))
        (folder / "influxd").mkdir()
        with servers.influxd(folder / "influxd") as influxd, nats_cluster.cluster(folder, boxes, city) as cluster:
            store = influxdb_v1.Config(url=influxd.url, database="egret")
            ways = {box: cluster.way(box) for box in boxes}
            async with Processes(folder / "logs") as processes, fleet(folder / "boxes", ways, Random(7)) as running:
                await processes.start("cloud", "cloud", _command(folder, city, cluster, store))
                began_ns, silences = await _under_faults(running, cluster, count)
                is_drained = await running.drained()
                ledger = folder / "cloud/ledger.sqlite"
                books = await balance(running, influxdb_v1.open_store(store), ledger, inventory, began_ns)
    return _result(silences, books, is_drained=is_drained)


def _command(folder: Path, city: Path, cluster: Cluster, store: influxdb_v1.Config) -> tuple[str, ...]:
    way = cluster.way(CLOUD)
    file = folder / "cloud.yaml"
    document = {
        "schema": "egret.cloud/1",
        "broker": _address(way),
        "broker_tls": {"ca": way.ca, "certificate": way.certificate, "key": way.key},
        "http": {"port": servers.free_port(), "login": "none"},
        "data": str(folder / "cloud"),
        "store": {"kind": "influxdb_v1", "url": store.url, "database": store.database},
    }
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return egret("cloud", "run", "--config", str(file), "--inventory", str(city))


def _address(way: Broker) -> str:
    """As people write it."""
    nodes = ((way.host, way.port), *way.others)
    return "mqtts://" + ",".join(f"{host}:{port}" for host, port in nodes)


async def _under_faults(boxes: BenchBoxes, cluster: Cluster, kills: int) -> tuple[int, list[float]]:
    """When all were under way, and after each kill the longest silence that any box heard (s)."""
    found: list[float] = []
    async with asyncio.TaskGroup() as tasks:
        measuring = [tasks.create_task(box.measure()) for box in boxes]
        await boxes.under_way()
        began_ns = time.time_ns()
        for _ in range(kills):
            leader = await _leader(cluster)
            boxes.forget_silence()
            leader.server.kill()
            await boxes.all_hear()
            found.append(boxes.silence_s)
            if len(found) < kills:
                await asyncio.to_thread(leader.server.start)
                await asyncio.sleep(_BACK_S)
        for task in measuring:
            task.cancel()
    return began_ns, found


async def _leader(cluster: Cluster) -> Node:
    async with asyncio.timeout(_ELECTED_S):
        while (leader := await asyncio.to_thread(cluster.leader, _STREAM)) is None:
            await asyncio.sleep(0.2)
    return leader


def _result(silences: list[float], books: Books, *, is_drained: bool) -> Result:
    figures = {
        "kills": len(silences),
        "silences_s": ", ".join(f"{silence:.1f}" for silence in silences),
        "readings": books.readings,
        "alarm_events": books.events,
        "cases": books.cases,
        "alarm_late_s median": round(books.late_usual_s, 3),
        "alarms_late": books.late,
    }
    goals = {
        "lost": at_most(books.lost, 0, ""),
        "doubled": at_most(books.doubled, 0, ""),
        "alarm_late_s": at_most(round(books.late_s, 2), LATE_NS / 1e9, "s"),
        "drained": Goal("everything has its receipt", str(is_drained), is_drained),
    }
    note = "nats-server elects a stream's leader 4 to 9 s after the last one fell silent; this cannot be configured"
    return Result("cluster", figures, goals, machine(), (note,))
