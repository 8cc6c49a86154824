"""`egret cloud user`: accounts, made at the machine itself, so that the first one needs no other."""

import asyncio
import getpass
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from cloud import config as cloud_yaml
from cloud.access import gate
from cloud.access.accounts import NewUser, UserChange, require_known
from cloud.access.actor import Actor, Role
from cloud.access.gate import Gate
from cloud.api_client import json_option, show_json, show_table
from cloud.database import Database
from cloud.tables.users import User

T = TypeVar("T")

config_option = click.option(
    "--config", type=click.Path(path_type=Path), default=Path("cloud.yaml"), show_default=True, help="Names the ledger."
)
role_option = click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
district_option = click.option("--district", "districts", multiple=True, help="Only this one; may be given again.")
unit_option = click.option("--unit", "units", multiple=True, help="Only this responsible unit; may be given again.")


def at_gate(config: Path, work: Callable[[Gate, Actor], Awaitable[T]], units: Sequence[str] = ()) -> T:
    """What `work` finds on the ledger of a cloud.yaml, whether the cloud runs or not. Raises EgretError.

    Whoever may write the ledger's file may do everything: the actor is a maintainer, by the name of
    the account on this machine. `units` must be in the file.
    """
    return asyncio.run(_at_gate(config, work, units))


async def _at_gate(config: Path, work: Callable[[Gate, Actor], Awaitable[T]], units: Sequence[str]) -> T:
    found = cloud_yaml.load(config)
    require_known("unit", units, found.rules.organisation.units)
    found.data.mkdir(parents=True, exist_ok=True)
    async with Database(found.ledger_place) as database:
        opened = gate.on(database, time.time_ns, secrets.token_bytes)
        return await work(opened, Actor(getpass.getuser(), Role.MAINTAINER, "console"))


@click.group()
def user() -> None:
    """Add, list, disable users and set their passwords.

    Example:  egret cloud user add zhao --role maintainer
    """


@user.command()
@click.argument("name")
@role_option
@click.option("--full-name", default="", help="As people write it.")
@district_option
@unit_option
@config_option
@json_option
def add(
    name: str,
    role: str,
    full_name: str,
    districts: tuple[str, ...],
    units: tuple[str, ...],
    config: Path,
    *,
    as_json: bool,
) -> None:
    """Make an account. The password is asked for, or is the first line of stdin.

    Example:  egret cloud user add lin --role operator --district tongan
    """
    asked = NewUser(
        name=name,
        password=_password(),
        role=Role(role),
        full_name=full_name,
        districts=districts,
        units=units,
    )
    _show(at_gate(config, lambda opened, actor: opened.accounts.add(asked, actor), units), "is added", as_json=as_json)


@user.command("list")
@config_option
@json_option
def list_users(config: Path, *, as_json: bool) -> None:
    """Everybody, those who are disabled too.

    Example:  egret cloud user list
    """
    found = at_gate(config, lambda opened, _: opened.accounts.users())
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.name,
            one.role.value,
            reach(one.districts),
            reach(one.units),
            "" if one.is_active else "disabled",
            one.full_name,
        )
        for one in found
    ]
    show_table(("name", "role", "districts", "units", "state", "full name"), rows)


@user.command()
@click.argument("name")
@config_option
def password(name: str, config: Path) -> None:
    """Set a new password: asked for, or the first line of stdin. It logs them out everywhere and ends a lock.

    Example:  egret cloud user password lin
    """
    new = _password()
    at_gate(config, lambda opened, actor: opened.accounts.set_password(name, new, actor))
    click.echo(f"{name} has a new password.", err=True)


@user.command()
@click.argument("name")
@config_option
@json_option
def disable(name: str, config: Path, *, as_json: bool) -> None:
    """Log somebody out and let them in no more. What they did stays under their name.

    Example:  egret cloud user disable lin
    """
    _show(_activate(name, config, is_active=False), "is disabled", as_json=as_json)


@user.command()
@click.argument("name")
@config_option
@json_option
def enable(name: str, config: Path, *, as_json: bool) -> None:
    """Let somebody in again who was disabled.

    Example:  egret cloud user enable lin
    """
    _show(_activate(name, config, is_active=True), "may log in", as_json=as_json)


def _activate(name: str, config: Path, *, is_active: bool) -> User:
    change = UserChange(is_active=is_active)
    return at_gate(config, lambda opened, actor: opened.accounts.change(name, change, actor))


def _password() -> str:
    """Never from the command line, which everybody on the machine can read."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def reach(names: tuple[str, ...]) -> str:
    """As a table shows it."""
    return ", ".join(names) or "all"


def _show(found: User, what: str, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        click.echo(f"{found.name} ({found.role.value}) {what}.", err=True)
