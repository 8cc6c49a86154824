"""The small city on one box, with units, a rota and routing, a clock that a test moves, and what people do in it."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import small_city
from sqlalchemy import select

from cloud.alarming.alarmwork import SPOOL
from cloud.cases import casework, modework, reportwork
from cloud.cases.case_act import Act
from cloud.cases.case_flow import Case, CaseFile, Member
from cloud.cases.elsewhere import Ref
from cloud.cases.modework import Switch
from cloud.cases.practice import Practice
from cloud.cases.reportwork import Filing
from cloud.cases.sensor_word import LastSeen
from cloud.cases.work import Work
from cloud.city import city_rules
from cloud.city.city_rules import CityRules
from cloud.city.mode import Mode, ModeName
from cloud.ledger import Ledger
from cloud.ports import Notice
from cloud.reporting.reports import Report
from cloud.schema.cases import case_members, cases
from cloud.tables import refs
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import AlarmMessage
from wire.located import Mistakes, parse

T = TypeVar("T")
SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
TARGET = "board"

RULES = """
units:
  command-centre: {name: 市指挥中心, people: {zhao: {name: 赵主任}, qian: {name: 钱副主任}}}
  tongan-chengguan:
    {name: 同安区城管局, district: tongan, people: {su: {name: 苏科长}, shi: {name: 施副科长}}}
  tongan-ads:
    name: 同安广告科
    district: tongan
    supervisor: tongan-chengguan
    people: {lin: {name: 林工}, chen: {name: 陈工}, wang: {name: 王工}}
routing:
  - {code: part 0390, district: tongan, unit: tongan-ads}
  - {code: part 0390, district: siming, unit: tongan-chengguan, dispatch: by_hand}
duty:
  tongan-ads: {hand_over: "08:00", turn: 1d, from: 2026-01-05, order: [lin, chen, wang]}
"""


def at(text: str) -> int:
    """UTC nanoseconds of a time in Xiamen, such as `2026-09-30 17:59`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * SECOND_NS


def clock(time_ns: int | None) -> str:
    """The time in Xiamen, as `at` reads it; empty for none."""
    if time_ns is None:
        return ""
    return datetime.fromtimestamp(time_ns / SECOND_NS, ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")


def rules(text: str = RULES) -> CityRules:
    """The text as cloud.yaml. Raises ConfigError."""
    mistakes = Mistakes()
    root = parse(textwrap.dedent(text), "cloud.yaml", mistakes)
    found = city_rules.read(root)
    root.done()
    mistakes.raise_any()
    return found


def practice(folder: Path) -> Practice:
    """How this city works its cases."""
    return Practice(small_city.inventory(folder, small_city.ONE_BOX_YAML), rules())


@dataclass
class Town:
    """A ledger with a clock. What a box says is said when it happens."""

    ledger: Ledger
    now_ns: int
    sequence: int = 0

    def pass_s(self, seconds: float) -> None:
        """Time goes by."""
        self.now_ns += round(seconds * SECOND_NS)

    async def do(
        self,
        number: str,
        act: Act,
        actor: str = "wu",
        *,
        version: int | None = None,
        last_seen: LastSeen | None = None,
    ) -> Case:
        """An act on a case by somebody who may."""
        seen = last_seen or {}
        return await self.work(
            lambda work: casework.do(work, number, act, actor, small_city.anybody, version=version, last_seen=seen)
        )

    async def file(self, level: Level = Level.RED, **facts: object) -> Case:
        """A person files a case; at the billboard in Tong'an when nothing else is said."""
        told = {"title": "屏幕倾斜", "level": level, "code": "billboard", "site": "XM-TA-0117"} | facts
        asked = msgspec.convert(told, Filing)
        return await self.work(lambda work: reportwork.file(work, asked, "wu"))

    async def report(self, report: Report, system: str = "camera") -> Case:
        """Another system reports."""
        return await self.work(lambda work: reportwork.take(work, system, report))

    async def switch(self, mode: ModeName, level: Level = Level.ORANGE, **facts: object) -> Mode:
        """A person switches the mode."""
        asked = msgspec.convert({"mode": mode, "level": level, "reason": "预警 12 号"} | facts, Switch)
        return await self.work(lambda work: modework.switch(work, asked, "zhao"))

    async def says(
        self, *sensors: str, level: Level = Level.RED, change: Change = Change.RAISED, rule: str = "lean"
    ) -> Sequence[Case]:
        """The boxes say that these sensors' alarms change; the open cases, the oldest first."""
        events = []
        for sensor in sensors:
            self.sequence += 1
            [lean] = small_city.lean(self.sequence, self.now_ns, level, change).events
            events.append(msgspec.structs.replace(lean, alarm=f"{sensor}/{rule}", sensor=sensor, rule=rule))
        await self.send(events)
        return await self.open_cases()

    async def send(self, events: Sequence[AlarmEvent]) -> None:
        """One message of one box."""
        await self.ledger.take_alarms(AlarmMessage("XM-TA-01", "spool-1", 0, tuple(events)))

    async def open_cases(self) -> Sequence[Case]:
        """The oldest first."""
        wanted = select(cases.c.number).where(cases.c.closed_ns.is_(None)).order_by(cases.c.number)
        numbers = await self.ledger.read(lambda connection: connection.execute(wanted).scalars().all())
        return [await self.file_of(number) for number in numbers]

    async def file_of(self, number: str) -> CaseFile:
        """With its whole log and its parts."""
        return await self.ledger.case(number)

    async def notices(self) -> list[Notice]:
        """All that were told, the oldest first."""
        rows = await self.ledger.due(TARGET, self.now_ns + 24 * HOUR_NS, 10_000)
        return [row.notice for row in sorted(rows, key=lambda row: row.id)]

    async def refs(self, number: str) -> Sequence[Ref]:
        """What other systems say of a case."""
        return await self.ledger.read(lambda connection: refs.of(connection, number))

    async def open_members(self) -> list[tuple[str, str]]:
        """Case and member, of all that are open."""
        wanted = select(case_members.c.case, case_members.c.member).where(case_members.c.until_ns.is_(None))
        found = await self.ledger.read(lambda connection: connection.execute(wanted).all())
        return sorted((row.case, row.member) for row in found)

    async def work(self, run: Callable[[Work], T]) -> T:
        """In one transaction."""

        def both(work: Work) -> T:
            result = run(work)
            work.commit(SPOOL)
            return result

        return await self.ledger.transact(both)


def town(folder: Path, now: str = "2026-11-18 10:00", rules_text: str = RULES) -> Town:
    """A ledger that is still to be opened."""
    held: list[Town] = []
    city = Practice(small_city.inventory(folder, small_city.ONE_BOX_YAML), rules(rules_text))
    ledger = Ledger(folder / "ledger.sqlite", lambda: held[0].now_ns, city, (TARGET,))
    held.append(Town(ledger, at(now)))
    return held[0]


def members(file: CaseFile) -> list[Member]:
    """The open parts of a case."""
    return [part for part in file.parts if part.until_ns is None]
