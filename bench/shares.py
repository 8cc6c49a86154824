"""Several clouds on one ledger: each takes its share of the boxes, and the share of one that is killed.

Three `egret cloud run` on PostgreSQL, InfluxDB 1 and a nats-server; twelve boxes with 20 readings and an alarm event a
second each. At random moments one of the clouds is killed with SIGKILL and started again some time later, or frozen for
longer than its leases last (SIGSTOP) and woken up. A quick run has two clouds, on SQLite. In the end everything must be
there, and once. `takeover_s` is the longest time in which any box heard no receipt after a kill, from the last before
it; `frozen_s` the same for a frozen cloud: what the broker had sent into its socket the box must send again.
"""

import asyncio
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import servers
import yaml

from bench.fleet.books import Books, balance
from bench.fleet.boxes import BenchBoxes, fleet, names, write_city
from bench.result import Goal, Result, at_most, machine
from cloud.lease_watch import LOST_S
from cloud.share import Share
from cloud.stores import influxdb_v1
from edge.demo.processes import Child, Processes, egret
from wire import broker, profile_yaml, sensors_yaml

NUMBERS = ("faults",)
"""`--faults N`: how often a cloud is killed or frozen, 8 unless given."""
_FROZEN_S = LOST_S + 5.0
_SETTLE_S = 8.0
"""After a killed cloud has been started again: it takes its share back."""
_TAKEOVER_S = 10.0


@dataclass(frozen=True, slots=True)
class House:
    """The servers; `ledger_url` is empty for SQLite, which all clouds then have in one folder."""

    folder: Path
    broker_url: str
    store_url: str
    ledger_url: str

    def data(self, number: int) -> Path:
        """What one cloud keeps: on PostgreSQL in a folder of its own, as on a machine of its own."""
        return self.folder / (f"cloud-{number}" if self.ledger_url else "cloud")

    @property
    def ledger_place(self) -> str | Path:
        """As `Ledger` takes it."""
        return self.ledger_url or self.data(1) / "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    boxes: int
    clouds: int
    faults: int


@dataclass(slots=True)
class Silences:
    """For each fault the longest time in which any box heard nothing (s); all were under way at `began_ns`."""

    began_ns: int
    killed_s: list[float] = field(default_factory=list)
    frozen_s: list[float] = field(default_factory=list)


async def run(*, is_quick: bool, faults: int | None = None) -> Result:
    """Start all, break clouds one after the other, balance the books."""
    size = Size(4, 2, 1) if is_quick else Size(12, 3, faults or 8)
    rng = Random(7)  # the same faults each time; when they strike is up to the machine
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name, _house(Path(name), is_quick=is_quick) as house:
        boxes = _names(size)
        city = write_city(house.folder, boxes)
        inventory = sensors_yaml.load(city, profile_yaml.load_library(profile_yaml.library_folder()))
        way = broker.parse(house.broker_url)
        async with (
            Processes(house.folder / "logs") as processes,
            fleet(house.folder / "boxes", dict.fromkeys(boxes, way), rng) as running,
        ):
            for number in range(1, size.clouds + 1):
                await processes.start(f"cloud-{number}", "cloud", _command(house, city, number, size.clouds))
            silences = await _under_faults(running, processes, size, rng, is_quick=is_quick)
            is_drained = await running.drained()
            store = influxdb_v1.open_store(influxdb_v1.Config(url=house.store_url, database="egret"))
            books = await balance(running, store, house.ledger_place, inventory, silences.began_ns)
    return _result(size, silences, books, is_drained=is_drained)


def _names(size: Size) -> list[str]:
    """Of boxes that are spread evenly over the shares."""
    shares = [Share(number, size.clouds) for number in range(1, size.clouds + 1)]
    each = [[name for name in names(999) if share.has(name)] for share in shares]
    return [name for share in each for name in share[: size.boxes // size.clouds]]


@contextmanager
def _house(folder: Path, *, is_quick: bool) -> Iterator[House]:
    with ExitStack() as stack:
        ledger_url = "" if is_quick else stack.enter_context(servers.postgresql(folder)).new_database()
        for name in ("nats", "influxd"):
            (folder / name).mkdir()
        nats = stack.enter_context(servers.nats(folder / "nats"))
        influxd = stack.enter_context(servers.influxd(folder / "influxd"))
        yield House(folder, nats.url, influxd.url, ledger_url)


def _command(house: House, city: Path, number: int, of: int) -> tuple[str, ...]:
    file = house.folder / f"cloud-{number}.yaml"
    document = {
        "schema": "egret.cloud/1",
        "broker": house.broker_url,
        "http": {"port": servers.free_port(), "login": "none"},
        "data": str(house.data(number)),
        "store": {"kind": "influxdb_v1", "url": house.store_url, "database": "egret"},
    }
    if house.ledger_url:
        document["ledger"] = house.ledger_url
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return egret("cloud", "run", "--config", str(file), "--inventory", str(city), "--share", f"{number}/{of}")


async def _under_faults(
    boxes: BenchBoxes, processes: Processes, size: Size, rng: Random, *, is_quick: bool
) -> Silences:
    """Until the last fault is over."""
    async with asyncio.TaskGroup() as tasks:
        measuring = [tasks.create_task(box.measure()) for box in boxes]
        await boxes.under_way()
        found = Silences(time.time_ns())
        for number in range(size.faults):
            await asyncio.sleep(0 if is_quick else 2 + 3 * rng.random())
            boxes.forget_silence()
            victim = rng.choice(processes.of("cloud"))
            if number % 3 == 2:
                await _freeze(victim)
                found.frozen_s.append(boxes.silence_s)
                continue
            await processes.kill(victim)
            await boxes.all_hear()
            found.killed_s.append(boxes.silence_s)
            if not is_quick:
                await processes.restart(victim)
                await asyncio.sleep(_SETTLE_S)
        for task in measuring:
            task.cancel()
    return found


async def _freeze(victim: Child) -> None:
    """It holds its connections and answers nothing; then it goes on as if nothing had happened."""
    victim.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(_FROZEN_S)
    victim.process.send_signal(signal.SIGCONT)
    await asyncio.sleep(_SETTLE_S)


def _result(size: Size, silences: Silences, books: Books, *, is_drained: bool) -> Result:
    figures = {
        "clouds": size.clouds,
        "boxes": size.boxes,
        "faults": size.faults,
        "takeovers_s": ", ".join(f"{silence:.1f}" for silence in silences.killed_s),
        "frozen_s": ", ".join(f"{silence:.1f}" for silence in silences.frozen_s),
        "readings": books.readings,
        "alarm_events": books.events,
        "cases": books.cases,
        "alarm_late_s median": round(books.late_usual_s, 3),
        "alarm_late_s most": round(books.late_s, 2),
    }
    goals = {
        "lost": at_most(books.lost, 0, ""),
        "doubled": at_most(books.doubled, 0, ""),
        "takeover_s": at_most(round(max(silences.killed_s), 2), _TAKEOVER_S, "s"),
        "drained": Goal("everything has its receipt", str(is_drained), is_drained),
    }
    return Result("shares", figures, goals, machine(), (f"a lease is taken after {LOST_S:g} s of silence",))
