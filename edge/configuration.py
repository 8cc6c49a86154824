"""What a box is to run: taken from the city when it is proven, kept on disk, tried, and given back when it fails.

A document goes through one gate after the other, and the first that refuses says why on the box's reported topic:
size, form, signature, box, counter, expiry, and then everything that `egret check` finds.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from edge.config_store import ConfigStore, box_of, disk_mistake
from edge.identity import Identity
from edge.lines import Lines
from edge.ports import Delivery, Now
from edge.proving import proven
from edge.trial import Trial, Verdict, must_be_heard
from wire import desired
from wire.blocking import OneAtATime
from wire.command import Command
from wire.desired import ERRORS_MAX, Refusal, Reported
from wire.errors import ConfigError, DesiredRefused, EgretError, Mistake
from wire.inventory import Box, Inventory
from wire.overlay import LONGEST_S, NORMAL, Allowed, Chosen, Lease

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
CHOICE_S = 60.0
"""Between two modes that are followed: each costs a line that it is about a poll, and a cloud that was broken into may
choose without end."""
STARTS_MAX = 3
"""A box that starts so often during one trial may be dying of it."""
_REASONS = {
    Verdict.SILENT: "no line brought a measurement for {:g} s.",
    Verdict.CUT_OFF: "the broker could not be reached for {:g} s.",
}


class Configuration:
    """Of one box. `trust` are the files of the public keys that count; `own` reads the file it was installed with."""

    def __init__(
        self,
        box: str,
        data: Path,
        trust: tuple[Path, ...],
        own: Callable[[], Inventory],
        now: Now,
        identity: Identity | None = None,
    ) -> None:
        """Reads what is kept. Raises ConfigError when there is nothing to run.

        `identity`: the city's word may also be a certificate, and the box asks for one in its report.
        """
        self._box, self._trust, self._own, self._now, self.identity = box, trust, own, now, identity
        self._store, self._off_loop = ConfigStore(data), OneAtATime()
        self._state = self._store.state()
        self._newest: bytes | None = None
        self._modes: tuple[Allowed, ...] = ()
        self._choice: Chosen | None = None
        self._followed_at = -CHOICE_S
        self._has_news = asyncio.Event()
        self._trial: Trial | None = None
        self._lease: Lease | None = None
        self._lease_until = 0.0
        self.changed = asyncio.Event()
        """Set when there is something else to report."""
        self.inventory = self._started()

    @property
    def box(self) -> Box:
        """As the configuration that runs has it."""
        return box_of(self.inventory, self._box, "")

    def hear(self, delivery: Delivery) -> None:
        """A document has come; only the last one counts."""
        if self.identity and self.identity.hear(delivery):
            return
        self._newest = delivery.payload
        self._has_news.set()

    def choose(self, asked: Command) -> None:
        """The cloud's choice of a mode, which holds in a moment. Raises DesiredRefused for one that is not allowed."""
        choice = NORMAL
        if asked.mode:
            allowed = next((one for one in self._modes if one.mode == asked.mode), None)
            if allowed is None:
                what = f"mode {asked.mode!r} is none that the city has signed for this box."
                fix = "sign it: `egret fleet push`."
                raise DesiredRefused(what, where=f"box {self._box}", fix=fix, code="E-FLEET-040")
            choice = Chosen(asked.mode, min(asked.ends_ns, self._now() + round(allowed.longest_s * 1e9)))
        self._choice = choice
        self._has_news.set()

    def reported(self) -> bytes:
        """What this box says of its configuration, and whether it asks for another certificate."""
        state = self._state
        is_chosen = bool(self._lease) and self._lease == state.chosen.among(self._modes, 0)
        chosen = state.chosen if is_chosen else NORMAL
        return desired.encode(
            Reported(
                self._box,
                self._now(),
                state.running,
                self.inventory.version,
                is_trial=bool(state.trial),
                seen=state.seen,
                refusal=state.refusal,
                modes=tuple(one.mode for one in self._modes),
                mode=chosen.mode,
                mode_ends_ns=chosen.ends_ns,
                renewal=self.identity.renewal if self.identity else None,
            )
        )

    async def run(self, lines: Lines, tasks: asyncio.TaskGroup, is_linked: Callable[[], bool]) -> None:
        """For ever: takes documents, and judges the trial of the last one. The lines run in `tasks`."""
        clock = asyncio.get_running_loop().time
        if self._state.trial:
            self._trial = self._trial_of(self._state.trial_s)
        self._hold(self._lease)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S if self._trial or self._lease or self._choice else None):
                    await self._has_news.wait()
            self._has_news.clear()
            payload, self._newest = self._newest, None
            if payload is not None:
                await self._take(payload, lines, tasks)
            if self._choice and clock() - self._followed_at >= CHOICE_S:
                await self._follow(self._choice, lines, tasks)
            if self._trial:
                verdict = self._trial.look(clock(), is_linked=is_linked(), heard_at=lines.heard_at)
                await self._judge(verdict, lines, tasks)
            if self._lease and (self._now() >= self._lease.ends_ns or clock() >= self._lease_until):
                await self._end_lease(self._lease, lines, tasks)

    async def _take(self, payload: bytes, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """One document, which runs when this returns, or has been refused with its mistakes."""
        digest = hashlib.sha256(payload).hexdigest()
        if digest == self._state.digest:
            return  # retained, it comes again with every connection
        try:
            document = await self._off_loop(proven, payload, self._trust, self._box, self._state.seen, self._now())
        except (DesiredRefused, ConfigError) as error:
            claimed = await self._off_loop(desired.claimed_counter, payload)
            self._refuse(Refusal(claimed, (_mistake(error),)))
            return
        seen = msgspec.structs.replace(self._state, seen=document.counter, digest=digest)
        number, trial_s = document.counter, document.trial_s
        try:
            inventory, lease = await self._off_loop(self._store.keep, document, self._now(), self._state.chosen)
            box = box_of(inventory, self._box, desired.SENSORS)
            lines.check(inventory, box)
            tried = msgspec.structs.replace(seen, trial=number, trial_s=trial_s, starts=1, refusal=None)
            await self._off_loop(self._store.save, tried)
        except (ConfigError, OSError) as error:
            mistakes = self._store.placed(error.mistakes) if isinstance(error, ConfigError) else (disk_mistake(error),)
            self._state = seen
            self._refuse(Refusal(number, mistakes[:ERRORS_MAX]))
            await self._off_loop(self._store.remember, seen)
            return
        self._state, self.inventory, self._modes = tried, inventory, document.modes
        self._hold(lease)
        await lines.become(inventory, box, tasks)
        self._trial = self._trial_of(trial_s)
        _log.warning("configuration %d (%s) runs, on trial for %g s", number, inventory.version, trial_s)
        self.changed.set()

    async def _judge(self, verdict: Verdict, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """Keep what is on trial, or go back to what ran before."""
        if verdict is Verdict.WAIT:
            return
        tried, self._trial = self._state, None
        if verdict is Verdict.KEEP:
            self._state = msgspec.structs.replace(tried, good=tried.trial, trial=0)
            _log.warning("configuration %d (%s) is kept", tried.trial, self.inventory.version)
            await self._write_down()
            return
        self._give_back(_REASONS[verdict].format(tried.trial_s))
        if not await self._off_loop(self._fell_back, self._now()):
            self._state = msgspec.structs.replace(tried, good=tried.trial, trial=0)
        await self._run_back(lines, tasks)

    def _give_back(self, reason: str) -> None:
        """What is on trial is none any more."""
        number = self._state.trial
        fix = "see the box's log, mend it, and push again."
        mistake = Mistake(f"configuration {number}", reason, fix, "E-FLEET-011")
        refusal = Refusal(number, (mistake,), is_returned=True)
        self._state = msgspec.structs.replace(self._state, trial=0, refusal=refusal)
        _log.warning("configuration %d is given back: %s", number, reason)

    def _refuse(self, refusal: Refusal) -> None:
        self._state = msgspec.structs.replace(self._state, refusal=refusal)
        self.changed.set()
        for mistake in refusal.errors:
            _log.warning("a configuration is refused: %s", mistake)

    def _started(self) -> Inventory:
        """What to run when the process starts. Raises ConfigError."""
        before = self._state
        if self._state.trial and self._state.starts >= STARTS_MAX:
            self._give_back(f"the box was started {self._state.starts} times during its trial.")
        if self._state.trial:
            self._state = msgspec.structs.replace(self._state, starts=self._state.starts + 1)
        inventory = self._kept_or_own(self._now())
        if self._state != before:
            self._store.remember(self._state)
        return inventory

    def _kept_or_own(self, now_ns: int) -> Inventory:
        """What the state names; where that cannot be read any more, what ran before. Raises ConfigError."""
        while number := self._state.running:
            try:
                inventory, self._lease = self._store.read(number, now_ns, self._state.chosen)
                self._modes = self._store.allowed(number)
                box_of(inventory, self._box, desired.SENSORS)
            except ConfigError as error:
                _log.warning("configuration %d cannot be used any more: %s", number, error)
                refusal = Refusal(number, error.mistakes[:ERRORS_MAX], is_returned=True)
                good = 0 if number == self._state.good else self._state.good
                self._state = msgspec.structs.replace(self._state, trial=0, good=good, refusal=refusal)
                self._trial = None
            else:
                return inventory
        self._lease, self._modes = None, ()
        return self._own()

    def _fell_back(self, now_ns: int) -> bool:
        """Without anything that can be run instead, what runs goes on."""
        try:
            self.inventory = self._kept_or_own(now_ns)
        except (ConfigError, OSError) as error:
            _log.warning("there is nothing to go back to, %s stays: %s", self.inventory.version, error)
            return False
        return True

    def _hold(self, lease: Lease | None) -> None:
        """A lease ends by the wall clock, and by the event loop's when the wall clock is behind."""
        self._lease = lease
        if lease:
            left_s = min((lease.ends_ns - self._now()) / 1e9, LONGEST_S)
            self._lease_until = asyncio.get_running_loop().time() + left_s

    async def _end_lease(self, lease: Lease, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """Back to what the files say, with or without a network."""
        self._state = msgspec.structs.replace(self._state, chosen=NORMAL)
        if not await self._off_loop(self._fell_back, max(self._now(), lease.ends_ns)):
            self._lease = None
        await self._run_back(lines, tasks)
        _log.warning("mode %s is over on this box: %s runs", lease.mode, self.inventory.version)

    async def _follow(self, choice: Chosen, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """The same files under another mode; what no line can be run with is not followed."""
        self._choice = None
        if choice == self._state.chosen:
            return
        self._followed_at = asyncio.get_running_loop().time()
        before = self._state, self.inventory, self._lease
        self._state = msgspec.structs.replace(self._state, chosen=choice)
        await self._off_loop(self._fell_back, self._now())
        name = choice.mode or "normal"
        try:
            await self._run_on(lines, tasks)
        except ConfigError as error:
            self._state, self.inventory, self._lease = before
            _log.warning("mode %s, which the cloud has chosen, cannot be run: %s", name, error)
        else:
            _log.warning("the cloud has chosen mode %s: %s runs", name, self.inventory.version)

    async def _run_on(self, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """With the lines of the configuration that counts now. Raises ConfigError before anything is changed."""
        await lines.become(self.inventory, self.box, tasks)
        self._hold(self._lease)
        await self._write_down()

    async def _run_back(self, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """As `_run_on`; where no line can be run with it, those that run go on."""
        try:
            await self._run_on(lines, tasks)
        except ConfigError as error:
            _log.warning("%s cannot be run, and the lines go on as they are: %s", self.inventory.version, error)
            await self._write_down()

    async def _write_down(self) -> None:
        await self._off_loop(self._store.remember, self._state)
        self.changed.set()

    def _trial_of(self, lasts_s: float) -> Trial:
        has_sensors = must_be_heard(self.inventory, self.box, lasts_s)
        return Trial(asyncio.get_running_loop().time(), lasts_s, has_sensors)


def _mistake(error: EgretError) -> Mistake:
    return Mistake(error.where or "desired", error.what, error.fix, error.code)
