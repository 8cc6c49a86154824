"""The box itself: what its supply, processor, disk, modem, clock and spool say, as readings like any other.

    boxes:
      TA-0113:
        lines:
          health:
            source: health
            every: 300s
            modem: wwan0            # the modem's network interface, for the data it has used
            disk: /var/lib/egret    # where the free space is measured: the disk of the spool

No sensor hangs on such a line: the readings are the box's own, under its id. A quantity that the machine cannot
tell is left out: supply_voltage and battery_voltage (/sys/class/power_supply), cpu_temperature (/sys/class/thermal),
disk_free, disk_wear (eMMC, in steps of 10 %), modem_signal (ModemManager), data_used since the interface came up,
clock_error (how far the kernel thinks that the clock may be off; 16 s when nobody keeps it), spool_depth.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edge import health
from edge.ports import LinePlan, Source
from wire.blocking import OneAtATime
from wire.errors import ConfigError, Mistake
from wire.reading import Sample


@dataclass(frozen=True, slots=True)
class Config:
    """The line's block in sensors.yaml."""

    every_s: float = health.EVERY_S
    modem: str = ""
    disk: str = "/"


def open_source(plan: LinePlan) -> Source:
    """The box's own readings; does no I/O. Raises ConfigError."""
    config = plan.block(Config)
    if plan.line.sensors:
        what = f"{plan.line.sensors[0]} hangs on a line of source health, which has no sensors."
        fix = "name the line of its port in the sensor's `line:`"
        raise ConfigError([Mistake(plan.line.where, what, fix, "E-HEALTH-001")])
    return Health(plan, config)


class Health:
    """A `Source` without a port."""

    def __init__(self, plan: LinePlan, config: Config) -> None:
        """Nothing is read yet."""
        self._plan, self._config = plan, config
        self._off_loop = OneAtATime()

    async def __aenter__(self) -> Self:
        """There is nothing to open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nor to close."""

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """One sample at once, and one every so often."""
        root = Path(self._plan.root)
        disk = root / self._config.disk.lstrip("/")
        while True:
            measured = await self._off_loop(health.measure, root, disk, self._config.modem)
            stamp = self._plan.clock.stamp()
            yield Sample(
                self._plan.line.box,
                stamp.time_ns,
                values=(*measured, ("spool_depth", float(self._plan.waiting()))),
                clock_unsure=stamp.is_unsure,
                moved_ns=stamp.moved_ns,
            )
            await asyncio.sleep(self._config.every_s)
