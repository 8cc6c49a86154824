"""Cases in the ledger's tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from cloud.case_flow import Case, CaseFile, LogLine
from cloud.database import built
from cloud.schema import case_days, case_log, cases
from wire.alarm import Evidence
from wire.errors import NoSuchCase

LOG_TAIL = 50
"""Lines of a case's log in lists and events: an alarm that chatters for a week must not make them heavy."""

_CHINA = timezone(timedelta(hours=8))
_FACTS = [column for column in cases.c if column is not cases.c.evidence]


def next_number(connection: Connection, now_ns: int) -> str:
    """A case number that was never given before: the day in China and a running number, `20261124-00001`."""
    day = datetime.fromtimestamp(now_ns // 10**9, UTC).astimezone(_CHINA).strftime("%Y%m%d")
    is_day = case_days.c.day == day
    if connection.execute(update(case_days).where(is_day).values(cases=case_days.c.cases + 1)).rowcount == 0:
        connection.execute(insert(case_days).values(day=day, cases=1))
    running = connection.execute(select(case_days.c.cases).where(is_day)).scalar_one()
    return f"{day}-{running:05d}"


def open_of(connection: Connection, alarms: Iterable[str]) -> list[Case]:
    """The open cases of these alarms, at most one each."""
    wanted = select(*_FACTS).where(cases.c.alarm.in_(tuple(alarms)), cases.c.closed_ns.is_(None))
    return _with_logs(connection, wanted)


def latest(connection: Connection, *, open_only: bool, limit: int, after: str) -> list[Case]:
    """The newest first, from below the number `after` unless that is empty."""
    wanted = select(*_FACTS).order_by(cases.c.number.desc()).limit(limit)
    if open_only:
        wanted = wanted.where(cases.c.closed_ns.is_(None))
    return _with_logs(connection, wanted.where(cases.c.number < after) if after else wanted)


def one(connection: Connection, number: str) -> Case:
    """Raises NoSuchCase."""
    found = _with_logs(connection, select(*_FACTS).where(cases.c.number == number))
    if not found:
        raise NoSuchCase(
            f"there is no case {number!r}.", fix="`egret case list` shows the numbers there are.", code="E-CASE-001"
        )
    return found[0]


def file_of(connection: Connection, number: str) -> CaseFile:
    """With its whole log and its evidence. Raises NoSuchCase."""
    case = one(connection, number)
    log = connection.execute(select(case_log).where(case_log.c.case == number).order_by(case_log.c.id)).mappings()
    kept = connection.execute(select(cases.c.evidence).where(cases.c.number == number)).scalar_one()
    facts = msgspec.structs.asdict(case) | {"log": tuple(built(LogLine, line) for line in log)}
    return CaseFile(**facts, evidence=msgspec.json.decode(kept, type=tuple[Evidence, ...]))


def add(connection: Connection, opened: Sequence[Case], evidence: Mapping[str, tuple[Evidence, ...]]) -> None:
    """Cases that are new; their logs are added by `add_lines`."""
    if opened:
        given = [{"evidence": msgspec.json.encode(evidence[case.number]).decode()} | _columns(case) for case in opened]
        connection.execute(insert(cases), given)


def change(connection: Connection, changed: Sequence[Case]) -> None:
    """What may change of a case: stage, level, and when it was closed."""
    if changed:
        given = [
            {"of": case.number, "stage": case.stage.value, "level": case.level.value, "closed_ns": case.closed_ns}
            for case in changed
        ]
        connection.execute(update(cases).where(cases.c.number == bindparam("of")), given)


def add_lines(connection: Connection, lines: Iterable[tuple[str, LogLine]]) -> None:
    """Lines for the logs of the cases with these numbers, in order."""
    rows = [{"case": number} | msgspec.to_builtins(line) for number, line in lines]
    if rows:
        connection.execute(insert(case_log), rows)


def _with_logs(connection: Connection, wanted: Select[Any]) -> list[Case]:
    rows = connection.execute(wanted).mappings().all()
    place = func.row_number().over(partition_by=case_log.c.case, order_by=case_log.c.id.desc()).label("place")
    numbers = [row["number"] for row in rows]
    tail = select(case_log, place).where(case_log.c.case.in_(numbers)).subquery()
    lines = connection.execute(select(tail).where(tail.c.place <= LOG_TAIL).order_by(tail.c.id)).mappings()
    logs: defaultdict[str, list[LogLine]] = defaultdict(list)
    for line in lines:
        logs[line["case"]].append(built(LogLine, line))
    return [built(Case, row, log=logs[row["number"]]) for row in rows]


def _columns(case: Case) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(case)
    return {column.name: facts[column.name] for column in _FACTS}
