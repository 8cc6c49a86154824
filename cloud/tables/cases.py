"""Cases, their members and their logs in the ledger's tables."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, insert, or_, select, update

from cloud.cases.case_flow import Case, CaseFile, CaseKind, LogLine, Member, Stage
from cloud.city.day import day_of
from cloud.database import built, upsert
from cloud.schema.cases import case_days, case_log, case_members, cases
from cloud.tables.unindexed import Unindexed
from wire.alarm import Evidence, Level
from wire.errors import NoSuchCase

LOG_TAIL = 50
"""Lines of a case's log in lists and events: an alarm that chatters for a week must not make them heavy."""

IS_OPEN = cases.c.closed_ns.is_(None)
_FACTS = [column for column in cases.c if column is not cases.c.evidence]
_NAMES = [str(column.name) for column in _FACTS]
_LINE = [case_log.c[name] for name in ("case", "id", "time_ns", "actor", "act", "stage", "note", "photos")]


def next_number(connection: Connection, now_ns: int) -> str:
    """A case number that was never given before: the day in China and a running number, `20261124-00001`."""
    day = day_of(now_ns)
    is_day = case_days.c.day == day
    if connection.execute(update(case_days).where(is_day).values(cases=case_days.c.cases + 1)).rowcount == 0:
        connection.execute(insert(case_days).values(day=day, cases=1))
    running = connection.execute(select(case_days.c.cases).where(is_day)).scalar_one()
    return f"{day}-{running:05d}"


def open_of(connection: Connection, alarms: Collection[str]) -> dict[str, Case]:
    """The open cases of these alarms, by alarm."""
    is_part = case_members.c.until_ns.is_(None) & case_members.c.is_alarm & case_members.c.member.in_(alarms)
    numbers = {row.member: row.case for row in connection.execute(select(case_members).where(is_part))}
    found = {case.number: case for case in several(connection, set(numbers.values()))}
    return {alarm: found[number] for alarm, number in numbers.items()}


def open_group(connection: Connection, district: str, code_class: str, code: str, since_ns: int) -> Case | None:
    """The newest sensor case of a district and a code that is open, not yet fed back, and was opened since.

    A disputed one is left alone: nobody is asked to handle it until that is decided.
    """
    matter = cases.alias("matter")
    is_deciding = matter.c.closed_ns.is_(None) & (matter.c.kind + "" == CaseKind.COORDINATION.value)
    wanted = (
        select(*_FACTS)
        # A number begins with the day: nobody walks through all that a district ever had.
        .where(cases.c.number >= day_of(since_ns), cases.c.closed_ns.is_(None), cases.c.district == district)
        .where(cases.c.code_class == code_class, cases.c.code == code)
        .where(cases.c.opened_ns >= since_ns, Unindexed(cases.c.source) == "sensor", cases.c.suspended_ns.is_(None))
        .where(Unindexed(cases.c.kind) == CaseKind.EVENT_PART.value)
        .where(Unindexed(cases.c.stage).in_([Stage.FILED.value, Stage.DISPATCHED.value, Stage.HANDLING.value]))
        .where(~exists().where(matter.c.related == cases.c.number, is_deciding))
        .order_by(cases.c.number.desc())
        .limit(1)
    )
    return next(iter(_with_logs(connection, wanted)), None)


def open_at(site: str) -> ColumnElement[bool]:
    """Holds for open cases of a site, and for those that an alarm of it is a part of."""
    is_part = case_members.c.until_ns.is_(None) & case_members.c.is_alarm & (case_members.c.site == site)
    numbers = select(case_members.c.case).where(is_part)
    return IS_OPEN & or_(Unindexed(cases.c.site) == site, cases.c.number.in_(numbers))


def several(connection: Connection, numbers: Collection[str]) -> list[Case]:
    """Those of these cases that there are."""
    return _with_logs(connection, select(*_FACTS).where(cases.c.number.in_(numbers)))


def due_to_climb(connection: Connection, now_ns: int, limit: int) -> list[Case]:
    """Open cases that nobody has accepted in time, the longest waiting first."""
    wanted = select(*_FACTS).where(cases.c.closed_ns.is_(None), cases.c.climb_ns <= now_ns)
    return _with_logs(connection, wanted.order_by(cases.c.climb_ns).limit(limit))


def overdue(connection: Connection, now_ns: int, limit: int) -> list[Case]:
    """Open cases whose deadline has passed and of which nobody was told so."""
    wanted = select(*_FACTS).where(cases.c.closed_ns.is_(None), cases.c.overdue_ns <= now_ns)
    return _with_logs(connection, wanted.order_by(cases.c.overdue_ns).limit(limit))


def one(connection: Connection, number: str) -> Case:
    """Raises NoSuchCase."""
    found = several(connection, [number])
    if not found:
        raise NoSuchCase(
            f"there is no case {number!r}.", fix="`egret case list` shows the numbers there are.", code="E-CASE-001"
        )
    return found[0]


def file_of(connection: Connection, number: str) -> CaseFile:
    """With its whole log, its members and its evidence. Raises NoSuchCase."""
    case = one(connection, number)
    log = connection.execute(select(*_LINE[2:]).where(case_log.c.case == number).order_by(case_log.c.id))
    kept = connection.execute(select(cases.c.evidence).where(cases.c.number == number)).scalar_one()
    facts = msgspec.structs.asdict(case) | {"log": tuple(_line(line) for line in log)}
    evidence = msgspec.json.decode(kept, type=tuple[Evidence, ...])
    return CaseFile(**facts, parts=tuple(parts(connection, number)), evidence=evidence)


def parts(connection: Connection, number: str) -> list[Member]:
    """All that belong or belonged to a case, in the order they came."""
    wanted = select(case_members).where(case_members.c.case == number)
    rows = connection.execute(wanted.order_by(case_members.c.joined_ns, case_members.c.member)).mappings()
    return [built(Member, row) for row in rows]


def worst_open_at(
    connection: Connection, wanted: Sequence[ColumnElement[bool]], sites: Collection[str]
) -> dict[str, str]:
    """The worst open case of each of these sites, and of two the older: one that is there, or has an alarm from there.

    Only cases that fulfil all conditions count, and no coordination matters or special tasks.
    """
    is_meant = and_(IS_OPEN, Unindexed(cases.c.kind) == CaseKind.EVENT_PART.value, *wanted)
    there = select(cases.c.site, cases.c.number, cases.c.level).where(is_meant, Unindexed(cases.c.site).in_(sites))
    alarmed = (
        select(case_members.c.site, cases.c.number, cases.c.level)
        .join(cases, cases.c.number == case_members.c.case)
        .where(is_meant, case_members.c.until_ns.is_(None), case_members.c.is_alarm, case_members.c.site.in_(sites))
    )
    rows = connection.execute(there.union(alarmed)).all()
    oldest_last = sorted(rows, key=lambda row: row.number, reverse=True)
    worst_last = sorted(oldest_last, key=lambda row: Level(row.level).severity)
    return {row.site: row.number for row in worst_last}


def done_at(connection: Connection, tasks: Collection[str], sites: Collection[str]) -> dict[tuple[str, str], bool]:
    """By special task that is open, and site of it: is the site finished?"""
    wanted = select(case_members.c.case, case_members.c.site, case_members.c.done_ns).where(
        case_members.c.case.in_(tasks), case_members.c.until_ns.is_(None), case_members.c.site.in_(sites)
    )
    return {(task, site): done_ns is not None for task, site, done_ns in connection.execute(wanted)}


def add(connection: Connection, opened: Sequence[Case], evidence: Mapping[str, tuple[Evidence, ...]]) -> None:
    """Cases that are new; their logs are added by `add_lines`."""
    if opened:
        given = [
            _columns(case) | {"evidence": msgspec.json.encode(evidence.get(case.number, ())).decode()}
            for case in opened
        ]
        connection.execute(insert(cases), given)


def change(connection: Connection, changed: Sequence[Case]) -> None:
    """As they became; an ended case has no more open members."""
    for case in changed:
        connection.execute(update(cases).where(cases.c.number == bindparam("of")), _columns(case) | {"of": case.number})
    ended = [{"of": case.number, "at": case.closed_ns} for case in changed if not case.is_open]
    if ended:
        is_open = (case_members.c.case == bindparam("of")) & case_members.c.until_ns.is_(None)
        connection.execute(update(case_members).where(is_open).values(until_ns=bindparam("at")), ended)


def put_members(connection: Connection, members: Mapping[tuple[str, str], Member]) -> None:
    """By case number and member, those that leave a case first: an alarm has one open case at any time."""
    rows = [{"case": number} | msgspec.to_builtins(member) for (number, _), member in members.items()]
    for given in (
        [row for row in rows if row["until_ns"] is not None],
        [row for row in rows if row["until_ns"] is None],
    ):
        if given:
            upsert(connection, case_members, given)


def part(connection: Connection, parted: Sequence[tuple[str, str]], now_ns: int) -> None:
    """These members, by case number, belong to their cases no more."""
    if parted:
        is_it = (case_members.c.case == bindparam("of")) & (case_members.c.member == bindparam("who"))
        given = [{"of": number, "who": member} for number, member in parted]
        connection.execute(update(case_members).where(is_it).values(until_ns=now_ns), given)


def add_lines(connection: Connection, lines: Iterable[tuple[str, LogLine]]) -> None:
    """Lines for the logs of the cases with these numbers, in order."""
    rows = [
        msgspec.to_builtins(line) | {"case": number, "photos": msgspec.json.encode(line.photos).decode()}
        for number, line in lines
    ]
    if rows:
        connection.execute(insert(case_log), rows)


def page(connection: Connection, wanted: Sequence[ColumnElement[bool]], *, limit: int, before: str) -> list[Case]:
    """The newest that fulfil all conditions, from below the number `before` unless that is empty."""
    return _with_logs(connection, _newest(wanted, limit, before))


def bare_page(connection: Connection, wanted: Sequence[ColumnElement[bool]], *, limit: int, before: str) -> list[Case]:
    """The same, without their logs."""
    return [_case(row, ()) for row in connection.execute(_newest(wanted, limit, before))]


def everything(connection: Connection, at_once: int = 2_000) -> Iterator[list[Case]]:
    """All cases there are, the oldest first, without their logs; some at once."""
    wanted = select(*_FACTS).order_by(cases.c.number).limit(at_once)
    last = ""
    while some := [built(Case, row) for row in connection.execute(wanted.where(cases.c.number > last)).mappings()]:
        yield some
        last = some[-1].number


def shortened(case: Case) -> Case:
    """With the end of its log, as lists show it."""
    return msgspec.structs.replace(case, log=case.log[-LOG_TAIL:])


def _newest(wanted: Sequence[ColumnElement[bool]], limit: int, before: str) -> Select[Any]:
    conditions = [*wanted, cases.c.number < before] if before else wanted
    return select(*_FACTS).where(and_(True, *conditions)).order_by(cases.c.number.desc()).limit(limit)


def _with_logs(connection: Connection, wanted: Select[Any]) -> list[Case]:
    rows = connection.execute(wanted).all()
    place = func.row_number().over(partition_by=case_log.c.case, order_by=case_log.c.id.desc()).label("place")
    numbers = [row.number for row in rows]
    tail = select(*_LINE, place).where(case_log.c.case.in_(numbers)).subquery()
    lines = connection.execute(select(tail).where(tail.c.place <= LOG_TAIL).order_by(tail.c.id)).all()
    logs: defaultdict[str, list[LogLine]] = defaultdict(list)
    for number, *facts in lines:
        logs[number].append(_line(facts[1:-1]))
    return [_case(row, tuple(logs[row.number])) for row in rows]


def _case(row: Sequence[Any], log: tuple[LogLine, ...]) -> Case:
    """A list has hundreds, so this is not left to `built`."""
    return msgspec.convert(dict(zip(_NAMES, row, strict=True)) | {"log": log}, Case)


def _line(facts: Sequence[Any]) -> LogLine:
    """A line from its row."""
    time_ns, actor, act, stage, note, photos = facts
    hashes = msgspec.json.decode(photos, type=tuple[str, ...]) if photos != "[]" else ()
    return LogLine(time_ns, actor, Stage(stage), note, act, hashes)


def _columns(case: Case) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(case)
    return {column.name: facts[column.name] for column in _FACTS}
