"""One process' leases: it takes the duties of its share, does them, and those of a process that has died.

A holder writes a beat into the ledger each second. A lease that has stood still for 5 s is taken by another process,
which thereby begins a new term. Whatever the old holder still writes to the ledger is refused there, in the same
transaction (`Tenure.require`); so a process that was frozen, and wakes up, changes nothing. A process that comes back
asks for its own share, and whoever does it meanwhile lets it go within a beat.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import Connection

from cloud.database import Database
from cloud.lane import end
from cloud.lease_watch import LeaseWatch
from cloud.outage import Outage
from cloud.share import Duty, Role
from cloud.tables import leases
from cloud.tables.leases import Lease
from wire.errors import Unavailable

_log = logging.getLogger(__name__)


class Tenure:
    """A duty that is this process', from a term's beginning to its end."""

    def __init__(self, duty: Duty, holder: str, term: int, lost_s: float) -> None:
        """It was taken just now."""
        self.duty, self.holder, self.term = duty, holder, term
        self._lost_s = lost_s
        self.beat()

    def beat(self) -> None:
        """The ledger has confirmed it."""
        self._beat_s = asyncio.get_running_loop().time()

    def require(self, connection: Connection) -> None:
        """Raises Unavailable when another process has the duty, and then nothing of the transaction is kept."""
        if not leases.is_current(connection, self.duty, self.holder, self.term):
            raise Unavailable(
                f"another process does {self.duty} now.",
                where="leases",
                fix="nothing: this one was silent too long, and has let go of it in a moment.",
                code="E-LEDG-006",
            )

    async def fresh(self) -> None:
        """Wait while the ledger has not confirmed it lately: another may hold it, and the broker's session with it."""
        clock = asyncio.get_running_loop().time
        while clock() - self._beat_s > self._lost_s:
            await asyncio.sleep(self._lost_s / 10)


class Leases:
    """`work` is done for each duty that is held, in a task of its own that is cancelled when it is lost."""

    def __init__(
        self,
        database: Database,
        holder: str,
        role: Role,
        work: Callable[[Tenure], Coroutine[Any, Any, None]],
        retire: Callable[[Duty], Coroutine[Any, Any, None]],
        rng: Random,
        watch: LeaseWatch | None = None,
    ) -> None:
        """Nothing is held yet. `retire` is told of duties that are no more, for boxes are divided otherwise now."""
        self._database, self._holder, self._role, self._work, self._retire = database, holder, role, work, retire
        self._watch = watch or LeaseWatch()
        self._outage = Outage("the leases", rng)
        self._tenures: dict[Duty, Tenure] = {}
        self._tasks: dict[Duty, asyncio.Task[None]] = {}
        self._said: set[str] = set()

    async def run(self) -> None:
        """Until cancelled; then nobody need wait for what was held here."""
        async with asyncio.TaskGroup() as tasks:
            try:
                while True:
                    await self._outage.outlast(partial(self._turn, tasks))
                    await asyncio.sleep(self._watch.beat_s)
            finally:
                await end(self._tasks.values())
                with suppress(Unavailable):
                    await self._database.write(partial(leases.release, holder=self._holder, terms=self._terms()))

    async def _turn(self, tasks: asyncio.TaskGroup) -> None:
        """Beat, look, let go, take. Raises Unavailable."""
        look = self._database.write if self._tenures else self._database.read
        known = await look(self._beat)
        duties = self._role.duties
        self._watch.look(duties, known, asyncio.get_running_loop().time())
        for duty in list(self._tenures):
            self._keep(duty, known.get(duty), tasks)
        for duty in duties:
            if duty not in self._tasks and await self._is_free(duty, known, tasks):
                await self._take(duty, known.get(duty), tasks)

    def _beat(self, connection: Connection) -> Mapping[Duty, Lease]:
        leases.beat(connection, self._holder, self._terms())
        return leases.everyone(connection)

    def _terms(self) -> Mapping[Duty, int]:
        return {duty: tenure.term for duty, tenure in self._tenures.items()}

    def _keep(self, duty: Duty, lease: Lease | None, tasks: asyncio.TaskGroup) -> None:
        """Go on, or let go of what another has taken, or whose own process asks for it."""
        tenure = self._tenures[duty]
        is_ours = lease is not None and (lease.holder, lease.term) == (self._holder, tenure.term)
        if lease and is_ours and not (lease.is_wanted and not self._role.is_own(duty)):
            tenure.beat()
            return
        del self._tenures[duty]
        tasks.create_task(self._leave(tenure, is_ours=is_ours))

    async def _leave(self, tenure: Tenure, *, is_ours: bool) -> None:
        """In a task of its own: a database that hangs must not keep other leases from beating."""
        await end([self._tasks[tenure.duty]])
        del self._tasks[tenure.duty]
        if is_ours:
            let_go = partial(leases.release, holder=self._holder, terms={tenure.duty: tenure.term})
            await self._outage.outlast(partial(self._database.write, let_go))
            _log.warning("%s is done by its own process again", tenure.duty)
        else:
            _log.warning("%s is done by another process now: this one was silent too long", tenure.duty)

    async def _is_free(self, duty: Duty, known: Mapping[Duty, Lease], tasks: asyncio.TaskGroup) -> bool:
        """May this process take it now?"""
        for other in leases.divided_otherwise(known, duty):
            if other.holder and not self._watch.is_lost(other.duty, 0):
                self._say_once(
                    f"{duty} waits: another process divides the boxes into {other.duty.share.of}. fix: give every"
                    f" process the same number behind the / of --share. [E-CLOUD-025]"
                )
                return False
            if await self._database.write(partial(leases.retire, seen=other)):
                _log.warning("%s is no more: the boxes are divided into %d now", other.duty, duty.share.of)
                tasks.create_task(self._retire(other.duty))
        lease, is_own = known.get(duty), self._role.is_own(duty)
        if lease and lease.holder == self._holder:
            return True  # its holder was this process, before it was started again
        if is_own and not (lease and lease.holder):
            return True
        if is_own and lease and not lease.is_wanted:
            await self._database.write(partial(leases.want, duty=duty))
            return False
        return self._watch.is_lost(duty, sum(held.part is duty.part for held in self._tenures))

    async def _take(self, duty: Duty, seen: Lease | None, tasks: asyncio.TaskGroup) -> None:
        term = await self._database.write(partial(leases.take, duty=duty, holder=self._holder, seen=seen))
        if not term:
            return
        if seen and seen.holder not in ("", self._holder):
            _log.warning("%s is taken over: its process was silent for %g s", duty, self._watch.lost_s)
        tenure = self._tenures[duty] = Tenure(duty, self._holder, term, self._watch.lost_s)
        self._tasks[duty] = tasks.create_task(self._work(tenure))

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _log.error("%s", text)
