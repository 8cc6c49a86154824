"""The spool: the edge's only queue, on disk. Readings in groups, alarm events at once, both until receipted.

Readings are committed every 250 ms and synced to the disk at least every second; an alarm event is
committed and synced at once, in one transaction with the readings that led to it and the state of
its rule. A kill -9 costs at most the group not committed, a power cut the second not synced.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from edge.report import Around
from edge.spool_aside import begin_anew
from edge.spool_damage import NAME, BegunAnew, Damaged, explained
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_news import SpoolNews
from edge.spool_room import Room
from edge.spool_view import Depth
from wire.alarm import AlarmEvent
from wire.batch import VALUES_MAX, Batch
from wire.blocking import OneAtATime
from wire.errors import EgretError
from wire.gap import Gap
from wire.inventory import SpoolLimits
from wire.reading import Reading
from wire.receipt import Kept, Lane

P = ParamSpec("P")
T = TypeVar("T")

COMMIT_S = 0.25
SYNC_S = 1.0
RETRY_S = 1.0
"""Between attempts to write to a disk that refuses."""
GROUP_MAX = 2_000
"""Readings in memory before whoever adds more must wait for the disk."""
ANEW_S = 60.0
"""Between two spools that are set aside: a disk that damages every file must not fill itself with them."""
UNHEARD_MAX = 256
"""Alarm events without a receipt that are remembered, for the case that the file is damaged: at most 2 MiB."""
_USUAL = SpoolLimits()
_NO_STATES: Mapping[str, bytes] = MappingProxyType({})


class Spool:
    """Entered, it takes what is added; `keep` must run beside it.

    When the file cannot be written (disk full, read-only, locked), nothing taken is lost: it stays in
    memory, in order, and is tried again every second. One log line says so, and one when it is over.
    Memory stays bounded, for whoever adds an event, or more than 2 000 readings, waits meanwhile.

    A file that is damaged is set aside, and a new one with a new id begins; what is in memory goes there.
    """

    def __init__(self, folder: Path, *, batch_s: float = 1.0, limits: SpoolLimits = _USUAL, boot: str = "") -> None:
        """`batch_s`: how long a batch gathers readings before it is sealed, at most 10 s. `boot`: see `BoxClock`."""
        self._folder, self._batch_s, self._boot = folder, batch_s, boot
        self._room, self._news = Room(folder / NAME, limits), SpoolNews(folder, limits)
        self._states: dict[str, bytes] = {}
        self._unheard: deque[AlarmEvent] = deque(maxlen=UNHEARD_MAX)
        self._anew_at: float | None = None
        self._off_loop, self._committing, self._renewing = OneAtATime(), asyncio.Lock(), asyncio.Lock()
        self._group, self._is_forgotten = Group(), asyncio.Event()
        self._added = self._kept = 0
        self._owed: dict[Lane, int] = {}  # receipts that the disk has not taken
        self._has_begun, self._is_urgent, self._is_receipted = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._window_began: float | None = None
        self._window_readings, self._synced_at, self._is_synced = 0, 0.0, True
        self.stirred: Mapping[Lane, asyncio.Event] = {lane: asyncio.Event() for lane in Lane}
        """Set when a lane has something new to send, or a receipt; the publisher clears it."""

    _file: SpoolFile

    async def __aenter__(self) -> Self:
        """Open the file, or a new one instead of a damaged one. Raises EgretError when the disk refuses."""
        try:
            self._file = await self._off_loop(open_spool, self._folder, self._room, self._boot)
        except Damaged as damage:
            self._file = await self._anew(damage)
        self._states.update(await self.states())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what is in memory and close. Raises EgretError."""
        try:
            await self.flush()
        finally:
            await self._call(SpoolFile.close)

    @property
    def id(self) -> str:
        """Names this file's life; a new one begins when the file is damaged."""
        return self._file.id

    @property
    def in_flight(self) -> int:
        """Readings taken and not committed yet: what a kill -9 now would cost."""
        return len(self._group.readings)

    @property
    def waiting(self) -> int:
        """Readings and alarm events without a receipt."""
        return sum(self.depth(lane).waiting for lane in Lane)

    async def add(
        self,
        readings: Sequence[Reading],
        events: Sequence[AlarmEvent] = (),
        states: Mapping[str, bytes] = _NO_STATES,
        held: Sequence[Reading] = (),
        around: Sequence[Around] = (),
    ) -> None:
        """Take readings, the events they caused and the rules' states after them; what is held back, what is not now.

        Returns at once for readings alone, unless the disk is behind; with events, when they are safe.
        """
        self._group.extend(readings, events, states, held, around)
        self._states.update(states)
        self._added += 1
        self._begin(asyncio.get_running_loop().time())
        if events or self._group.size >= GROUP_MAX:
            self._is_urgent.set()
            mine = self._added
            while self._kept < mine:
                await self._is_forgotten.wait()

    async def keep(self) -> None:
        """Commit in the rhythm that the module's docstring states, until cancelled."""
        while True:
            await self._has_begun.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT_S):
                    await self._is_urgent.wait()
            try:
                await self._commit()
                for lane, through in tuple(self._owed.items()):
                    await self.trim(lane, through)
            except EgretError as error:
                self._news.refused(error)
                await asyncio.sleep(RETRY_S)

    async def flush(self) -> None:
        """Commit, seal and sync everything now. Raises EgretError."""
        await self._commit(seals=True)

    async def settle(self, offset_ns: int, *, is_sure: bool) -> None:
        """Stamp what is sealed without a time, as `edge.spool_clock`. Where the disk refuses, the next call does it."""
        try:
            if await self._call_again(SpoolFile.is_unset):
                while await self._call_again(SpoolFile.settle, offset_ns, is_sure=is_sure):
                    pass
                self.stirred[Lane.READINGS].set()
        except EgretError as error:
            self._news.refused(error)

    async def batches(self, after: int, limit: int) -> tuple[Batch, ...]:
        """See SpoolView; none when another spool has begun meanwhile."""
        return await self._look(SpoolFile.batches, after, limit)

    async def again(self, after: int, through: int, since_ns: int, limit: int) -> tuple[Batch, ...]:
        """See SpoolView; none when another spool has begun meanwhile."""
        return await self._look(SpoolFile.again, after, through, since_ns, limit)

    async def events(self, after: int, limit: int) -> tuple[AlarmEvent, ...]:
        """See SpoolView; none when another spool has begun meanwhile."""
        return await self._look(SpoolFile.events, after, limit)

    async def kept(self) -> Kept:
        """See SpoolView."""
        return await self._call_again(SpoolFile.kept)

    async def states(self) -> Mapping[str, bytes]:
        """See SpoolView."""
        return await self._call_again(SpoolFile.states)

    @property
    def latest_states(self) -> Mapping[str, bytes]:
        """As `states`, with what is not committed yet: a disk that refuses keeps nobody from going on."""
        return dict(self._states)

    def depth(self, lane: Lane) -> Depth:
        """How far a lane has come; readings count from when their batch is sealed."""
        return self._file.depths[lane]

    async def trim(self, lane: Lane, through: int) -> None:
        """See SpoolFile. Where the disk refuses, `keep` tries again: the next receipt may be a minute away."""
        self._owed.pop(lane, None)
        try:
            with suppress(BegunAnew):  # the receipt was for the spool before
                await self._call(SpoolFile.trim, lane, through)
        except EgretError as error:
            self._news.refused(error)
            self._owed[lane] = max(through, self._owed.get(lane, 0))
        while len(self._unheard) > self.depth(Lane.ALARMS).waiting:
            self._unheard.popleft()
        self.stirred[lane].set()
        self._is_receipted.set()

    async def drained(self) -> None:
        """Returns when all that is sealed has its receipt."""
        while self.waiting:
            self._is_receipted.clear()
            await self._is_receipted.wait()

    async def _commit(self, *, seals: bool = False) -> None:
        """What was added before, in one transaction; it is forgotten when it is in the file, and not before."""
        async with self._committing:
            now = asyncio.get_running_loop().time()
            self._is_urgent.clear()
            group, added = self._group.copy(), self._added
            is_over = self._window_began is not None and now - self._window_began >= self._batch_s
            seals = seals or is_over or self._window_readings + group.size >= VALUES_MAX
            is_synced = seals or bool(group.events) or now - self._synced_at >= SYNC_S
            if not (group or seals or (is_synced and not self._is_synced)):
                return
            gap: Gap | None = None
            try:
                gap = await self._call_again(SpoolFile.commit, group, seals=seals, is_synced=is_synced)
            finally:
                if group.is_kept:  # even when cancelled meanwhile
                    self._news.committed(gap)
                    self._unheard += group.events
                    self._window_readings += group.size
                    self._is_synced, self._synced_at = is_synced, now if is_synced else self._synced_at
                    self._forget(group, added)
                    self._announce(group, now, seals=seals)

    def _forget(self, group: Group, added: int) -> None:
        self._group.remove(group)
        self._kept = added
        self._is_forgotten.set()
        self._is_forgotten = asyncio.Event()

    def _announce(self, group: Group, now: float, *, seals: bool) -> None:
        if group.events:
            self.stirred[Lane.ALARMS].set()
        if seals:
            self._window_began, self._window_readings = None, 0
            self._has_begun.clear()
            self.stirred[Lane.READINGS].set()
            if self._group:
                self._begin(now)

    def _begin(self, now: float) -> None:
        if self._window_began is None:
            self._window_began = now
        self._has_begun.set()

    async def _look(
        self, call: Callable[Concatenate[SpoolFile, P], tuple[T, ...]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, ...]:
        with suppress(BegunAnew):
            return await self._call(call, *args, **kwargs)
        return ()

    async def _call_again(self, call: Callable[Concatenate[SpoolFile, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What may as well be done with the spool that begins when this one is damaged."""
        try:
            return await self._call(call, *args, **kwargs)
        except BegunAnew:
            return await self._call(call, *args, **kwargs)

    async def _call(self, call: Callable[Concatenate[SpoolFile, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises BegunAnew when the file was damaged and another has begun, else EgretError."""
        file = self._file
        try:
            with explained(self._folder):
                return await self._off_loop(call, file, *args, **kwargs)
        except Damaged as damage:
            async with self._renewing:
                if file is self._file:
                    await self._begin_anew(damage)
            raise BegunAnew(damage.what, where=damage.where, fix=damage.fix, code=damage.code) from damage

    async def _begin_anew(self, damage: Damaged) -> None:
        """Go on with another file. Raises `damage` itself when the last time is not long ago."""
        now = asyncio.get_running_loop().time()
        if self._anew_at is not None and now - self._anew_at < ANEW_S:
            raise damage
        await self._off_loop(self._file.close)
        self._file = await self._anew(damage)
        self._window_readings, self._owed = 0, {}
        self._group.states = {**self._states, **self._group.states}
        self._begin(now)
        for stirred in self.stirred.values():
            stirred.set()

    async def _anew(self, damage: Damaged) -> SpoolFile:
        file = await self._off_loop(begin_anew, self._folder, self._room, damage, tuple(self._unheard), self._boot)
        self._unheard.clear()
        newest = file.depths[Lane.ALARMS].committed - UNHEARD_MAX
        self._unheard += await self._off_loop(file.events, newest, UNHEARD_MAX)
        self._anew_at = asyncio.get_running_loop().time()
        return file
