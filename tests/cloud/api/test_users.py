"""Users and tokens over HTTP, for those who manage them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import guarded_town
import pytest
from gatehouse import CONSOLE, PASSWORD
from guarded_town import Town

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.listening import Http

NEW = {"name": "he", "full_name": "<script>alert(1)</script> 何工", "role": "handler", "password": PASSWORD}


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Town]:
    """Zhao, the maintainer, is logged in."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        await town.log_in("zhao")
        yield town


async def test_user_is_added_changed_and_sent_away(guarded: Town) -> None:
    """Markup in a name stays text; no answer holds a password or its hash."""
    added = await guarded.change("POST", "users", json={**NEW, "districts": ["tongan"], "units": ["command-centre"]})
    assert added.status_code == 201
    assert added.headers["content-type"] == "application/json"
    assert added.json()["full_name"] == NEW["full_name"]
    changed = await guarded.change("PATCH", "users/he", json={"role": "operator", "units": []})
    assert (changed.json()["role"], changed.json()["districts"], changed.json()["units"]) == (
        "operator",
        ["tongan"],
        [],
    )
    away = await guarded.change("PATCH", "users/he", json={"is_active": False})
    assert away.json()["is_active"] is False
    listed = await guarded.client.get("api/v1/users")
    assert [user["name"] for user in listed.json()] == ["chen", "he", "lin", "wu", "zhao"]
    for answer in (added, changed, away, listed):
        assert "argon2" not in answer.text
        assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": "lin"}, 409, "E-ACCESS-011"),
        ({"name": "he\r\nSet-Cookie: egret=x"}, 400, "E-ACCESS-010"),
        ({"name": "<img src=x>"}, 400, "E-ACCESS-010"),
        ({"full_name": "a\nb"}, 400, "E-API-005"),
        ({"role": "root"}, 400, "E-API-005"),
        ({"password": "short"}, 400, "E-ACCESS-005"),
        ({"districts": ["tong-an"]}, 400, "E-ACCESS-014"),
        ({"units": ["tongan-ad"]}, 400, "E-ACCESS-014"),
        ({"is_admin": True}, 400, "E-API-005"),
    ],
)
async def test_users_that_cannot_be(guarded: Town, change: dict[str, Any], status: int, code: str) -> None:
    """Each with what is wrong, and nobody added."""
    answer = await guarded.change("POST", "users", json={**NEW, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(await guarded.gate.accounts.users()) == 4


async def test_nobody_is_moved_into_a_unit_that_is_not_there(guarded: Town) -> None:
    """A slip of the pen would leave them with nothing to see; a unit of cloud.yaml is taken."""
    answer = await guarded.change("PATCH", "users/chen", json={"units": ["command-center"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "E-ACCESS-014")
    answer = await guarded.change("PATCH", "users/chen", json={"units": ["command-centre"]})
    assert answer.json()["units"] == ["command-centre"]


async def test_unknown_user_is_404(guarded: Town) -> None:
    """A slip of the pen."""
    answer = await guarded.change("PATCH", "users/hee", json={"full_name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "E-ACCESS-012")


async def test_forgotten_password(guarded: Town) -> None:
    """The maintainer sets a new one, and the lock after too many guesses is gone."""
    for _ in range(5):
        await guarded.log_in("wu", "wrong")
    body = {"password": "four other quiet words"}
    assert (await guarded.change("POST", "users/wu/password", json=body)).status_code == 204
    assert (await guarded.log_in("wu", "four other quiet words")).status_code == 201


async def test_token_is_shown_once(guarded: Town) -> None:
    """Created, used, revoked; the list never holds the secret."""
    asked = {"name": "grafana", "role": "viewer", "scopes": ["read"]}
    created = await guarded.change("POST", "tokens", json=asked)
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    secret = created.json()["secret"]
    listed = await guarded.client.get("api/v1/tokens")
    assert (listed.json()[0]["name"], listed.json()[0]["created_by"]) == ("grafana", "zhao")
    assert secret not in listed.text
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await guarded.client.get("api/v1/cases", headers=bearer)).status_code == 200
    revoked = await guarded.change("DELETE", "tokens/grafana")
    assert revoked.json()["revoked_ns"] == guarded.gate.at_ns
    assert (await guarded.client.get("api/v1/cases", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"name": "a/b", "role": "viewer"}, 400, "E-ACCESS-010"),
        ({"name": "a", "role": "viewer", "scopes": ["close"]}, 400, "E-ACCESS-010"),
        ({"name": "a", "role": "viewer", "expires_ns": 1}, 400, "E-ACCESS-010"),
        ({"name": "a", "role": "viewer", "expires_ns": 2**63}, 400, "E-ACCESS-010"),
        ({"name": "a", "role": "viewer", "expires_ns": 10**30}, 400, "E-ACCESS-010"),
        ({"name": "a", "role": "viewer", "districts": ["x"]}, 400, "E-ACCESS-014"),
        ({"name": "a", "role": "viewer", "units": ["x"]}, 400, "E-ACCESS-014"),
        ({"name": "a", "role": "viewer", "scopes": ["everything"]}, 400, "E-API-005"),
    ],
)
async def test_tokens_that_cannot_be(guarded: Town, asked: dict[str, Any], status: int, code: str) -> None:
    """Each with what is wrong."""
    answer = await guarded.change("POST", "tokens", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("name", ["lin", "chen", "wu"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "users", None),
        ("POST", "users", NEW),
        ("PATCH", "users/lin", {"role": "maintainer"}),
        ("POST", "users/zhao/password", {"password": "four other quiet words"}),
        ("GET", "tokens", None),
        ("POST", "tokens", {"name": "mine", "role": "maintainer"}),
        ("DELETE", "tokens/mine", None),
    ],
)
async def test_nobody_else_may(guarded: Town, name: str, method: str, path: str, body: Any) -> None:
    """Neither an operator nor a handler nor a viewer, not even for themselves."""
    await guarded.log_in(name)
    answer = await guarded.change(method, path, **({"json": body} if body else {}))
    assert (answer.status_code, answer.json()["code"]) == (403, "E-ACCESS-001")
    assert (await guarded.gate.lines(outcome="refused"))[0].actor == name


async def test_a_maintainer_of_a_district_climbs_nowhere_and_reads_nothing_of_the_city(guarded: Town) -> None:
    """Tong'an's maintainer makes no account and no token, and sees neither those of others nor the audit log."""
    ma = NewUser(name="ma", role=Role.MAINTAINER, districts=("tongan",), password=PASSWORD)
    await guarded.gate.accounts.add(ma, CONSOLE)
    await guarded.log_in("ma")
    for method, path, body in (
        ("POST", "users", {**NEW, "role": "maintainer"}),
        ("POST", "users", {**NEW, "districts": ["tongan"]}),
        ("POST", "tokens", {"name": "city", "role": "viewer"}),
        ("PATCH", "users/ma", {"districts": []}),
        ("POST", "users/zhao/password", {"password": "four other quiet words"}),
    ):
        answer = await guarded.change(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "E-ACCESS-001")
    for path in ("users", "tokens", "audit", "audit/export", "audit/verdict", "outbox/dead"):
        answer = await guarded.client.get(f"api/v1/{path}")
        assert (path, answer.status_code, answer.json()["code"]) == (path, 403, "E-ACCESS-001")
    assert not {"maintain", "manage_users", "read_audit"} & set(
        (await guarded.client.get("api/v1/session")).json()["rights"]
    )
