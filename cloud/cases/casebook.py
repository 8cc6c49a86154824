"""What people and other systems do to alarms, cases and modes: each act with its permit and its audit line.

An act, everything it leads to, its line in the audit log and the answer kept for a repetition are one
transaction of the ledger.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from cloud.access import audit as acts
from cloud.access import permits
from cloud.access.actor import Actor, NotAllowed, Right, require, require_sight
from cloud.alarming import alarmwork
from cloud.alarming.alarm_answer import AlarmDone
from cloud.alarming.alarm_state import Alarm
from cloud.alarming.alarmwork import SPOOL, AlarmAct, Test
from cloud.cases import casework, modework, reportwork
from cloud.cases.case_act import Act, word
from cloud.cases.case_flow import Case, CaseFile, LogLine, logged
from cloud.cases.case_photo import CasePhoto
from cloud.cases.elsewhere import Ref
from cloud.cases.modework import Switch
from cloud.cases.reportwork import Filing
from cloud.cases.sensor_word import LastSeen
from cloud.cases.work import Work
from cloud.city.mode import Mode
from cloud.ledger import Ledger
from cloud.reporting.report_text import spoken
from cloud.reporting.reports import Report
from cloud.tables import audit, cases, events, links, modes, once, photos, refs, watermarks
from cloud.tables.links import UsedLink
from cloud.tables.once import Once
from wire.errors import AlarmError
from wire.picture import Photo
from wire.receipt import Lane

T = TypeVar("T")
Things = Sequence[tuple[str, str]]
"""Outcome, and what had it: for the audit log."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How an act was asked for.

    `version` is the one of the case that the actor saw, None when that does not matter. `once` makes
    a repetition harmless. `link` is the signed link it came by.
    """

    version: int | None = None
    once: Once | None = None
    link: UsedLink | None = None


class Casebook:
    """The acts of a ledger. Every method raises Unavailable and NotAllowed."""

    def __init__(self, ledger: Ledger) -> None:
        """Of an open ledger."""
        self._ledger = ledger

    async def act(self, number: str, act: Act, actor: Actor, asked: Asked, last_seen: LastSeen) -> Case:
        """The case after it. Raises CaseError, KeyUsed and LinkUsed."""

        def run(work: Work) -> Case:
            if asked.link:
                links.use(work.connection, asked.link)
            permit = permits.for_cases(actor)
            return casework.do(
                work, number, spoken(act), actor.name, permit, version=asked.version, last_seen=last_seen
            )

        return await self._do(run, actor, f"case.{word(type(act))}", number, Case, asked.once)

    async def file_case(self, asked: Filing, actor: Actor, repeat: Once | None = None) -> Case:
        """A case that a person files. Raises NoSuchCode."""

        def run(work: Work) -> Case:
            require(actor, Right.FILE_CASES)
            case = reportwork.file(work, asked, actor.name)
            require_sight(actor, case.district, "" if not actor.units else case.unit)
            return case

        return await self._do(run, actor, "case.report", asked.title, Case, repeat)

    async def act_on_alarms(
        self, alarms: Sequence[str], act: AlarmAct, actor: Actor, repeat: Once | None = None
    ) -> Sequence[AlarmDone]:
        """Each alarm after it, or why it is as it was; the others are done all the same."""

        def run(work: Work) -> tuple[AlarmDone, ...]:
            return tuple(_tried(work, alarm, spoken(act), actor) for alarm in dict.fromkeys(alarms))

        word = f"alarm.{act.__struct_config__.tag}"
        return await self._do(run, actor, word, _by_outcome, tuple[AlarmDone, ...], repeat, detail=_said(act))

    async def test_alarm(self, asked: Test, actor: Actor, repeat: Once | None = None) -> Alarm:
        """A test alarm of a sensor. Raises NoSuchSensor."""

        def run(work: Work) -> Alarm:
            require(actor, Right.ACT_ON_ALARMS)
            require_sight(actor, work.practice.inventory.tags(asked.sensor, "").district, "", f"sensor {asked.sensor}")
            spool = (*SPOOL, Lane.ALARMS)
            sequence = watermarks.of(work.connection, *spool) + 1
            raised = alarmwork.test(work, asked, actor.name, sequence)
            watermarks.advance(work.connection, [(*spool, sequence)])
            return raised

        return await self._do(run, actor, "alarm.test", asked.sensor, Alarm, repeat)

    async def switch_mode(self, asked: Switch, actor: Actor, repeat: Once | None = None) -> Mode:
        """The mode as it stands then. Raises ModeError."""

        def run(work: Work) -> Mode:
            require(actor, Right.SWITCH_MODE)
            require_sight(actor, asked.district)
            mode = modework.switch(work, spoken(asked), actor.name)
            events.add(work.connection, [mode], work.now_ns)
            return mode

        place = asked.district or "city"
        return await self._do(run, actor, f"mode.{asked.mode}", place, Mode, repeat, detail=_said(asked))

    async def take_reports(self, system: str, reports: Sequence[Report], actor: Actor) -> Sequence[Case]:
        """The case of each report of another system, all or none."""

        def run(work: Work) -> tuple[Case, ...]:
            require(actor, Right.POST_REPORTS)
            return tuple(reportwork.take(work, system, report) for report in reports)

        keys = ", ".join(report.key for report in reports)
        return await self._do(run, actor, "report.take", f"{system}: {keys}", tuple[Case, ...])

    async def add_photo(self, number: str, photo: Photo, actor: Actor, link: UsedLink | None = None) -> CasePhoto:
        """A photo that lies in the folder belongs to a case from now on. Raises NoSuchCase, BadAct and LinkUsed."""

        def run(work: Work) -> CasePhoto:
            if link:
                links.use(work.connection, link)
            case = work.case(number)
            permits.see(actor, case)
            require(actor, Right.FILE_CASES)
            if all(photo.hash != known.hash for known in photos.of(work.connection, number)):
                line = LogLine(work.now_ns, actor.name, case.stage, "", "photo", (photo.hash,))
                work.docket.change(logged(case, line))
            return photos.add(work.connection, number, photo, actor.name, work.now_ns)

        return await self._do(run, actor, "case.photo", f"{number}/{photo.hash}", CasePhoto)

    async def case(self, number: str, actor: Actor) -> CaseFile:
        """With its whole log. Raises NoSuchCase."""
        case = await self._ledger.read(lambda connection: cases.file_of(connection, number))
        permits.see(actor, case)
        return case

    async def refs(self, number: str) -> Sequence[Ref]:
        """What other systems say of a case."""
        return await self._ledger.read(lambda connection: refs.of(connection, number))

    async def photos(self, number: str) -> Sequence[CasePhoto]:
        """In the order they came."""
        return await self._ledger.read(lambda connection: photos.of(connection, number))

    async def standing_modes(self) -> Sequence[Mode]:
        """Those that nobody and nothing has ended."""
        return await self._ledger.read(modes.standing)

    async def modes(self, limit: int = 100, before: int = 0) -> Sequence[Mode]:
        """All switches, the newest first."""
        return await self._ledger.read(lambda connection: modes.latest(connection, limit, before))

    async def _do(
        self,
        run: Callable[[Work], T],
        actor: Actor,
        act: str,
        thing: str | Callable[[T], Things],
        kind: type[T],
        repeat: Once | None = None,
        detail: str = "",
    ) -> T:
        def both(work: Work) -> T:
            if repeat:
                known = once.answered(work.connection, repeat)
                if known is not None:
                    return msgspec.json.decode(known, type=kind)
            result = run(work)
            work.commit(SPOOL)
            if repeat:
                once.keep(work.connection, repeat, msgspec.json.encode(result).decode(), work.now_ns)
            for outcome, done in [("done", thing)] if isinstance(thing, str) else thing(result):
                audit.add(work.connection, acts.line(actor, act, done, work.now_ns, outcome=outcome, detail=detail))
            return result

        return await self._ledger.transact(both)


def _said(asked: msgspec.Struct) -> str:
    """What was asked for, where nothing else keeps it for those who audit."""
    return msgspec.json.encode(asked).decode()


def _by_outcome(tried: Sequence[AlarmDone]) -> Things:
    """The alarms that something was done to, and those that the actor may not touch. Others do not exist, or are so."""
    done = ", ".join(one.id for one in tried if one.alarm)
    refused = ", ".join(one.id for one in tried if one.code.startswith("E-ACCESS-"))
    return [(outcome, ids) for outcome, ids in (("done", done), ("refused", refused)) if ids]


def _tried(work: Work, alarm: str, act: AlarmAct, actor: Actor) -> AlarmDone:
    try:
        return AlarmDone(id=alarm, alarm=alarmwork.do(work, alarm, act, actor.name, permits.for_alarms(actor)))
    except (AlarmError, NotAllowed) as error:
        return AlarmDone(id=alarm, problem=str(error), code=error.code)
