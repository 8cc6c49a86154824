"""The spool: the edge's only queue, on disk. Readings in groups, alarm events at once, both until receipted.

Readings are committed every 250 ms and synced to the disk at least every second; an alarm event is
committed and synced at once, in one transaction with the readings that led to it and the state of
its rule. A kill -9 costs at most the group not committed, a power cut the second not synced.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.spool_file import Depth, Sealed, SpoolFile, open_spool
from wire.alarm import AlarmEvent
from wire.batch import VALUES_MAX
from wire.blocking import OneAtATime
from wire.reading import Reading
from wire.receipt import Lane

COMMIT_S = 0.25
SYNC_S = 1.0
GROUP_MAX = 2_000
"""Readings in memory before whoever adds more must wait for the disk."""


class Spool:
    """Entered, it keeps what is added; `keep` must run beside it."""

    def __init__(self, folder: Path, *, batch_s: float = 1.0) -> None:
        """`batch_s`: how long a batch gathers readings before it is sealed, 0.1..10 s."""
        self._folder, self._batch_s = folder, batch_s
        self._off_loop = OneAtATime()
        self._group: list[Reading] = []
        self._states: dict[str, bytes] = {}
        self._window_readings = 0
        self._window_began: float | None = None
        self._synced = 0.0
        self._has_group = asyncio.Event()
        self.stirred: Mapping[Lane, asyncio.Event] = {lane: asyncio.Event() for lane in Lane}
        """Set when a lane has something new to send, or a receipt; the publisher clears it."""

    _file: SpoolFile

    async def __aenter__(self) -> Self:
        """Open the file. Raises EgretError when it cannot be read."""
        self._file = await self._off_loop(open_spool, self._folder)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what is in memory and close."""
        await self.flush()
        await self._off_loop(self._file.close)

    @property
    def id(self) -> str:
        """Names this file's life."""
        return self._file.id

    async def add(
        self, readings: Sequence[Reading], events: Sequence[AlarmEvent] = (), states: Mapping[str, bytes] | None = None
    ) -> None:
        """Take readings, the events they caused and the rules' states after them.

        Returns at once for readings alone, unless the disk is behind; with events, when they are safe.
        """
        self._group.extend(readings)
        self._states.update(states or {})
        if events or len(self._group) >= GROUP_MAX:
            await self._commit(events)
        else:
            self._has_group.set()

    async def keep(self) -> None:
        """Commit in the rhythm that the module's docstring states, until cancelled."""
        while True:
            if self._window_began is None:
                await self._has_group.wait()
            await asyncio.sleep(COMMIT_S)
            await self._commit()

    async def flush(self) -> None:
        """Commit, seal and sync everything now."""
        await self._commit(seals=True)

    async def batches(self, after: int, limit: int) -> tuple[Sealed, ...]:
        """See SpoolFile."""
        return await self._off_loop(self._file.batches, after, limit)

    async def events(self, after: int, limit: int) -> tuple[AlarmEvent, ...]:
        """See SpoolFile."""
        return await self._off_loop(self._file.events, after, limit)

    async def trim(self, lane: Lane, through: int) -> None:
        """See SpoolFile."""
        await self._off_loop(self._file.trim, lane, through)
        self.stirred[lane].set()

    async def depth(self, lane: Lane) -> Depth:
        """See SpoolFile."""
        return await self._off_loop(self._file.depth, lane)

    async def states(self) -> Mapping[str, bytes]:
        """See SpoolFile."""
        return await self._off_loop(self._file.states)

    async def _commit(self, events: Sequence[AlarmEvent] = (), *, seals: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        group, states = self._group, self._states
        self._group, self._states = [], {}
        self._has_group.clear()
        if group and self._window_began is None:
            self._window_began = now
        self._window_readings += len(group)
        is_over = self._window_began is not None and now - self._window_began >= self._batch_s
        seals = seals or is_over or self._window_readings >= VALUES_MAX
        is_synced = bool(events) or seals or now - self._synced >= SYNC_S
        await self._off_loop(self._file.commit, group, events, states, seals=seals, is_synced=is_synced)
        if is_synced:
            self._synced = now
        if seals:
            self._window_began, self._window_readings = None, 0
            self.stirred[Lane.READINGS].set()
        if events:
            self.stirred[Lane.ALARMS].set()
