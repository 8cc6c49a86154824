"""A box's data: counted over restarts and months, kept to its budget by readings and never by alarms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from box_rig import BOX, SENSOR, SENSORS_YAML, city
from detection import reading, sensor

from edge.data_plan import plan
from edge.data_use import DataMeter, used_by
from edge.metered_link import MeteredLink
from edge.report import Reporter
from edge.sim.link import SimulatedBroker, SimulatedLink
from edge.sim.sensing import point_values
from edge.sim.world import World
from wire import batch, topics, traffic
from wire.alarm import AlarmEvent, Change, Level
from wire.batch import Batch, columns
from wire.inventory import Inventory, ReportPolicy
from wire.quantities import rounded
from wire.reading import Reading
from wire.receipt import BoxStatus

MB = 10**6
HOUR_NS = 3600 * 10**9
NOVEMBER_NS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9
DAY_NS = 24 * HOUR_NS


@dataclass
class Clock:
    """A clock that is set by hand, to the beginning of November."""

    now_ns: int = NOVEMBER_NS


def metered(budget: int) -> tuple[DataMeter, Clock]:
    """A meter, and its clock."""
    clock = Clock()
    return DataMeter(budget, lambda: clock.now_ns), clock


def told(meter: DataMeter) -> tuple[int, int, bool]:
    """What the box's status says."""
    status = meter.tell(BoxStatus(BOX, online=True, time_ns=0, boot="b", version=""))
    return status.data_used_mb, status.data_budget_mb, status.is_sparing


def test_a_month_begins_anew() -> None:
    """What was used in November is no part of December's; a clock that jumps there and back loses nothing."""
    meter, clock = metered(200 * MB)
    meter.add(90 * MB)
    assert told(meter) == (90, 200, True)
    clock.now_ns += 31 * DAY_NS
    meter.add(2 * MB)
    assert told(meter) == (2, 200, False)
    clock.now_ns -= 2 * DAY_NS
    assert told(meter) == (90, 200, False)  # 29 of 30 days are over


def test_a_count_survives_a_restart() -> None:
    """A meter goes on from what was kept, with what it has counted since it started; a broken count begins anew."""
    meter, clock = metered(0)
    meter.add(5 * MB)
    again = DataMeter(0, lambda: clock.now_ns)
    again.add(MB)
    again.restore(meter.states())
    assert used_by(again.states()) == {"2026-11": 6 * MB}
    assert used_by(dict.fromkeys(again.states(), b"\xff")) == {}
    assert told(again) == (6, 0, False)


def test_a_box_without_a_budget_is_never_sparing() -> None:
    """However much it uses."""
    meter, _ = metered(0)
    meter.add(10**12)
    assert not meter.is_sparing


@pytest.mark.parametrize("an_hour", [MB // 10, MB, 5 * MB // 2])
def test_a_month_keeps_to_its_budget(an_hour: int) -> None:
    """200 MB, and an hour that would cost 0.1, 1 or 2.5 MB: what is beyond an even share is given up, and no more."""
    meter, clock = metered(200 * MB)
    used = 0
    for _ in range(30 * 24 * 6):
        size = an_hour // 60 if meter.is_sparing else an_hour // 6
        meter.add(size)
        used += size
        clock.now_ns += HOUR_NS // 6
    whole = an_hour * 24 * 30
    assert min(0.99 * whole, 199 * MB) <= used <= 200.5 * MB


def alarm(one: Reading) -> AlarmEvent:
    """It leans."""
    return AlarmEvent("a/lean", one.sensor, "lean", "tilt", Change.RAISED, Level.RED, 2.0, 1.5, one.time_ns)


@pytest.mark.parametrize("policy", [ReportPolicy(), ReportPolicy(5.0, {"tilt": 0.05})])
def test_a_sparing_box_reports_less_and_alarms_all_the_same(policy: ReportPolicy) -> None:
    """One sample in ten minutes, a change of quality, and everything around an alarm, also from before."""
    is_sparing = [True]
    one = Reporter(replace(sensor(), report=policy), lambda: is_sparing[0])
    samples = [reading(at, 0.1 + at / 100) for at in range(900)]
    leaving = [bool(one.step([sample]).leaving) for sample in samples]
    assert sum(leaving) in {2, 3}
    report = one.step([reading(900, 9.0)], [alarm(reading(900, 9.0))])
    assert report.leaving
    assert report.around
    assert all(one.step([reading(at, 0.1)]).leaving for at in range(901, 950))
    is_sparing[0] = False
    assert one.step([reading(1000, 0.1)]).leaving


async def test_what_goes_over_a_link_is_counted() -> None:
    """Both directions, with what MQTT, TLS and TCP/IP put around it."""
    meter, _ = metered(0)
    broker = SimulatedBroker(Random(1))
    async with MeteredLink(SimulatedLink(broker, BOX, b""), meter) as link:
        await link.send(topics.topic(BOX, "readings"), b"x" * 1_000)
        broker.send_down(BOX, b"y" * 100)
        async for _ in link.deliveries():
            break
    up = traffic.message(topics.topic(BOX, "readings"), 1_000)
    down = traffic.message(topics.topic(BOX, "receipts"), 100)
    assert used_by(meter.states()) == {"2026-11": up + down}
    assert 1_200 < up < 1_400


def day_of(inventory: Inventory, every_s: int) -> list[int]:
    """Sizes of the batches of a simulated day: the world's weather through policy, seal and encoding."""
    one, world = inventory.sensors[SENSOR], World(7)
    reporter = Reporter(one)
    windows: dict[int, list[Reading]] = {}
    for at in range(0, 86_400, every_s):
        time_ns = NOVEMBER_NS + at * 10**9
        points = point_values(world, one, "billboard", time_ns)
        x, y = (float(points[name]) for name in ("roll", "pitch"))  # type: ignore[arg-type]
        values = {"tilt_x": x, "tilt_y": y, "tilt": (x * x + y * y) ** 0.5, "temperature": float(points["temp"])}  # type: ignore[arg-type]
        rows = [Reading(SENSOR, name, rounded(name, value), time_ns) for name, value in values.items()]
        for row in reporter.step(rows).leaving:
            windows.setdefault(row.time_ns // 10**9, []).append(row)
    return [len(batch.encode(Batch(BOX, "0" * 12, 2**33, 2**33 - 1, columns(rows)))) for rows in windows.values()]


@pytest.mark.parametrize("report", ["{every: 0s}", "{every: 1min}", "{every: 5min, statistics: true}"])
def test_a_plan_is_near_a_simulated_day(tmp_path: Path, report: str) -> None:
    """Half an hour of made-up noise foretells the bytes of a day of simulated weather, to an eighth."""
    text = SENSORS_YAML.replace("every: 100ms}", f"every: 10s, report: {report}}}")
    inventory = city(tmp_path, text)
    foretold, sizes = plan(inventory, inventory.boxes[BOX]), day_of(inventory, 10)
    topic = topics.topic(BOX, "readings")
    month = traffic.MONTH_DAYS * sum(traffic.message(topic, size) for size in sizes)
    assert foretold.readings + foretold.messages == pytest.approx(month, rel=0.125)
    assert foretold.readings == pytest.approx(traffic.MONTH_DAYS * sum(sizes), rel=0.125)


def test_a_plan_knows_what_a_box_says_of_itself(tmp_path: Path) -> None:
    """Nine quantities every five minutes, as docs/operate/boxes.md has them: 1.4 MB a month on a busy box."""
    text = SENSORS_YAML.replace("lines: {a: ", "lines: {health: {source: health}, a: ")
    told, silent = (plan(each, each.boxes[BOX]) for each in (city(tmp_path, text), city(tmp_path)))
    assert told.readings_a_day["health"] == 9 * 288
    assert told.total - silent.total == pytest.approx(1.4 * MB, rel=0.2)


def plans(tmp_path: Path, reports: Sequence[str]) -> list[int]:
    """Megabytes a month of one tilt sensor that is sampled once a second."""
    found = []
    for report in reports:
        inventory = city(tmp_path, SENSORS_YAML.replace("every: 100ms}", f"every: 1s, report: {report}}}"))
        found.append(round(plan(inventory, inventory.boxes[BOX]).total / MB))
    return found


def test_what_the_manual_says_a_policy_costs(tmp_path: Path) -> None:
    """The table of docs/operate/sensors-yaml.md."""
    text = (Path(__file__).parents[2] / "docs/operate/sensors-yaml.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if "MB a month" in line and line.startswith("| `{")]
    reports = [row[1].strip().strip("`") for row in rows]
    assert plans(tmp_path, reports) == [int(row[2].split()[0].replace(",", "")) for row in rows]
    assert len(rows) == 5
