"""`egret cloud user` and `egret cloud token` on a ledger that nothing else has opened."""

import asyncio
import json
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cloud.access import gate
from cloud.access.actor import Actor, Right
from cloud.access.logins import LoginRefused
from cloud.access.passwords import Cost, Passwords
from cloud.api_client import ApiClient
from cloud.commands import user
from cloud.database import Database
from cloud.tables import audit
from cloud.tables.audit import Wanted
from wire.errors import ConfigError, EgretError
from wire.main import root

PASSWORD = "typhoon billboard egret pier"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cloud.yaml whose data folder is not there yet, and passwords that cost little."""
    cheap = Passwords(secrets.token_bytes, Cost(time=1, memory_kib=8, lanes=1))
    opened = gate.on
    monkeypatch.setattr(user.gate, "on", lambda database, now, random: opened(database, now, random, cheap))
    path = tmp_path / "cloud.yaml"
    path.write_text(f"schema: egret.cloud/1\ndata: {tmp_path / 'data'}\n", encoding="utf-8")
    return path


def egret(config: Path, *words: str, typed: str = "") -> Result:
    """The command, with what is on its stdin."""
    return CliRunner().invoke(root, ["cloud", *words, "--config", str(config)], input=typed)


def add(config: Path, *words: str) -> Result:
    """A user with a good password."""
    return egret(config, "user", "add", *words, typed=f"{PASSWORD}\n")


def at_gate(config: Path, work: Any) -> Any:
    """What the running cloud would find."""

    async def run() -> Any:
        async with Database(config.parent / "data" / "ledger.sqlite") as database:
            return await work(gate.on(database, time.time_ns, secrets.token_bytes))

    return asyncio.run(run())


def test_the_first_maintainer_needs_no_login(config: Path) -> None:
    """On an empty machine: the account is made, and logs in."""
    done = add(config, "zhao", "--role", "maintainer", "--full-name", "赵主任")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "zhao (maintainer) is added.\n")
    opened = at_gate(config, lambda found: found.logins.log_in("zhao", PASSWORD, "127.0.0.1"))
    assert opened.login.user.full_name == "赵主任"


def test_users_are_a_table_and_json(config: Path) -> None:
    """With their reach; `--json` is the data and nothing else."""
    add(config, "lin", "--role", "operator", "--district", "tongan", "--district", "jimei")
    head, line = egret(config, "user", "list").stdout.splitlines()
    assert head.split() == ["name", "role", "districts", "units", "state", "full", "name"]
    assert line.split() == ["lin", "operator", "tongan,", "jimei", "all", "lin"]
    [lin] = json.loads(egret(config, "user", "list", "--json").stdout)
    assert (lin["districts"], lin["is_active"]) == (["tongan", "jimei"], True)


def test_disabled_users_log_in_no_more(config: Path) -> None:
    """Until they are enabled again."""
    add(config, "lin", "--role", "operator")
    assert json.loads(egret(config, "user", "disable", "lin", "--json").stdout)["is_active"] is False
    with pytest.raises(LoginRefused):
        at_gate(config, lambda found: found.logins.log_in("lin", PASSWORD, "127.0.0.1"))
    assert egret(config, "user", "enable", "lin").stderr == "lin (operator) may log in.\n"
    at_gate(config, lambda found: found.logins.log_in("lin", PASSWORD, "127.0.0.1"))


def test_forgotten_password(config: Path) -> None:
    """The new one comes from stdin, and the old one is over."""
    add(config, "lin", "--role", "operator")
    done = egret(config, "user", "password", "lin", typed="four other quiet words\n")
    assert (done.exit_code, done.stderr) == (0, "lin has a new password.\n")
    at_gate(config, lambda found: found.logins.log_in("lin", "four other quiet words", "127.0.0.1"))


def test_no_password_on_the_command_line() -> None:
    """Every program on the machine can read that: there is no such option."""
    helped = CliRunner().invoke(root, ["cloud", "user", "add", "--help"]).output
    assert "--password" not in helped


def test_mistakes_say_what_to_do(config: Path) -> None:
    """A weak password, a name that is taken, a user or a unit that is not there, a token for three thousand years."""
    add(config, "lin", "--role", "operator")
    for result, code in (
        (egret(config, "user", "add", "wu", "--role", "viewer", typed="short\n"), "E-ACCESS-005"),
        (add(config, "lin", "--role", "viewer"), "E-ACCESS-011"),
        (egret(config, "user", "disable", "limm"), "E-ACCESS-012"),
        (egret(config, "token", "revoke", "hotline"), "E-ACCESS-012"),
        (add(config, "chen", "--role", "handler", "--unit", "tongan-ad"), "E-ACCESS-014"),
        (egret(config, "token", "create", "x", "--role", "viewer", "--unit", "tongan-ad"), "E-ACCESS-014"),
        (egret(config, "token", "create", "x", "--role", "viewer", "--for", "1100000d"), "E-ACCESS-010"),
    ):
        assert isinstance(result.exception, EgretError)
        assert result.exception.code == code
    assert isinstance(egret(config.parent / "none.yaml", "user", "list").exception, ConfigError)


def test_token_is_printed_once_and_alone(config: Path) -> None:
    """The secret is all of stdout, for a script; it opens what its scope says until it is revoked."""
    words = ("hotline", "--role", "operator", "--scope", "post_reports", "--district", "tongan", "--for", "365d")
    done = egret(config, "token", "create", *words)
    assert (done.exit_code, done.stderr) == (0, "Keep it now: nobody can read it again.\n")
    [secret] = done.stdout.split()
    actor: Actor = at_gate(config, lambda found: found.tokens.of_secret(secret, ""))
    assert (actor.rights, actor.districts) == ({Right.POST_REPORTS}, {"tongan"})
    [listed] = json.loads(egret(config, "token", "list", "--json").stdout)
    assert 364.9 < (listed["expires_ns"] - time.time_ns()) / 86_400e9 <= 365
    assert "post_reports  tongan" in egret(config, "token", "list").stdout
    assert egret(config, "token", "revoke", "hotline").stderr == "token hotline is revoked.\n"
    assert at_gate(config, lambda found: found.tokens.of_secret(secret, "")) is None
    assert "revoked 20" in egret(config, "token", "list").stdout


def test_lifetime_needs_a_unit(config: Path) -> None:
    """`--for 90` is a question, not 90 seconds."""
    done = egret(config, "token", "create", "x", "--role", "viewer", "--for", "90")
    assert done.exit_code == 2
    assert "90s or 90ms" in done.stderr


def test_acts_at_the_machine_are_in_the_log(config: Path) -> None:
    """With the account's name on that machine, and that it was its console."""
    add(config, "lin", "--role", "operator")
    egret(config, "token", "create", "desk", "--role", "viewer")
    lines = at_gate(config, lambda found: found.database.read(lambda connection: audit.onward(connection, Wanted())))
    assert [(line.via, line.act, line.object) for line in lines] == [
        ("console", "user.add", "user lin"),
        ("console", "token.create", "token desk"),
    ]
    assert lines[0].actor


def test_command_sends_the_token_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """EGRET_TOKEN becomes the header; without it there is none."""
    sent: list[Any] = []

    def request(*_: Any, **more: Any) -> Any:
        sent.append(more["headers"].get("authorization"))
        raise EgretError("enough seen", code="E-TEST-001")

    monkeypatch.setattr("cloud.api_client.httpx.request", request)
    for value in ("egret_abc\n", ""):
        monkeypatch.setenv("EGRET_TOKEN", value)
        with pytest.raises(EgretError, match="enough seen"):
            ApiClient("http://127.0.0.1:8480/api/v1").get("cases", list)
    assert sent == ["Bearer egret_abc", None]
