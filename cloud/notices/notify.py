"""The notify lane: what the outbox holds goes out, each target by itself.

A target that is dead, slow or refuses delays no other, and no case. After a failure the target
rests, longer each time and at most ten minutes, or as long as it asks; its next row is the first to
try again. What a receiver of notices has not taken within a day, or says it will never take, becomes
a dead letter, kept with its last error. Where the target's route gathers notices, those that are due
together go as one digest, and are taken, put off or given up together. The time-series store is a
target, too; for it nothing is given up but what it refuses for good.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import Random

import msgspec

from cloud.ledger import Ledger
from cloud.notices import digest
from cloud.notices.digest import CASES_MOST
from cloud.notices.notice_route import EVERYTHING, Route
from cloud.ports import AlarmPoint, Notice, Notifier, Now, Store
from cloud.tables.outbox import STORE, OutboxRow
from wire.errors import NotifyError, Rejected, Unavailable, Undeliverable

_log = logging.getLogger(__name__)

DEAD_AFTER_S = 24 * 3600.0
REST_FIRST_S, REST_MOST_S = 1.0, 600.0
POLL_S = 1.0
"""How long a row that another process has put into the outbox waits at most."""
_ROWS_MAX = 50
"""Read at a time where nothing is gathered."""
_SECOND_NS = 1_000_000_000

Send = Callable[[Notice], Awaitable[None]]
Parcel = Sequence[OutboxRow]


async def run(
    *, ledger: Ledger, notifiers: Mapping[str, Notifier], store: Store, now: Now, rng: Random, wake: asyncio.Event
) -> None:
    """Until cancelled. Set `wake` after whatever fills the outbox; without it a row waits `POLL_S`."""
    lanes = [_Target(STORE, _to_store(store), ledger, now, rng)]
    lanes += [_Target(name, notifier.send, ledger, now, rng) for name, notifier in notifiers.items()]
    async with asyncio.TaskGroup() as tasks:
        for lane in lanes:
            tasks.create_task(lane.run())
        while True:
            await wake.wait()
            wake.clear()
            for lane in lanes:
                lane.wake.set()


def _to_store(store: Store) -> Send:
    async def send(notice: Notice) -> None:
        await store.write_alarm(msgspec.json.decode(notice.body, type=AlarmPoint))

    return send


class _Target:
    """One receiver: sends what is due to it, one parcel after the other."""

    def __init__(self, name: str, send: Send, ledger: Ledger, now: Now, rng: Random) -> None:
        self.wake = asyncio.Event()
        self._name, self._send, self._ledger, self._now, self._rng = name, send, ledger, now, rng
        self._route: Route = ledger.routes.get(name, EVERYTHING)
        self._failures = 0
        self._is_ledger_gone = False

    async def run(self) -> None:
        """While the ledger is away, what is due waits."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self.wake.wait()
            self.wake.clear()
            try:
                await self._send_due()
            except Unavailable as error:
                if not self._is_ledger_gone:
                    _log.warning("%s waits for the ledger: %s", self._name, error)
                self._is_ledger_gone = True
                await asyncio.sleep(POLL_S)

    async def _send_due(self) -> None:
        while parcels := await self._parcels():
            self._is_ledger_gone = False
            for parcel in parcels:
                if not await self._deliver(parcel):
                    break  # what follows may have to wait for it: the ledger knows

    async def _parcels(self) -> Sequence[Parcel]:
        """In the order in which they are due."""
        rows = await self._ledger.due(self._name, self._now(), _ROWS_MAX)
        if not rows or not self._route.group_ns:
            return [[row] for row in rows]
        window = await self._ledger.due(self._name, self._now() + self._route.group_ns, CASES_MOST)
        return [digest.first_parcel(window, self._route)] if window else []

    async def _deliver(self, parcel: Parcel) -> bool:
        """Has the target taken it?"""
        notice, ids = digest.notice_of(parcel), [row.id for row in parcel]
        try:
            await self._send(notice)
        except (Rejected, Undeliverable) as error:
            _log.warning("%s never takes notice %s: %s", self._name, notice.id or ids, error)
            await self._ledger.failed(ids, None, str(error))
        except (NotifyError, Unavailable) as error:
            await self._put_off(parcel, error)
        else:
            await self._ledger.sent(ids)
            if self._failures:
                _log.warning("%s is back after %d attempts", self._name, self._failures)
            self._failures = 0
            return True
        return False

    async def _put_off(self, parcel: Parcel, error: NotifyError | Unavailable) -> None:
        """The parcel waits as long as it has failed before, and the target rests as long as it has."""
        if not self._failures:
            _log.warning("%s does not take notices: %s", self._name, error)
        asked_s = error.retry_after_s if isinstance(error, NotifyError) else None
        rest_s = _pause_s(self._failures, self._rng) if asked_s is None else min(asked_s, REST_MOST_S)
        self._failures += 1
        now_ns = self._now()
        due_ns = now_ns + round(max(rest_s, _pause_s(parcel[0].attempts, self._rng)) * _SECOND_NS)
        is_old = all(now_ns - row.notice.time_ns >= DEAD_AFTER_S * _SECOND_NS for row in parcel)
        is_dead = isinstance(error, NotifyError) and is_old
        ids = [row.id for row in parcel]
        if is_dead:
            _log.warning("%s: %d notices are dead letters now: %s", self._name, len(ids), error)
        await self._ledger.failed(ids, None if is_dead else due_ns, str(error))
        await asyncio.sleep(rest_s)


def _pause_s(failures: int, rng: Random) -> float:
    """Seconds after so many failures in a row before: doubling, capped, with jitter."""
    return min(REST_FIRST_S * 2.0 ** min(failures, 32), REST_MOST_S) * (0.5 + rng.random() / 2)
