"""A box speaks of itself: from a small /sys, from one that has nothing, and all the way to the spool."""

from pathlib import Path
from random import Random

import pytest

from edge.clock import BoxClock
from edge.health import measure
from edge.line import LinePath
from edge.ports import LinePlan
from edge.sim import box_health
from edge.sources.health import open_source
from edge.spool import Spool
from wire.errors import ConfigError
from wire.inventory import Line
from wire.quantities import QUANTITIES
from wire.receipt import Lane

NOW_NS = 1_795_000_000 * 10**9
ANYWHERE = {"disk_free", "clock_error"}


def plan(root: Path, *sensors: str, **options: object) -> LinePlan:
    """The line of box TA-0113 that speaks of it; 7 readings wait in its spool."""
    line = Line("TA-0113", "health", "health", options, "sensors.yaml:9", sensors)
    return LinePlan(line, {}, str(root), BoxClock.trusted(lambda: NOW_NS), lambda: 7)


def test_what_a_machine_tells(tmp_path: Path) -> None:
    """Microvolts, millidegrees, tenths of a life, bytes and a modem's word become quantities in their units."""
    box_health.lay(tmp_path, Random(1))
    (tmp_path / "sys/class/power_supply/mains/voltage_now").write_text("12150000\n")
    (tmp_path / "sys/class/thermal/thermal_zone0/temp").write_text("48250\n")
    (tmp_path / "sys/block/mmcblk0/device/life_time").write_text("0x02 0x01\n")
    (tmp_path / f"sys/class/net/{box_health.MODEM}/statistics/rx_bytes").write_text("1500000\n")
    (tmp_path / f"sys/class/net/{box_health.MODEM}/statistics/tx_bytes").write_text("2000000\n")
    found = dict(measure(tmp_path, tmp_path, box_health.MODEM))
    assert found.keys() == QUANTITIES.keys() & found.keys()
    assert found["supply_voltage"] == 12.15
    assert 12 < found["battery_voltage"] < 14
    assert (found["cpu_temperature"], found["disk_wear"], found["data_used"]) == (48.25, 20, 3.5)
    assert 0 < found["modem_signal"] <= 100
    assert found["disk_free"] > 0


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    """No battery, no modem, no eMMC, no zone: what there is not is left out, and is no error."""
    assert dict(measure(tmp_path, tmp_path, "wwan0")).keys() == ANYWHERE
    assert dict(measure(tmp_path, tmp_path / "nowhere", "")).keys() == {"clock_error"}


@pytest.mark.parametrize("script", ["exit 1", "echo '{}'", "echo nonsense"])
def test_a_modem_that_is_away(tmp_path: Path, script: str) -> None:
    """ModemManager finds none, or says what we do not know: no signal, and the other readings all the same."""
    program = tmp_path / "usr/bin/mmcli"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert dict(measure(tmp_path, tmp_path, "")).keys() == ANYWHERE


async def test_a_box_is_read_like_any_sensor(tmp_path: Path) -> None:
    """Under its own id, stamped by its own clock, at the resolution of the quantities, kept in the spool."""
    box_health.lay(tmp_path, Random(1))
    async with Spool(tmp_path / "data") as spool, open_source(plan(tmp_path, modem=box_health.MODEM)) as source:
        path = LinePath({}, "c1", spool)
        async for sample in source:
            await path.take(sample)
            break
        await spool.flush()
        (batch,) = await spool.batches(0, 10)
        assert spool.depth(Lane.READINGS).waiting == 9
    readings = {series.quantity: next(iter(series.readings())) for series in batch.series}
    assert {(row.sensor, row.time_ns, row.quality) for row in readings.values()} == {("TA-0113", NOW_NS, 0)}
    assert readings["spool_depth"].value == 7


def test_no_sensor_hangs_on_it(tmp_path: Path) -> None:
    """A sensor on such a line would never be read: the box does not start, and says where."""
    with pytest.raises(ConfigError, match=r"sensors.yaml:9: TA-0117-T1 hangs on a line of source health.*E-HEALTH-001"):
        open_source(plan(tmp_path, "TA-0117-T1"))
