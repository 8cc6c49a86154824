"""The verbs that a box can be asked for: the last lines of its log, a page of its health, a mode."""

from collections.abc import Callable, Mapping

import msgspec

from edge import checkup
from edge.answers import Act
from edge.checkup import Facts, Places
from edge.configuration import Configuration
from edge.own_log import OwnLog
from edge.ports import Now
from wire.blocking import OneAtATime
from wire.command import Command, Reply, Verb, done, fitting


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


def mode_of(configuration: Configuration, now: Now) -> Act:
    """The verb `mode`; the box reports what it comes to."""

    async def choose(command: Command) -> Reply:
        configuration.choose(command)
        return done(command, now())

    return choose
