"""The audit log over HTTP."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import guarded_town
import pytest
from guarded_town import Town
from sqlalchemy import text

from cloud.listening import Http


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Town]:
    """Wu tried to log in and failed, then succeeded; Zhao, the maintainer, is logged in."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        await town.log_in("wu", "wrong")
        await town.log_in("wu")
        await town.log_in("zhao")
        yield town


async def test_pages_from_the_newest(guarded: Town) -> None:
    """Four users made, three logins: seven lines in pages of five, each once."""
    first = (await guarded.client.get("api/v1/audit", params={"limit": 5})).json()
    rest = (await guarded.client.get("api/v1/audit", params={"limit": 5, "after": first[-1]["id"]})).json()
    assert [line["id"] for line in first + rest] == [7, 6, 5, 4, 3, 2, 1]
    assert [(line["actor"], line["act"], line["outcome"]) for line in first[:3]] == [
        ("zhao", "session.open", "done"),
        ("wu", "session.open", "done"),
        ("wu", "session.open", "failed"),
    ]


async def test_filters(guarded: Town) -> None:
    """Who, what, to whom, how it ended."""
    for query, ids in (
        ({"actor": "wu"}, [6, 5]),
        ({"act": "user.add", "object": "user lin"}, [1]),
        ({"outcome": "failed"}, [5]),
        ({"actor": "'; DROP TABLE audit"}, []),
    ):
        assert [line["id"] for line in (await guarded.client.get("api/v1/audit", params=query)).json()] == ids


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_export_is_the_whole_log(guarded: Town, kind: str) -> None:
    """Oldest first, as a file; that it was exported is its own last line."""
    answer = await guarded.client.get("api/v1/audit/export", params={"format": kind})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="egret-audit.{kind}"'
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        found = [(row["id"], row["act"]) for row in rows]
    else:
        found = [(str(line["id"]), line["act"]) for line in map(json.loads, answer.text.splitlines())]
    assert [number for number, _ in found] == [str(number) for number in range(1, 9)]
    assert found[-1] == ("8", "audit.export")


async def test_verdict(guarded: Town) -> None:
    """It holds together, until somebody has put a line right."""
    assert (await guarded.client.get("api/v1/audit/verdict")).json()["broken_id"] == 0
    forgery = text("UPDATE audit SET outcome = 'done' WHERE id = 5")
    await guarded.gate.database.write(lambda connection: connection.execute(forgery))
    verdict = (await guarded.client.get("api/v1/audit/verdict")).json()
    assert (verdict["lines"], verdict["broken_id"]) == (4, 5)


@pytest.mark.parametrize("name", ["lin", "chen", "wu"])
@pytest.mark.parametrize("path", ["audit", "audit/export", "audit/verdict"])
async def test_nobody_else_reads_it(guarded: Town, name: str, path: str) -> None:
    """Who wanted to is in it."""
    await guarded.log_in(name)
    answer = await guarded.client.get(f"api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (403, "E-ACCESS-001")
    [line] = await guarded.gate.lines(outcome="refused")
    assert (line.actor, line.object) == (name, f"GET /api/v1/{path}")
