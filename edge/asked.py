"""The verbs that a box can be asked for: the last lines of its log, a page of its health, held samples, a mode."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from edge import checkup, spool_view
from edge.answers import Act, Unasked
from edge.checkup import Facts, Places
from edge.configuration import Configuration
from edge.data_use import DataMeter
from edge.own_log import OwnLog
from edge.ports import Now
from edge.report import Around
from edge.spool import Spool
from wire.blocking import OneAtATime
from wire.command import SAMPLES_MOST_S, Command, Reply, Verb, done, fitting

_AT_ONCE_NS = 600 * 10**9
"""What is looked up for one sensor in one transaction, as around an alarm: an alarm never waits for more."""


class Asked:
    """Of one box. `places` belong to its agent; `own_log` is what it has kept of its log."""

    def __init__(self, places: Places, own_log: OwnLog, now: Now) -> None:
        """Reads nothing."""
        self._places, self._own_log, self._now = places, own_log, now
        self._off_loop = OneAtATime()

    def acts(self, facts: Callable[[], Facts]) -> Mapping[Verb, Act]:
        """Each verb; `facts` are asked when somebody asks for them."""

        async def doctor(command: Command) -> Reply:
            found = await self._off_loop(checkup.look, self._places, facts(), self._now())
            return msgspec.structs.replace(done(command, self._now()), findings=found)

        return {Verb.LOGS: self._logs, Verb.DOCTOR: doctor}

    async def _logs(self, command: Command) -> Reply:
        found = await self._off_loop(self._own_log.tail, command.lines, command.since_s, self._now)
        log = fitting(found)
        return msgspec.structs.replace(done(command, self._now()), log=log, is_cut=len(log) < len(found))


def samples_of(spool: Spool, folder: Path, meter: DataMeter, sensors: Callable[[], Collection[str]], now: Now) -> Act:
    """The verb `samples`, of the spool in `folder`. What was asked for is on the disk before it is answered."""
    off_loop = OneAtATime()

    async def follow(command: Command) -> Reply:
        if meter.is_sparing:
            fix = "wait, or raise its `budget:`; on the box `egret edge spool export` writes them into a file."
            raise Unasked("its readings give way just now, to keep its data budget.", fix=fix, code="E-CMD-003")
        until_ns = now()
        since_ns = until_ns - round(min(command.since_s or SAMPLES_MOST_S, SAMPLES_MOST_S) * 10**9)
        held = await off_loop(spool_view.held, folder, since_ns)
        if held.is_waiting:
            fix = "ask again in a minute; none is sent twice."
            raise Unasked("samples that were asked for before are still on their way.", fix=fix, code="E-CMD-004")
        await spool.add((), around=[one for name in sorted(sensors()) for one in _parts(name, since_ns, until_ns)])
        await spool.flush()
        return msgspec.structs.replace(done(command, now()), held_bytes=held.size)

    return follow


def _parts(sensor: str, since_ns: int, until_ns: int) -> Iterator[Around]:
    for first_ns in range(since_ns, until_ns, _AT_ONCE_NS):
        yield Around(sensor, first_ns, min(first_ns + _AT_ONCE_NS, until_ns) - 1)


def mode_of(configuration: Configuration, now: Now) -> Act:
    """The verb `mode`; the box reports what it comes to."""

    async def choose(command: Command) -> Reply:
        configuration.choose(command)
        return done(command, now())

    return choose
