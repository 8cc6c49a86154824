"""The big ledger in SQLite: rows in bulk without indexes, then the indexes, as the product defines them.

What the product sums up when a case or an alarm changes is summed up here by the same functions, and
`bench.big_ledger.proof` proves it on a small one.
"""

import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from sqlalchemy import Table, create_engine

from bench.big_ledger.past_cases import DAY_NS, SECOND_NS, YEARS_DAYS, Past, PastCases, days
from bench.big_ledger.past_events import SPOOL, PastEvents, counted_in_days, counted_in_tens
from bench.big_ledger.town import Town
from cloud.cases.case_flow import Case, LogLine
from cloud.cases.tally import FIGURES, added
from cloud.schema.access import audit as audit_table
from cloud.schema.alarms import alarm_days, alarm_events, alarm_tallies
from cloud.schema.base import metadata
from cloud.schema.cases import case_days, case_log, case_members, case_refs, case_tallies, cases
from cloud.schema.stream import events
from cloud.tables import alarms, audit, watermarks
from cloud.tables.audit import AuditLine
from cloud.tables.events import KEPT
from wire.receipt import Lane

Row = Sequence[Any]
_facts = attrgetter(*[column.name for column in case_members.c][1:])
_PLACE = {figure: place for place, figure in enumerate(FIGURES)}
_SETTLED_DAYS = 60
"""No case changes sums of days that are longer ago than this: `past_cases` ends every stage sooner."""

assert [column.name for column in cases.c][:-1] == list(Case.__struct_fields__)[:-1]


class Sums:
    """The rows of `case_tallies`, handed out once their days are over."""

    def __init__(self) -> None:
        """Of no case."""
        self._rows: defaultdict[tuple[str, str], dict[Row, list[int]]] = defaultdict(dict)

    def add(self, case: Case) -> None:
        """As `cloud.tables.tallies.apply` adds a new case."""
        for cell, amount in added(case).items():
            found = self._rows[cell[:2]]
            key = cell[2:7]
            if key not in found:
                found[key] = [0] * len(FIGURES)
            found[key][_PLACE[cell.figure]] += amount

    def take(self, before: str = "~") -> list[Row]:
        """The rows of days before this one, and with `~` all that are left, months too."""
        over = [key for key in self._rows if before == "~" or (key[0] == "day" and key[1] < before)]
        return [(*period, *key, *numbers) for period in over for key, numbers in self._rows.pop(period).items()]


class Filling:
    """One big ledger in the making, in a file whose tables are there and empty."""

    def __init__(self, path: Path, town: Town, now_ns: int) -> None:
        """Writes without care for power cuts: nobody needs the file after one."""
        self._path, self._town, self._now_ns = path, town, now_ns
        self._file = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
            self._file.execute(f"PRAGMA {pragma}")
        self._cases, self._events = PastCases(town, Random(4), now_ns), PastEvents(town, Random(5))
        self._sums = Sums()
        self._latest: list[Case] = []
        self._chain = ""

    def fill(self, case_count: int, event_count: int) -> None:
        """Takes some minutes for 10⁶ cases and 10⁷ events; says how far it is on stderr."""
        indexes = [index for table in metadata.sorted_tables for index in table.indexes if table.c]
        with self._engine() as connection:
            for index in indexes:
                index.drop(connection)
        started = time.monotonic()
        self._file.execute("BEGIN")
        for number, day in enumerate(days(self._now_ns)):
            share = (number + 1) / YEARS_DAYS
            self._day(day, *(round(n * share) - round(n * (share - 1 / YEARS_DAYS)) for n in (case_count, event_count)))
            if number % 100 == 0 or share == 1:
                told(f"filling: {share:4.0%} of three years, {time.monotonic() - started:.0f} s")
        self._end()
        self._file.execute("COMMIT")
        self._file.close()
        with self._engine() as connection:
            for index in indexes:
                index.create(connection)
            alarms.put(connection, self._events.alarms())
            marks = [(box, SPOOL, Lane.ALARMS, through) for box, through in self._events.sequences.items()]
            watermarks.advance(connection, marks)
        told(f"filled and indexed: {self._path.stat().st_size / 1e9:.1f} GB, {time.monotonic() - started:.0f} s")

    def _engine(self) -> Any:
        return create_engine(f"sqlite:///{self._path}").begin()

    def _day(self, day: datetime, case_count: int, event_count: int) -> None:
        name, start_ns = f"{day:%Y%m%d}", int(day.timestamp()) * SECOND_NS
        pasts = self._cases.of_day(day, case_count)
        found = self._events.of_day(start_ns, min(start_ns + DAY_NS, self._now_ns), pasts, event_count)
        self._put(alarm_events, found)
        sources = self._events.sources
        self._put(alarm_tallies, ((*key, n) for key, n in sorted(counted_in_tens(found, sources).items())))
        self._put(alarm_days, ((*key, n) for key, n in sorted(counted_in_days(name, found, sources).items())))
        self._put_cases(name, pasts, settled=f"{day - timedelta(days=_SETTLED_DAYS):%Y%m%d}")

    def _put_cases(self, day: str, pasts: Sequence[Past], settled: str) -> None:
        self._put(cases, ((*msgspec.structs.astuple(past.case)[:-1], "[]") for past in pasts))
        self._put(case_members, ((past.case.number, *_facts(member)) for past in pasts for member in past.members))
        lines = ((past.case.number, line) for past in pasts for line in past.case.log)
        self._put(case_log, (_logged(number, line) for number, line in lines), "id")
        self._put(case_days, [(day, len(pasts))])
        said = (past.case for past in pasts if past.case.source == "hotline")
        self._put(
            case_refs,
            (("12345", f"T{case.number}", case.number, "", "open", case.opened_ns, False, "") for case in said),
        )
        self._put(audit_table, (self._audited(past.case) for past in pasts), "id")
        for past in pasts:
            self._sums.add(past.case)
        self._put(case_tallies, self._sums.take(before=settled))
        self._latest = (self._latest + [past.case for past in pasts])[-KEPT:]

    def _end(self) -> None:
        self._put(case_tallies, self._sums.take())
        told_of = (("case", case.stage_ns, msgspec.json.encode(case).decode()) for case in self._latest)
        self._put(events, told_of, "id")

    def _audited(self, case: Case) -> Row:
        act = "case.close" if case.closed_ns else "case.dispatch"
        line = AuditLine(
            time_ns=case.stage_ns,
            actor=case.person or "egret",
            via="session",
            address="10.0.0.7",
            act=act,
            object=case.number,
        )
        self._chain = audit._chain(self._chain, line)  # noqa: SLF001 - `audit.add` reads the chain before from the database
        return (*msgspec.structs.astuple(line), self._chain)

    def _put(self, table: Table, rows: Iterable[Row], numbered: str = "") -> None:
        """Rows in the order of the table's columns, less the one that the database counts itself."""
        names = [column.name for column in table.c if column.name != numbered]
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        self._file.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})', rows)


def told(what: str) -> None:
    """Progress is talk: stderr."""
    print(what, file=sys.stderr, flush=True)


def _logged(number: str, line: LogLine) -> Row:
    return (number, line.time_ns, line.actor, line.act, line.stage, line.note, "[]")
