"""A box as a machine: the real agent on a disk, a clock and a road that may fail, and what it promised to keep."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from bench.simulation.broker import HostileBroker, HostileLink
from bench.simulation.disk import Disk, unsynced
from bench.simulation.machine import Machine
from bench.simulation.town import NUMBER, SECOND_NS, Street, StreetSource, level_of
from edge.agent import Agent, Options
from edge.clock import BoxClock
from edge.lines import Lines
from edge.ports import Source
from edge.spool import COMMIT_S, SYNC_S
from edge.spool_damage import NAME
from edge.spool_file import SpoolFile
from wire import batch as wire_batch
from wire.alarm import AlarmEvent
from wire.errors import WireError
from wire.inventory import Inventory, Line, Sensor
from wire.reading import Reading
from wire.receipt import Lane

_WRITING = ("commit", "trim")
_FULL = 2
_STOPS_S = 60.0
_event = msgspec.msgpack.Decoder(AlarmEvent)
_pending = msgspec.msgpack.Decoder(list[Reading])


class _StreetLines(Lines):
    """One line, on a simulated street."""

    def __init__(self, street: Street, *args: Any) -> None:
        self._street = street
        super().__init__(*args)

    def _open_source(self, line: Line, sensors: Mapping[str, Sensor]) -> Source:  # noqa: ARG002 - there is one
        return StreetSource(self._street)


class SimulatedAgent(Agent):
    """The agent, whose line is on a simulated street."""

    def __init__(self, street: Street, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = _StreetLines(street, self._spool, "/", self._clock, self._rng, self._meter)


class BoxMachine(Machine):
    """One box. It looks at its disk after every write, as somebody with the file in hand would."""

    def __init__(
        self, town: Inventory, box: str, street: Street, broker: HostileBroker, disk: Disk, batch_s: float
    ) -> None:
        super().__init__(box, disk, disk.rng, broker.trace)
        self.truth, self.clock = street.truth, street.clock
        self._town, self._street, self._broker, self._batch_s = town, street, broker, batch_s
        self._agent: SimulatedAgent | None = None
        self._batches: dict[int, tuple[int, frozenset[int]]] = {}
        self._spool_id, self._stored = "", 0
        self._events: set[tuple[str, int]] = set()
        self.has_begun_anew = False

    async def main(self) -> None:
        """As `egret edge run`."""
        self._agent = SimulatedAgent(
            self._street,
            self._town,
            self._town.boxes[self.name],
            Options(self.disk.folder, batch_s=self._batch_s),
            open_link=partial(HostileLink, self._broker, self.name),
            clock=BoxClock(self.clock.now, _steady_ns, lambda: True, boot=f"{self.rng.getrandbits(64):016x}"),
            rng=Random(self.rng.random()),
        )
        self._stop = asyncio.Event()
        await self._agent.run(self._stop)

    async def restart(self) -> None:
        """Tell its program to stop: it ends within a minute, unless its disk or its road keeps it, and begins again."""
        if not self.is_open:
            return
        life, self.is_told_to_stop = self._process, True
        self._stop.set()
        await asyncio.sleep(_STOPS_S)
        if self._process is life and not self.disk.troubles:
            self.wrong.append(f"{self.name}: told to stop, it still runs after {_STOPS_S:g} s")

    @property
    def agent(self) -> Agent:
        """Of the present life, or the last."""
        assert self._agent
        return self._agent

    def refusal(self, call: Callable[..., Any], args: tuple[Any, ...]) -> Exception | None:  # noqa: ARG002 - as Machine
        """Writing fails; reading goes on. An fsync that fails, fails once."""
        if call is SpoolFile.commit and self.disk.fsync_fails:
            self.disk.fsync_fails = False
            return unsynced()
        if self.disk.refuses and call in (SpoolFile.commit, SpoolFile.trim):
            return self.disk.refuses()
        return None

    def executed(self, call: Callable[..., Any], args: tuple[Any, ...], result: object) -> None:
        """What is committed, what of it is synced, and what had to go for it."""
        if call in (SpoolFile.commit, SpoolFile.trim):
            file = args[0]
            (level,) = file._database.execute("PRAGMA synchronous").fetchone()
            self.disk.wrote(self.disk.folder / NAME, level)
            if call is SpoolFile.commit:
                self.truth.committed |= dict.fromkeys(_numbers(args[1].readings), _now_s())
                if args[1].events:
                    self.meet_doom()
            self._look_at(file)
        elif isinstance(result, SpoolFile):
            self.disk.wrote(self.disk.folder / NAME, _FULL)
            self._look_at(result)

    def buried(self) -> None:
        """What was in its memory is lost, and may be, if it was not there for long; its connection is cut."""
        truth = self.truth
        asyncio.get_running_loop().call_later(self.rng.uniform(0.0, 2.0), self._broker.cut_box, self.name)
        in_memory = set(_numbers(self._agent._spool._group.readings)) if self._agent else set()
        gone = truth.made.keys() - truth.committed.keys() - truth.lost
        if missing := gone - in_memory:
            self.wrong.append(f"{self.name}: {_some(missing)} were neither in memory nor on the disk")
        if late := {number for number in gone if truth.made[number].at_s < self._horizon_s(COMMIT_S)}:
            self.wrong.append(f"{self.name}: {_some(late)} were in memory for longer than {COMMIT_S} s")
        if gone and self.is_told_to_stop and not self.is_running and not self.disk.troubles:
            self.wrong.append(f"{self.name}: {_some(gone)} were given up when it was told to stop")
        self._require_alarms(gone)
        truth.lost |= gone

    def reborn(self) -> None:
        """What a power cut has taken; of what was committed a second before it, and of alarms, nothing."""
        truth = self.truth
        if (held := _spooled(self.disk.folder / NAME)) is None:
            if not truth.is_damaged:
                self.wrong.append(f"{self.name}: the spool cannot be read any more")
            return
        gone = truth.committed.keys() - truth.lost - truth.evicted - truth.aside - truth.receipted - held
        if truth.is_damaged:
            return
        if late := {number for number in gone if truth.committed[number] < self._horizon_s(SYNC_S + COMMIT_S)}:
            self.wrong.append(f"{self.name}: {_some(late)} were committed, and are not on the disk")
        self._require_alarms(gone)
        truth.lost |= gone

    def let_go(self) -> None:
        """The dead process's file."""
        if self._agent and hasattr(self._agent._spool, "_file"):
            self._agent._spool._file._database.close()

    @property
    def is_open(self) -> bool:
        """Does it run, and has it opened its spool?"""
        return self.is_running and self._agent is not None and hasattr(self._agent._spool, "_file")

    @property
    def is_empty(self) -> bool:
        """Has everything its receipt?"""
        if not self.is_open:
            return False
        spool = self.agent._spool
        return not spool.in_flight and not any(spool.depth(lane).waiting for lane in Lane)

    @property
    def sensors(self) -> list[str]:
        """On its line."""
        return self._street.sensors

    def waiting(self) -> str:
        """What its spool has and the cloud has not."""
        spool = self.agent._spool
        return ", ".join(f"{spool.depth(lane).waiting} {lane}" for lane in Lane) if self.is_open else "it has not begun"

    def spoil(self) -> None:
        """Somebody overwrites a page of the spool while the box is without power."""
        if self.disk.spoil(NAME):
            self.truth.is_damaged = True

    def _horizon_s(self, promised_s: float) -> float:
        """Nothing older than this may be lost: a disk that refuses or is slow has begun that before."""
        disk = self.disk
        return min(_now_s(), disk.trouble_s) - promised_s - 4 * disk.most_s - 0.1

    def _require_alarms(self, gone: set[int]) -> None:
        """A line goes on when an alarm is safe on the disk: what is gone had raised none."""
        truth = self.truth
        for number in sorted(gone & truth.taken):
            made = truth.made[number]
            before = [one for one in truth.made.values() if one.sensor == made.sensor and one.number < number]
            kept = [one for one in before if one.number not in truth.lost | gone]
            if level_of(made.tilt) is not (level_of(kept[-1].tilt) if kept else None):
                self.wrong.append(f"{self.name}: the alarm of sample {number} was safe, and is gone")

    def _look_at(self, file: SpoolFile) -> None:
        """As `_see`; of a file that somebody has overwritten, what can be seen."""
        with suppress(*(sqlite3.DatabaseError, WireError) if self.truth.is_damaged else ()):
            self._see(file)

    def _see(self, file: SpoolFile) -> None:
        """Which samples are in the spool's batches, and which of them went, with a receipt or without."""
        if file.id != self._spool_id:
            if self._spool_id:
                self.has_begun_anew = True
                self.trace.add("anew", self.name, file.id.encode())
                for last, numbers in self._batches.values():
                    where = self.truth.receipted if last <= self._stored else self.truth.aside
                    where |= numbers
                self.truth.aside |= self.truth.evicted  # the gap is in the file that was set aside, too
            self._spool_id, self._batches = file.id, {}
        self._stored = file.depths[Lane.READINGS].stored
        newest = max(self._batches, default=0)
        rows = file._database.execute("SELECT first, last, payload FROM batch WHERE first > ?", [newest]).fetchall()
        self._batches |= {first: (last, _sealed(payload)) for first, last, payload in rows}
        (oldest,) = file._database.execute("SELECT coalesce(min(first), 9e18) FROM batch").fetchone()
        for first in [first for first in self._batches if first < oldest]:
            last, numbers = self._batches.pop(first)
            if last <= self._stored:
                self.truth.receipted |= numbers
            else:
                self.truth.evicted |= numbers
        events = _events(file)
        self.truth.unkept |= self._events - events
        self._events = events


def _events(file: SpoolFile) -> set[tuple[str, int]]:
    """Alarm events in the spool, before their receipt and after it."""
    rows = file._database.execute("SELECT event FROM event UNION ALL SELECT event FROM heard").fetchall()
    return {(event.alarm, event.time_ns) for event in (_event.decode(row) for (row,) in rows)}


def _steady_ns() -> int:
    return round(_now_s() * SECOND_NS)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _numbers(readings: Iterable[Reading]) -> Iterator[int]:
    return (int(reading.value or 0) for reading in readings if reading.quantity == NUMBER)


def numbers_of(batch: wire_batch.Batch) -> frozenset[int]:
    """Of the samples in a batch."""
    return frozenset(int(value or 0) for series in batch.series if series.quantity == NUMBER for value in series.values)


def _sealed(payload: bytes) -> frozenset[int]:
    return numbers_of(wire_batch.decode(payload))


def _spooled(file: Path) -> set[int] | None:
    """The samples in a spool that nobody has open; None when it cannot be read."""
    if not file.exists():
        return set()
    held: set[int] = set()
    try:
        with closing(sqlite3.connect(file)) as database:
            for (payload,) in database.execute("SELECT payload FROM batch"):
                held |= _sealed(payload)
            for (readings,) in database.execute("SELECT readings FROM pending"):
                held |= set(_numbers(_pending.decode(readings)))
    except (sqlite3.DatabaseError, WireError, msgspec.MsgspecError):
        return None
    return held


def _some(numbers: set[int]) -> str:
    found = sorted(numbers)
    return f"{len(found)} samples ({', '.join(map(str, found[:5]))} …)"
