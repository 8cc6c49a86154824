"""The link cut of a self-test: the box's own spool and publisher, a link that is taken away, and nothing lost.

What runs here is what runs on the box; only the link is one that can be cut. A test alarm goes before the cut.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

from edge.ble.radio import Radio
from edge.clock import BoxClock
from edge.data_use import DataMeter
from edge.field.cut_link import CloudHere, Switch
from edge.lines import Lines
from edge.spool import Spool
from edge.uplink import OpenLink, Uplink
from wire.alarm import TEST_RULE, AlarmEvent, Change, Level
from wire.inventory import Box, Inventory
from wire.receipt import BoxStatus, Lane

Sampling = Callable[[Spool], Awaitable[None]]
"""Fills a spool with readings until it is cancelled."""
CUT_S = 120.0
"""Long enough for every timeout of a link to have passed, short enough for a ladder."""
SETTLE_S = 30.0
"""For the first receipt, and for the last one after the cut."""


class LinkCut(msgspec.Struct, frozen=True):
    """What came of it.

    `is_here`: receipts were given on this machine, for there was no broker. Seconds are None for what never came.
    `readings`: taken in all, `during`: while the link was cut; `lost` have no receipt at the end. `doubled` came twice,
    None where only the cloud could know. `depth`: readings without a receipt, every `step_s`.
    """

    is_here: bool
    cut_s: float
    linked_s: float | None = None
    alarm_s: float | None = None
    readings: int = 0
    during: int = 0
    lost: int = 0
    doubled: int | None = None
    drained_s: float | None = None
    step_s: float = 1.0
    depth: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """Where readings go: as which box, over which link; None for a cloud on this machine."""

    box: str
    open_link: OpenLink | None
    clock: BoxClock
    rng: Random


def of_lines(inventory: Inventory, box: Box, clock: BoxClock, rng: Random, radio: Radio) -> Sampling:
    """The lines of a box as its agent runs them; `radio` for those of Bluetooth."""

    async def sample(spool: Spool) -> None:
        lines = Lines(spool, "/", clock, rng, DataMeter(0, clock.now))
        lines.radio = radio
        async with asyncio.TaskGroup() as tasks:
            await lines.become(inventory, box, tasks)
            await asyncio.Event().wait()

    return sample


async def cut_link(
    sample: Sampling, sensor: str, way: Way, folder: Path, *, cut_s: float, settle_s: float = SETTLE_S
) -> LinkCut:
    """Runs it; `folder` is for its spool. Raises EgretError when the disk refuses, and as `sample` does."""
    here, is_here = CloudHere(), way.open_link is None
    switch = Switch(way.open_link or here)
    async with Spool(folder, batch_s=min(1.0, cut_s / 4)) as spool, asyncio.TaskGroup() as tasks:
        status = BoxStatus(way.box, online=False, time_ns=0, boot="", version="")
        uplink = Uplink(switch, spool, status, way.clock, way.rng)
        trial = _Trial(spool, switch, LinkCut(is_here, cut_s), asyncio.get_running_loop().time)
        running = [tasks.create_task(run) for run in (uplink.run(), spool.keep(), trial.watch())]
        sampling = asyncio.ensure_future(sample(spool))
        try:
            if await trial.is_linked(settle_s):
                await trial.raise_alarm(_test_alarm(sensor, way.clock.now()), settle_s)
                await trial.cut(cut_s)
                sampling.cancel()
                await trial.drain(settle_s)
        finally:
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
            uplink.leave()
            for task in running:
                task.cancel()
    found = trial.found
    return msgspec.structs.replace(found, doubled=here.doubled) if is_here else found


def _test_alarm(sensor: str, now_ns: int) -> AlarmEvent:
    """Raised, and left to whoever acknowledges it; the cloud ends it by itself after ten minutes."""
    return AlarmEvent(
        alarm=f"{sensor}/{TEST_RULE}",
        sensor=sensor,
        rule=TEST_RULE,
        quantity="",
        change=Change.RAISED,
        level=Level.BLUE,
        value=None,
        limit=None,
        time_ns=now_ns,
        reason="self-test at commissioning",
    )


class _Trial:
    """One run of it, phase by phase."""

    def __init__(self, spool: Spool, switch: Switch, found: LinkCut, clock: Callable[[], float]) -> None:
        self._spool, self._switch, self.found, self._clock = spool, switch, found, clock
        self._depth: list[int] = []

    async def watch(self) -> None:
        while True:
            self._depth.append(self._spool.depth(Lane.READINGS).waiting)
            await asyncio.sleep(self.found.step_s)

    async def is_linked(self, within_s: float) -> bool:
        """Has a first receipt for readings come?"""
        began = self._clock()
        is_so = await self._until(lambda: self._spool.depth(Lane.READINGS).stored > 0, within_s)
        self._note(linked_s=self._clock() - began if is_so else None)
        return is_so

    async def raise_alarm(self, event: AlarmEvent, within_s: float) -> None:
        began = self._clock()
        await self._spool.add((), [event])
        is_heard = await self._until(lambda: not self._spool.depth(Lane.ALARMS).waiting, within_s)
        self._note(alarm_s=self._clock() - began if is_heard else None)

    async def cut(self, for_s: float) -> None:
        before = self._spool.depth(Lane.READINGS).committed
        self._switch.cut()
        await asyncio.sleep(for_s)
        self._note(during=self._spool.depth(Lane.READINGS).committed - before)
        self._switch.join()

    async def drain(self, within_s: float) -> None:
        """What is committed then is what must have arrived."""
        await self._spool.flush()
        began = self._clock()
        is_drained = await self._until(lambda: not self._spool.waiting, within_s)
        depth = self._spool.depth(Lane.READINGS)
        drained_s = self._clock() - began if is_drained else None
        self._note(
            readings=depth.committed, lost=depth.waiting, drained_s=drained_s, depth=(*self._depth, depth.waiting)
        )

    def _note(self, **known: object) -> None:
        rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in known.items()}
        self.found = msgspec.structs.replace(self.found, **rounded)

    async def _until(self, is_so: Callable[[], bool], within_s: float) -> bool:
        until = self._clock() + within_s
        while not is_so():
            if self._clock() > until:
                return False
            await asyncio.sleep(0.05)
        return True
