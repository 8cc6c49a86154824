"""Who comes in: nobody without a login, nobody by another site's hand, nobody beyond their role."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import guarded_town
import httpx
import pytest
from gatehouse import CONSOLE, PASSWORD
from guarded_town import Town

from cloud.access.accounts import UserChange
from cloud.access.actor import Right, Role
from cloud.access.tokens import NewToken
from cloud.api import stream
from cloud.api.doors import Needs
from cloud.listening import Http

REPORTS = NewToken(name="hotline", role=Role.OPERATOR, scopes=(Right.POST_REPORTS,))
PUBLIC_ROUTES = {"/api/v1/health", "/api/v1/session"}
JUDGED_BY_ITSELF = {"/api/v1/cases/{number:str}/acts", "/api/v1/t/plain"}
"""Routes whose rights depend on what is asked: `cloud/access/permits.py`."""


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Town]:
    """On this machine, with a login."""
    async with guarded_town.opened(tmp_path, Http(hosts=("Egret.City.Example",))) as town:
        yield town


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Town]:
    """Behind a proxy that speaks TLS."""
    async with guarded_town.opened(tmp_path, Http(hosts=("egret.city.example",), behind_proxy=True)) as town:
        yield town


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    "path", ["city", "state", "cases", "alarms", "events", "users", "audit", "openapi.json", "t/who"]
)
async def test_nothing_is_read_without_a_login(guarded: Town, path: str) -> None:
    """A problem with 401, and what to do."""
    answer = await guarded.client.get(f"api/v1/{path}")
    assert code(answer) == (401, "E-ACCESS-030")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "log in at the board" in answer.json()["fix"]


@pytest.mark.parametrize("path", ["", "index.html", "words/zh.json", "api/v1/health"])
async def test_the_page_itself_is_public(guarded: Town, path: str) -> None:
    """There must be something to log in at, and a supervisor asks whether we live."""
    assert (await guarded.client.get(path)).status_code == 200


async def test_every_public_route_is_listed_here(guarded: Town) -> None:
    """Whoever makes another route public changes this list, and somebody reads it."""
    public = {path for path, route in guarded.routes if route.opt.get("door") == "public"}
    assert {path for path in public if path.startswith("/api")} == PUBLIC_ROUTES


async def test_session_is_somebody(guarded: Town) -> None:
    """The cookie is Lin, from this machine."""
    await guarded.log_in("lin")
    assert (await guarded.client.get("api/v1/t/who")).text == "lin session 127.0.0.1"


@pytest.mark.parametrize(
    ("headers", "status", "refusal"),
    [
        ({}, 403, "E-ACCESS-032"),
        ({"X-CSRF-Token": ""}, 403, "E-ACCESS-032"),
        ({"X-CSRF-Token": "A" * 43}, 403, "E-ACCESS-032"),
        ({"X-CSRF-Token": "RIGHT", "Origin": "https://evil.example"}, 403, "E-API-003"),
        ({"X-CSRF-Token": "RIGHT", "Origin": "null"}, 403, "E-API-003"),
        ({"X-CSRF-Token": "RIGHT", "Host": "evil.example"}, 421, "E-API-002"),
    ],
)
async def test_another_site_changes_nothing(guarded: Town, headers: dict[str, str], status: int, refusal: str) -> None:
    """With Lin's cookie and without her CSRF token, or with it from a foreign page, or through a foreign name."""
    await guarded.log_in("lin")
    sent = {name: guarded.csrf if value == "RIGHT" else value for name, value in headers.items()}
    assert code(await guarded.client.post("api/v1/t/dispatch", headers=sent)) == (status, refusal)


async def test_csrf_token_of_another_session_is_none(guarded: Town) -> None:
    """An attacker with an account of their own has no token for Lin's session."""
    await guarded.log_in("zhao")
    foreign = guarded.csrf
    guarded.client.cookies.clear()
    await guarded.log_in("lin")
    answer = await guarded.client.post("api/v1/t/dispatch", headers={"X-CSRF-Token": foreign})
    assert code(answer) == (403, "E-ACCESS-032")


async def test_our_own_page_changes_things(guarded: Town) -> None:
    """Cookie, token and origin together."""
    await guarded.log_in("lin")
    headers = {"X-CSRF-Token": guarded.csrf, "Origin": str(guarded.client.base_url).rstrip("/")}
    assert (await guarded.client.post("api/v1/t/dispatch", headers=headers)).text == "lin"


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("wu", "t/dispatch", 403),
        ("wu", "t/plain", 403),
        ("chen", "t/dispatch", 403),
        ("chen", "t/plain", 200),
        ("lin", "t/dispatch", 200),
        ("zhao", "t/dispatch", 200),
    ],
)
async def test_roles(guarded: Town, name: str, path: str, status: int) -> None:
    """A viewer changes nothing, even where a route forgot to say what it needs."""
    await guarded.log_in(name)
    assert (await guarded.change("POST", path)).status_code == status


async def test_refusal_is_in_the_audit_log(guarded: Town) -> None:
    """Who wanted what, and why not; a missing CSRF token too."""
    await guarded.log_in("wu")
    await guarded.change("POST", "t/dispatch")
    await guarded.client.post("api/v1/t/dispatch")
    lines = await guarded.gate.lines(outcome="refused")
    assert [(line.actor, line.act, line.object) for line in lines] == [("wu", "request", "POST /api/v1/t/dispatch")] * 2
    assert "wu may not do this (dispatch). [E-ACCESS-001]" in lines[0].detail
    assert "X-CSRF-Token is missing" in lines[1].detail


async def test_token_needs_neither_cookie_nor_csrf(guarded: Town) -> None:
    """A program posts its report, and does nothing else: it does not even read."""
    issued = await guarded.gate.tokens.create(REPORTS, CONSOLE)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    assert (await guarded.client.post("api/v1/t/report", headers=headers)).text == "token hotline"
    assert code(await guarded.client.post("api/v1/t/dispatch", headers=headers)) == (403, "E-ACCESS-001")
    assert code(await guarded.client.get("api/v1/cases", headers=headers)) == (403, "E-ACCESS-001")
    await guarded.gate.tokens.revoke("hotline", CONSOLE)
    assert code(await guarded.client.post("api/v1/t/report", headers=headers)) == (401, "E-ACCESS-031")


@pytest.mark.parametrize("header", ["Bearer egret_x", "Bearer", "", "Basic bGluOng=", "bearer", "Bearer \u00ff"])
async def test_wrong_token_is_not_replaced_by_a_cookie(guarded: Town, header: str) -> None:
    """Whoever sends `Authorization` means it: a cookie beside it does not count."""
    await guarded.log_in("zhao")
    headers = [(b"authorization", header.encode("latin-1"))]
    answer = await guarded.client.get("api/v1/t/who", headers=headers)
    assert code(answer) == (401, "E-ACCESS-031")


async def test_expired_token(guarded: Town) -> None:
    """It is over when its hour is."""
    asked = NewToken(name="visit", role=Role.VIEWER, expires_ns=guarded.gate.at_ns + 3_600 * 10**9)
    issued = await guarded.gate.tokens.create(asked, CONSOLE)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    assert (await guarded.client.get("api/v1/cases", headers=headers)).status_code == 200
    guarded.gate.wait(3_600)
    assert code(await guarded.client.get("api/v1/cases", headers=headers)) == (401, "E-ACCESS-031")


@pytest.mark.parametrize(
    "host", ["egret.city.example", "EGRET.city.example:8443", "egret.city.example.", "localhost:1"]
)
async def test_configured_names_are_served(guarded: Town, host: str) -> None:
    """However the browser spells them, and this machine's own."""
    assert (await guarded.client.get("api/v1/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("path", ["", "api/v1/health", "api/v1/session"])
async def test_other_names_are_not(guarded: Town, path: str) -> None:
    """Not even the public parts are read through a foreign name (DNS rebinding)."""
    answer = await guarded.client.get(path, headers={"Host": "evil.example"})
    assert code(answer) == (421, "E-API-002")
    assert "`hosts`" in answer.json()["fix"]


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ([], "127.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["10.0.0.1, 198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (["10.0.0.1", "203.0.113.9"], "203.0.113.9"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, unknown"], "127.0.0.1"),
    ],
)
async def test_address_is_what_the_nearest_proxy_says(proxied: Town, said: list[str], address: str) -> None:
    """What a client writes before it counts for nothing: else guesses would come from anywhere."""
    await proxied.log_in("lin")
    cookie = {"Cookie": f"__Host-egret={proxied.client.cookies['__Host-egret']}"}
    headers = [*cookie.items(), *(("X-Forwarded-For", one) for one in said)]
    assert (await proxied.client.get("api/v1/t/who", headers=headers)).text == f"lin session {address}"


async def test_without_a_proxy_nobody_says_where_they_are(guarded: Town) -> None:
    """The header of a client on this machine is not believed."""
    await guarded.log_in("lin")
    answer = await guarded.client.get("api/v1/t/who", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.text.endswith(" 127.0.0.1")


async def test_flood_of_logins_leaves_the_rest_alone(guarded: Town) -> None:
    """While 40 addresses guess at once, somebody who is logged in reads their cases."""
    await guarded.log_in("lin")
    guesses = [guarded.gate.logins.log_in("wu", "wrong", f"203.0.113.{number}") for number in range(40)]
    flood = asyncio.gather(*guesses, return_exceptions=True)
    assert (await guarded.client.get("api/v1/cases")).status_code == 200
    await flood


async def test_changes_say_what_they_need(guarded: Town) -> None:
    """Every route that changes something is public on purpose, for members, guarded by a right, or judges by itself."""
    for path, route in guarded.routes:
        if not {"POST", "PUT", "PATCH", "DELETE"} & set(getattr(route, "http_methods", ())):
            continue
        layers: list[Any] = list(route.ownership_layers)
        is_stated = any(isinstance(guard, Needs) for layer in layers for guard in layer.guards or ())
        assert is_stated or route.opt.get("door") or path in JUDGED_BY_ITSELF, path


@pytest.mark.parametrize("ending", ["log out", "new role", "sent away"])
async def test_stream_ends_with_its_session(guarded: Town, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """Who has logged out, or may see less than before, hears nothing more after the next heartbeat."""
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.1)
    await guarded.log_in("lin")
    async with asyncio.timeout(30), guarded.client.stream("GET", "api/v1/events") as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        if ending == "log out":
            await guarded.change("DELETE", "session")
        else:
            change = UserChange(is_active=False) if ending == "sent away" else UserChange(districts=("siming",))
            await guarded.gate.accounts.change("lin", change, CONSOLE)
        told = [line async for line in lines]
    assert told[-1] == "", told


async def test_demonstration_lets_this_machine_do_everything(town: Any) -> None:
    """Without a login there is one actor, who has every right and needs no CSRF token."""
    answer = await town.client.get("api/v1/session")
    who = answer.json()
    assert (who["name"], who["via"], who["csrf"]) == ("demo", "demo", "")
    assert set(who["rights"]) == {right.value for right in Right}
    refused = await town.client.post("api/v1/session", json={"name": "lin", "password": PASSWORD})
    assert code(refused) == (409, "E-ACCESS-033")


async def test_a_browser_that_came_over_tls_comes_by_nothing_else(proxied: Town) -> None:
    """Strict-Transport-Security, where a proxy in front speaks TLS."""
    answer = await proxied.client.get("api/v1/health", headers={"host": "egret.city.example"})
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_plain_port_of_this_machine_promises_no_tls(guarded: Town) -> None:
    """A browser that was told so would find nothing here any more."""
    assert "strict-transport-security" not in (await guarded.client.get("api/v1/health")).headers
