"""From a register on a device to a committed case: reaction, a box's size and load, bytes a value on the uplink.

Three runs of the real program (simulated RS-485 on pseudo-terminals, edge agent, nats-server, cloud
on the embedded store), each with one box: 4 sensors at 10 Hz for reaction, memory and load; 8
sensors at 10 Hz with batches of 1 s and of 10 s for the bytes, counted on the socket to the broker.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import yaml

from bench.result import Goal, Result, at_most, machine
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options
from edge.demo.story import spread

_POLL_S = 0.1
_BOX = "B1"


def city(folder: Path, sensors: int, on_delay: str) -> Path:
    """A sensors.yaml with one box, four tilt sensors a line at 115 200 baud, polled every 100 ms."""
    lines = -(-sensors // 4)
    level = {"on_delay": on_delay, "limit": 1.5, "source": "judgement: bench"}
    document = {
        "schema": "egret.sensors/1",
        "crs": "WGS-84",
        "city": {"name": "台架", "name_en": "Bench", "demonstration": True},
        "districts": {"bench": "台架"},
        "limits": {"bench": {"from": "billboard", "rules": {"lean": {"off_delay": "0s", "levels": {"red": level}}}}},
        "kinds": {"billboard": {"profile": "witmotion-wt901c-485", "limits": "bench", "every": "100ms"}},
        "boxes": {
            _BOX: {
                "name": "台架",
                "lines": {
                    f"l{line}": {"source": "modbus_rtu", "port": f"/dev/ttyS{line}", "baud": 115200}
                    for line in range(lines)
                },
            }
        },
        "sites": {
            f"S{number}": {
                "name": f"台架 {number}",
                "kind": "billboard",
                "district": "bench",
                "at": [24.5, 118.1 + number / 1000],
                "sensors": {"T1": {"line": f"{_BOX}/l{number // 4}", "unit": 80 + number % 4}},
            }
            for number in range(sensors)
        },
    }
    path = folder / "sensors.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


@asynccontextmanager
async def running(sensors: int, on_delay: str, *box_options: str) -> AsyncIterator[Demonstration]:
    """The real program on one box, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name:
        folder = Path(name)
        options = Options(folder, city(folder, sensors, on_delay), box_options=box_options)
        async with Demonstration(options, lambda _: None) as demonstration:
            yield demonstration


async def reactions_ms(demonstration: Demonstration, leans: int) -> list[float]:
    """Lean, wait for the case, close it, stand up again, wait for the return to normal; `leans` times."""
    found: list[float] = []
    known = len(demonstration.diary.opened_ns)
    async with httpx.AsyncClient(base_url=f"{demonstration.url}/api/v1", trust_env=False) as http:
        for number in range(leans):
            site = f"S{number % 4}"
            await asyncio.sleep((number * 0.037) % _POLL_S)
            started_ns = time.time_ns()
            await demonstration.obey(Order("tilt", site, degrees=2.0))
            case = await _until_case(demonstration, known=known + len(found))
            found.append((demonstration.diary.opened_ns[case] - started_ns) / 1e6)
            closing = {"act": "close", "note": "bench", "without_sensor": "bench"}
            (await http.post(f"/cases/{case}/acts", json=closing)).raise_for_status()
            demonstration.world.lean(site, 0.0)
            while any(alarm["state"] == "unacknowledged" for alarm in (await http.get("/alarms")).json()):
                await asyncio.sleep(0.05)
    return found


async def _until_case(demonstration: Demonstration, known: int) -> str:
    async with asyncio.timeout(10):
        while len(demonstration.diary.opened_ns) <= known:
            await asyncio.sleep(0.005)
    return list(demonstration.diary.opened_ns)[known]


async def load(demonstration: Demonstration, seconds: float) -> tuple[float, float]:
    """The box's share of a core in percent, and its resident MiB, over some quiet seconds."""
    box = psutil.Process(demonstration.processes.of("edge_box")[0].process.pid)
    before, started = sum(box.cpu_times()[:2]), time.monotonic()
    await asyncio.sleep(seconds)
    used = sum(box.cpu_times()[:2]) - before
    return round(100 * used / (time.monotonic() - started), 2), demonstration.processes.rss_mib("edge_box")


async def bytes_a_value(batch: str, seconds: float) -> float:
    """Bytes from the box to the broker, MQTT included, for each reading stored in the same time."""
    async with running(8, "0s", "--batch", batch) as demonstration:
        await asyncio.sleep(3)
        uplink = demonstration.uplinks[_BOX]
        first_bytes, first_count = uplink.bytes_up, await _stored(demonstration)
        await asyncio.sleep(seconds)
        sent, values = uplink.bytes_up - first_bytes, await _stored(demonstration) - first_count
    return round(sent / values, 2)


async def _stored(demonstration: Demonstration) -> int:
    return await demonstration.cloud.count(demonstration.started_ns, time.time_ns())


async def run(*, is_quick: bool) -> Result:
    """All three runs."""
    leans, seconds = (4, 3.0) if is_quick else (100, 30.0)
    async with running(4, "0s") as demonstration:
        reactions = await reactions_ms(demonstration, leans)
        core_percent, rss_mib = await load(demonstration, seconds)
    one_second = await bytes_a_value("1s", 5.0 if is_quick else 30.0)
    ten_seconds = await bytes_a_value("10s", 11.0 if is_quick else 60.0)
    reaction = spread(reactions)
    return Result(
        bench="path",
        figures={
            "leans": leans,
            "reaction_ms_median": reaction.median,
            "reaction_ms_p99": reaction.p99,
            "reaction_ms_max": reaction.max,
            "edge_rss_mib": rss_mib,
            "edge_core_percent": core_percent,
            "bytes_a_value_1s": one_second,
            "bytes_a_value_10s": ten_seconds,
        },
        goals=_goals(reaction.p99, rss_mib, core_percent, (one_second, ten_seconds)),
        machine=machine(),
        notes=(
            "reaction ends when the event stream has announced the case, some milliseconds after its commit",
            "the load includes alarms, publishing and receipts; the simulated devices are another process",
        ),
    )


def _goals(p99_ms: float | None, rss: float, core: float, uplink: Sequence[float]) -> dict[str, Goal]:
    return {
        "reaction_ms_p99": at_most(p99_ms, _POLL_S * 1000 + 100, "ms with a 100 ms poll and no on-delay"),
        "edge_rss_mib": at_most(rss, 60, "MiB at 4 sensors × 10 Hz"),
        "edge_core_percent": at_most(core, 5, "% of a core at 4 sensors × 10 Hz"),
        "bytes_a_value_1s": at_most(uplink[0], 3, "B with batches of 1 s × 8 sensors"),
        "bytes_a_value_10s": at_most(uplink[1], 2, "B with batches of 10 s × 8 sensors"),
    }
