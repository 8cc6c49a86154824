"""What a box is to run: taken from the city when it is proven, kept on disk, tried, and given back when it fails.

A document goes through one gate after the other, and the first that refuses says why on the box's reported topic:
size, form, signature, box, counter, expiry, and then everything that `egret check` finds.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

import msgspec

from edge.config_store import ConfigStore
from edge.identity import Identity
from edge.lines import Lines
from edge.ports import Delivery, Now
from edge.trial import Trial, Verdict
from wire import desired, signing
from wire.blocking import OneAtATime
from wire.desired import ERRORS_MAX, Desired, Refusal, Reported
from wire.errors import ConfigError, DesiredRefused, EgretError, Mistake
from wire.inventory import Box, Inventory
from wire.located import nearest
from wire.overlay import LONGEST_S, Lease

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_TEXT_MAX = 500
"""Characters of each part of a mistake that is reported: all of them fit into a message."""
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

    def reported(self) -> bytes:
        """What this box says of its configuration, and whether it asks for another certificate."""
        state = self._state
        return desired.encode(
            Reported(
                self._box,
                self._now(),
                state.running,
                self.inventory.version,
                is_trial=bool(state.trial),
                seen=state.seen,
                refusal=state.refusal,
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
                async with asyncio.timeout(_LOOK_S if self._trial or self._lease else None):
                    await self._has_news.wait()
            self._has_news.clear()
            payload, self._newest = self._newest, None
            if payload is not None:
                await self._take(payload, lines, tasks)
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
            document = await self._off_loop(self._proven, payload)
        except DesiredRefused as error:
            claimed = await self._off_loop(desired.claimed_counter, payload)
            self._refuse(Refusal(claimed, (_mistake(error),)))
            return
        seen = msgspec.structs.replace(self._state, seen=document.counter, digest=digest)
        number, trial_s = document.counter, document.trial_s
        try:
            inventory, lease = await self._off_loop(self._store.keep, document, self._now())
            box = box_of(inventory, self._box, desired.SENSORS)
            lines.check(inventory, box)
            tried = msgspec.structs.replace(seen, trial=number, trial_s=trial_s, starts=1, refusal=None)
            await self._off_loop(self._store.save, tried)
        except (ConfigError, OSError) as error:
            mistakes = self._placed(error.mistakes) if isinstance(error, ConfigError) else (_disk(error),)
            self._state = seen
            self._refuse(Refusal(number, mistakes[:ERRORS_MAX]))
            await self._off_loop(self._remember)
            return
        self._state, self.inventory = tried, inventory
        self._hold(lease)
        await lines.become(inventory, box, tasks)
        self._trial = self._trial_of(trial_s)
        _log.warning("configuration %d (%s) runs, on trial for %g s", number, inventory.version, trial_s)
        self.changed.set()

    def _placed(self, mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
        """With the places that the document has for them, `sensors.yaml:12`, wherever it lies on this disk."""
        return tuple(Mistake(*(self._store.named(text)[:_TEXT_MAX] for text in astuple(one))) for one in mistakes)

    def _proven(self, payload: bytes) -> Desired:
        """The document, if the city has said it to this box, and nothing later. Raises DesiredRefused."""
        form = desired.unseal(payload)
        signing.load_keys(self._trust).prove(form.key, form.signature_bytes, form.signed)
        document = desired.document_of(form)
        if document.box != self._box:
            what = f"it is for box {document.box[:64]!r}, and this one is {self._box}."
            raise DesiredRefused(what, fix="push each box its own.", code="E-FLEET-005")
        if document.counter <= self._state.seen:
            what = f"it is number {document.counter}, and this box has had number {self._state.seen}."
            fix = "an older one comes back with `egret fleet rollback`, under a new number."
            raise DesiredRefused(what, fix=fix, code="E-FLEET-006")
        if self._now() > document.expires_ns:
            late_s = (self._now() - document.expires_ns) // 10**9
            what = f"it expired {late_s} s ago by this box's clock."
            raise DesiredRefused(what, fix="push it again, and see that the box's clock is right.", code="E-FLEET-010")
        return document

    async def _judge(self, verdict: Verdict, lines: Lines, tasks: asyncio.TaskGroup) -> None:
        """Keep what is on trial, or go back to what ran before."""
        if verdict is Verdict.WAIT:
            return
        tried, self._trial = self._state, None
        if verdict is Verdict.KEEP:
            self._state = msgspec.structs.replace(tried, good=tried.trial, trial=0)
            _log.warning("configuration %d (%s) is kept", tried.trial, self.inventory.version)
        else:
            self._give_back(_REASONS[verdict].format(tried.trial_s))
            if not self._fell_back(self._now()):
                self._state = msgspec.structs.replace(tried, good=tried.trial, trial=0)
            self._hold(self._lease)
            await lines.become(self.inventory, self.box, tasks)
        await self._off_loop(self._remember)
        self.changed.set()

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

    def _remember(self) -> None:
        """Where the disk refuses, the box goes on with what it knows, and says so."""
        try:
            self._store.save(self._state)
        except OSError as error:
            _log.warning("what runs cannot be written down: %s", _disk(error))

    def _started(self) -> Inventory:
        """What to run when the process starts. Raises ConfigError."""
        before = self._state
        if self._state.trial and self._state.starts >= STARTS_MAX:
            self._give_back(f"the box was started {self._state.starts} times during its trial.")
        if self._state.trial:
            self._state = msgspec.structs.replace(self._state, starts=self._state.starts + 1)
        inventory = self._kept_or_own(self._now())
        if self._state != before:
            self._remember()
        return inventory

    def _kept_or_own(self, now_ns: int) -> Inventory:
        """What the state names; where that cannot be read any more, what ran before. Raises ConfigError."""
        while number := self._state.running:
            try:
                inventory, self._lease = self._store.read(number, now_ns)
                box_of(inventory, self._box, desired.SENSORS)
            except ConfigError as error:
                _log.warning("configuration %d cannot be used any more: %s", number, error)
                refusal = Refusal(number, error.mistakes[:ERRORS_MAX], is_returned=True)
                good = 0 if number == self._state.good else self._state.good
                self._state = msgspec.structs.replace(self._state, trial=0, good=good, refusal=refusal)
            else:
                return inventory
        self._lease = None
        return self._own()

    def _fell_back(self, now_ns: int) -> bool:
        """Without anything that can be run instead, what runs goes on."""
        try:
            self.inventory = self._kept_or_own(now_ns)
        except ConfigError as error:
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
        if not self._fell_back(max(self._now(), lease.ends_ns)):
            self._lease = None
        await lines.become(self.inventory, self.box, tasks)
        _log.warning("mode %s is over on this box: %s runs", lease.mode, self.inventory.version)
        self.changed.set()

    def _trial_of(self, lasts_s: float) -> Trial:
        has_sensors = any(line.sensors for line in self.box.lines)
        return Trial(asyncio.get_running_loop().time(), lasts_s, has_sensors)


def box_of(city: Inventory, name: str, file: str) -> Box:
    """The box called `name`. Raises ConfigError; `file` is where it was looked for."""
    if name not in city.boxes:
        what = f"there is no box {name!r}."
        raise ConfigError([Mistake(file, what, nearest(name, city.boxes), "E-EDGE-001")])
    return city.boxes[name]


def _mistake(error: EgretError) -> Mistake:
    return Mistake(error.where or "desired", error.what, error.fix, error.code)


def _disk(error: OSError) -> Mistake:
    what = f"the box cannot keep it: {error.strerror}."
    return Mistake(str(error.filename or ""), what, "make room on the box's disk, or see its mount.", "E-FLEET-012")
