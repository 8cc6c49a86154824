"""Logging in and out over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import guarded_town
import pytest
from gatehouse import PASSWORD
from guarded_town import Town

from cloud.listening import Http


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Town]:
    """On this machine, with a login."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        yield town


async def test_login_says_who_and_sets_the_cookie(guarded: Town) -> None:
    """Role, reach and rights for the board; a cookie that no script reads and no other site sends."""
    answer = await guarded.log_in("lin")
    assert answer.status_code == 201
    who = answer.json()
    assert (who["name"], who["full_name"], who["role"], who["districts"]) == ("lin", "林工", "operator", ["tongan"])
    assert "dispatch" in who["rights"]
    assert "manage_users" not in who["rights"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("egret=")
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"):
        assert part in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    again = (await guarded.client.get("api/v1/session")).json()
    assert again == who


async def test_over_tls_the_cookie_is_this_hosts_alone(tmp_path: Path) -> None:
    """`__Host-` and Secure: neither a neighbour's domain nor plain HTTP can set or see it."""
    async with guarded_town.opened(tmp_path, Http(behind_proxy=True)) as town:
        cookie = (await town.log_in("lin")).headers["set-cookie"]
        assert cookie.startswith("__Host-egret=")
        for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("name", "password"), [("lin", "wrong"), ("nobody", PASSWORD), ("<b>", "x"), ("' OR 1=1", "x")]
)
async def test_wrong_logins_are_all_the_same(guarded: Town, name: str, password: str) -> None:
    """401 with the same words, and no cookie."""
    answer = await guarded.log_in(name, password)
    assert (answer.status_code, answer.json()["what"]) == (401, "name or password is wrong.")
    assert "set-cookie" not in answer.headers


async def test_guessing_is_slowed_down(guarded: Town) -> None:
    """The sixth guess is a 429 that says when to come again, for the right password too."""
    for _ in range(5):
        await guarded.log_in("lin", "wrong")
    answer = await guarded.log_in("lin")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "E-ACCESS-021", "15")
    guarded.gate.wait(15)
    assert (await guarded.log_in("lin")).status_code == 201


@pytest.mark.parametrize(
    "body", [{}, {"name": "lin"}, {"name": "lin", "password": "x" * 1_025}, {"name": 1, "password": "x"}, [], "lin"]
)
async def test_bodies_that_are_no_credentials(guarded: Town, body: Any) -> None:
    """A problem with 400, and no work for argon2."""
    answer = await guarded.client.post("api/v1/session", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "E-API-005")
    assert guarded.gate.passwords.verified == []


async def test_a_form_of_another_site_logs_nobody_in(guarded: Town) -> None:
    """Logging somebody in as the attacker (login CSRF) needs JSON from our own page."""
    form = {"name": "lin", "password": PASSWORD}
    assert (await guarded.client.post("api/v1/session", data=form)).status_code == 415
    answer = await guarded.client.post("api/v1/session", json=form, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "E-API-003")


async def test_stolen_cookie_is_worth_nothing_after_logging_out(guarded: Town) -> None:
    """The browser forgets it, and so do we."""
    await guarded.log_in("lin")
    stolen = guarded.client.cookies["egret"]
    answer = await guarded.change("DELETE", "session")
    assert answer.status_code == 204
    assert 'egret=""' in answer.headers["set-cookie"] or "egret=;" in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    thief = await guarded.client.get("api/v1/session", headers={"Cookie": f"egret={stolen}"})
    assert (thief.status_code, thief.json()["code"]) == (401, "E-ACCESS-030")


async def test_logging_out_needs_the_csrf_token(guarded: Town) -> None:
    """Another site cannot throw an operator out in the middle of a typhoon."""
    await guarded.log_in("lin")
    assert (await guarded.client.delete("api/v1/session")).status_code == 403
    assert (await guarded.client.get("api/v1/session")).status_code == 200


async def test_a_viewer_may_log_out_and_change_the_password(guarded: Town) -> None:
    """These belong to everybody, whatever their rights."""
    await guarded.log_in("wu")
    body = {"old": PASSWORD, "new": "four other quiet words"}
    assert (await guarded.change("POST", "session/password", json=body)).status_code == 204
    assert (await guarded.client.get("api/v1/session")).status_code == 401
    assert (await guarded.log_in("wu", "four other quiet words")).status_code == 201
    assert (await guarded.change("DELETE", "session")).status_code == 204


@pytest.mark.parametrize(
    ("old", "new", "status", "code"),
    [
        ("wrong", "four other quiet words", 401, "E-ACCESS-020"),
        (PASSWORD, "short", 400, "E-ACCESS-005"),
        (PASSWORD, "the-chen-family-1984", 400, "E-ACCESS-005"),
    ],
)
async def test_bad_new_passwords(guarded: Town, old: str, new: str, status: int, code: str) -> None:
    """The old one must be right and the new one good; the session stays."""
    await guarded.log_in("chen")
    answer = await guarded.change("POST", "session/password", json={"old": old, "new": new})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await guarded.client.get("api/v1/session")).status_code == 200


async def test_logging_in_again_is_a_new_session(guarded: Town) -> None:
    """A cookie that somebody planted before is never the session after (fixation)."""
    planted = "A" * 43
    guarded.client.cookies.set("egret", planted)
    await guarded.log_in("lin")
    assert await guarded.gate.logins.of_cookie(planted, "127.0.0.1") is None
