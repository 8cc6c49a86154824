"""The audit log: chained, searched, exported."""

import csv
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from gatehouse import CONSOLE, START_NS
from sqlalchemy import text

from cloud.access import audit as acts
from cloud.access.actor import EGRET, Actor, Role
from cloud.database import Database
from cloud.tables import audit
from cloud.tables.audit import KeptLine, Wanted


async def write(gate: Any, count: int) -> None:
    """Acts on cases, one a second."""
    for number in range(count):
        line = acts.line(EGRET, "case.dispatch", f"case 20261124-{number:05}", START_NS + number * 10**9)
        await gate.database.write(lambda connection, line=line: audit.add(connection, line))


async def verdict(gate: Any) -> audit.Verdict:
    """Of the whole log."""
    found: audit.Verdict = await gate.database.read(audit.verify)
    return found


async def test_untouched_log_holds_together(gate: Any) -> None:
    """Every chain is computed again, over pages too."""
    await write(gate, 5)
    found = await verdict(gate)
    assert (found.lines, found.broken_id) == (6, 0)
    assert found.chain == (await gate.lines())[-1].chain


async def test_empty_log_holds_together(gate: Any) -> None:
    """Nothing is proof of nothing."""
    await gate.database.write(lambda connection: connection.execute(text("DELETE FROM audit")))
    assert await verdict(gate) == audit.Verdict(0, "", 0)


@pytest.mark.parametrize(
    ("tampering", "broken_id"),
    [
        ("UPDATE audit SET actor = 'lin' WHERE id = 3", 3),
        ("UPDATE audit SET detail = ' ' WHERE id = 3", 3),
        ("UPDATE audit SET time_ns = time_ns + 1 WHERE id = 4", 4),
        ("DELETE FROM audit WHERE id = 3", 4),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("UPDATE audit SET chain = 'f' WHERE id = 6", 6),
        ("UPDATE audit SET actor = 'egretcase', act = '.dispatch' WHERE id = 2", 2),
    ],
)
async def test_tampering_is_found(gate: Any, tampering: str, broken_id: int) -> None:
    """A line changed or removed behind our back: the first place that does not fit is named."""
    await write(gate, 5)
    await gate.database.write(lambda connection: connection.execute(text(tampering)))
    assert (await verdict(gate)).broken_id == broken_id


async def test_export_proves_that_the_end_was_not_cut(gate: Any) -> None:
    """Lines cut off at the end break no chain; the last chain of an earlier export is missing then."""
    await write(gate, 5)
    exported = (await gate.lines())[-1].chain
    await gate.database.write(lambda connection: connection.execute(text("DELETE FROM audit WHERE id > 4")))
    found = await verdict(gate)
    assert (found.broken_id, found.lines) == (0, 4)
    assert exported not in [line.chain for line in await gate.lines()]


async def test_line_goes_with_its_transaction(gate: Any) -> None:
    """An act that failed leaves no line that says it was done."""

    def fail(connection: Any) -> None:
        audit.add(connection, acts.line(EGRET, "case.close", "case 1", START_NS))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await gate.database.write(fail)
    assert await gate.lines(act="case.close") == []


async def test_pages_from_the_newest(gate: Any) -> None:
    """Two lines a page, each once, and the filters hold on every page."""
    await write(gate, 5)
    wanted, seen, after = Wanted(act="case.dispatch", start_ns=START_NS + 10**9, end_ns=START_NS + 4 * 10**9), [], 0
    while lines := await gate.database.read(partial(audit.page, wanted=wanted, after=after, limit=2)):
        after = lines[-1].id
        seen.append([line.object[-1] for line in lines])
    assert seen == [["3", "2"], ["1"]]


async def test_who_did_what_to_it(gate: Any) -> None:
    """By actor, object and outcome."""
    await write(gate, 3)
    assert [line.object for line in await gate.lines(actor="root")] == ["user lin"]
    assert [line.actor for line in await gate.lines(object="case 20261124-00001")] == ["egret"]
    assert await gate.lines(outcome="refused") == []


async def test_detail_is_bounded(gate: Any) -> None:
    """A log that anybody can fill is none: 2000 characters are kept, and the chain is over those."""
    line = acts.line(CONSOLE, "x", "y", START_NS, detail="z" * 5_000)
    await gate.database.write(lambda connection: audit.add(connection, line))
    assert len((await gate.lines(act="x"))[0].detail) == 2_000
    assert (await verdict(gate)).broken_id == 0


def kept(**more: Any) -> KeptLine:
    """A line as it is read."""
    line = {"id": 7, "time_ns": START_NS, "actor": "lin", "via": "session", "address": "::1", "act": "a", "object": "b"}
    return KeptLine(**{**line, "chain": "c0", **more})


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_csv_carries_no_formula(start: str) -> None:
    """What a spreadsheet would run is shown with a quote before it; commas and line ends stay in their field."""
    nasty = f'{start}HYPERLINK("http://evil.example","x"),\n<b>'
    data = acts.csv_head() + acts.as_csv([kept(object=nasty)])
    assert data.startswith(b"\xef\xbb\xbfid,time,actor")
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert len(head) == len(row) == 10
    assert row[6] == f"'{nasty}"
    assert row[1] == "2026-11-18T11:06:40.000+00:00"


def test_ndjson_is_exact() -> None:
    """One object a line, with times in ns and the text as it is."""
    [line] = acts.as_ndjson([kept(object="=1+1\n")]).splitlines()
    read = json.loads(line)
    assert (read["object"], read["time_ns"], read["id"]) == ("=1+1\n", START_NS, 7)


async def test_no_name_forges_a_line(ledger_place: Path | str) -> None:
    """Line ends, NUL and U+202E are written out, so a line is one line, and the chain holds on PostgreSQL as well."""
    forged = "case 7\r\n2,egret,case.close\0\u202e\x1b[2J"
    async with Database(ledger_place) as database:
        console = Actor("root\r\nzhao", Role.MAINTAINER, "console", address="\u202e1.0.0.127")
        line = acts.line(console, "request", forged, START_NS, outcome="refused", detail=forged + "x" * 3_000)
        await database.write(lambda connection: audit.add(connection, line))
        [kept] = await database.read(lambda connection: audit.onward(connection, Wanted()))
        found = await database.read(audit.verify)
    assert (kept.actor, kept.address) == ("root\\u000d\\u000azhao", "\\u202e1.0.0.127")
    assert kept.object == "case 7\\u000d\\u000a2,egret,case.close\\u0000\\u202e\\u001b[2J"
    assert (len(kept.detail), kept.detail[-1]) == (2_000, "…")
    assert (found.lines, found.broken_id) == (1, 0)


async def test_an_object_is_bounded(gate: Any) -> None:
    """All of five hundred alarms of 130 characters are named, and no object is longer than 100 000."""
    await gate.database.write(lambda connection: audit.add(connection, acts.line(EGRET, "x", "a" * 165_000, START_NS)))
    assert len((await gate.lines(act="x"))[0].object) == 100_000
    assert (await verdict(gate)).broken_id == 0
