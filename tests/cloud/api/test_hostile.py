"""A hostile stranger: bytes that no browser sends are refused in words, and cost next to nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import guarded_town
import httpx
import pytest
from guarded_town import Town
from litestar.types import Method

from cloud.api.app import BODY_MAX
from cloud.api.session import CREDENTIALS_MAX
from cloud.listening import Http

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Town]:
    """On this machine, with a login."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        yield town


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("host", ["[", "[::1", "a]b", "", "x" * 5_000])
async def test_a_host_that_is_none_is_refused(guarded: Town, host: str, caplog: pytest.LogCaptureFixture) -> None:
    """421 in a few hundred bytes, and not a line in the log: strangers could fill the disk with them."""
    with caplog.at_level(logging.INFO, logger="cloud"):
        answer = await guarded.client.get("api/v1/health", headers={"Host": host})
    assert code(answer) == (421, "E-API-002")
    assert len(answer.content) < 2_000
    assert not caplog.records


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "http://" + "x" * 5_000])
async def test_an_origin_that_is_none_is_refused(guarded: Town, origin: str) -> None:
    """As that of another site."""
    answer = await guarded.client.post("api/v1/session", json={}, headers={"Origin": origin})
    assert code(answer) == (403, "E-API-003")
    assert len(answer.content) < 2_000


@pytest.mark.parametrize("path", ["%00", "words.json%00", "api/v1/cases/%00", "api/v1/users%00"])
async def test_no_address_has_a_nul(guarded: Town, path: str) -> None:
    """A file system takes none and PostgreSQL keeps none: 404 before anybody tries."""
    assert code(await guarded.client.get(path)) == (404, "E-API-004")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"name":' + b"[" * 7_000, b'{"x":' + b'{"x":' * 2_000])
async def test_json_nested_too_deep_is_refused(guarded: Town, body: bytes) -> None:
    """400 or 413, and no defect."""
    answer = await guarded.client.post("api/v1/session", content=body, headers=JSON)
    assert answer.status_code in {400, 413}


@pytest.mark.parametrize(
    ("method", "path", "most"), [("POST", "session", CREDENTIALS_MAX), ("POST", "cases", BODY_MAX)]
)
async def test_a_body_that_is_too_large_is_refused(guarded: Town, method: Method, path: str, most: int) -> None:
    """16 KiB for a login, 256 KiB for other JSON: announced or not, nobody makes us hold ten megabytes."""

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(most // 1_024 + 2):
            yield b" " * 1_024

    await guarded.log_in("zhao")
    headers = {**JSON, "X-CSRF-Token": guarded.csrf}
    for content in (b" " * (most + 1), unannounced()):
        answer = await guarded.client.request(method, f"api/v1/{path}", content=content, headers=headers)
        assert answer.status_code == 413


async def test_a_ledger_that_is_down_does_not_say_where_it_is(
    guarded: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """503 for a stranger who asks for the health; path and reason stand in the log alone."""
    await guarded.gate.database.write(lambda connection: connection.exec_driver_sql("DROP TABLE events"))
    answer = await guarded.client.get("api/v1/health")
    assert code(answer) == (503, "E-LEDG-001")
    assert str(tmp_path) not in answer.text
    assert "events" not in answer.text
    assert "ledger.db" in caplog.text


async def test_fifty_guesses_at_once_are_answered(guarded: Town) -> None:
    """Each with 401, 429 or 503, while the health is still told."""
    guess = {"name": "zhao", "password": "wrong"}
    flood = asyncio.gather(*(guarded.client.post("api/v1/session", json=guess) for _ in range(50)))
    assert (await guarded.client.get("api/v1/health")).status_code == 200
    assert {answer.status_code for answer in await flood} <= {401, 429, 503}


@pytest.mark.parametrize("number", [-1, 2**63, 10**30])
@pytest.mark.parametrize(
    "path", ["audit?after=", "audit/export?start=", "outbox/dead?after=", "modes?after=", "events?after="]
)
async def test_a_number_that_no_ledger_holds_is_refused(guarded: Town, path: str, number: int) -> None:
    """400 with the name of the parameter; 2⁶³ is one more than SQLite compares with."""
    await guarded.log_in("zhao")
    assert code(await guarded.client.get(f"api/v1/{path}{number}")) == (400, "E-API-005")
    assert (await guarded.change("POST", f"outbox/{number}/replay")).status_code in {400, 404}
