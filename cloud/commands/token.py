"""`egret cloud token`: permissions of programs, made at the machine itself."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from cloud.access.actor import Right, Role
from cloud.access.tokens import NewToken
from cloud.api_client import json_option, moment, show_json, show_table
from cloud.commands.user import at_gate, config_option, district_option, reach, role_option, unit_option
from cloud.tables.tokens import Token
from wire import scalars


class _Duration(click.ParamType[float]):
    """As in the configuration files."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of `90d`."""
        try:
            return scalars.duration_s(str(value))
        except ValueError as error:
            return self.fail(f"write {error}", param, ctx)


@click.group()
def token() -> None:
    """Create, list and revoke tokens of programs.

    Example:  egret cloud token create grafana --role viewer --for 365d
    """


@token.command()
@click.argument("name")
@role_option
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice([right.value for right in Right]), help="No more than this."
)
@district_option
@unit_option
@click.option("--for", "seconds", type=_Duration(), help="How long it opens: 90d. Without it, until it is revoked.")
@config_option
@json_option
def create(
    name: str,
    role: str,
    scopes: tuple[str, ...],
    districts: tuple[str, ...],
    units: tuple[str, ...],
    seconds: float | None,
    config: Path,
    *,
    as_json: bool,
) -> None:
    """Make a token and print its secret on stdout, once. Programs send it as `Authorization: Bearer …`.

    Example:  EGRET_TOKEN=$(egret cloud token create desk --role operator --for 90d) egret case list
    """
    asked = NewToken(
        name=name,
        role=Role(role),
        scopes=tuple(Right(scope) for scope in scopes),
        districts=districts,
        units=units,
        expires_ns=None if seconds is None else time.time_ns() + round(seconds * 1e9),
    )
    issued = at_gate(config, lambda opened, actor: opened.tokens.create(asked, actor), units)
    if as_json:
        show_json({"token": issued.token, "secret": issued.secret})
    else:
        click.echo("Keep it now: nobody can read it again.", err=True)
        click.echo(issued.secret)


@token.command("list")
@config_option
@json_option
def list_tokens(config: Path, *, as_json: bool) -> None:
    """All of them, those that are over too, without their secrets.

    Example:  egret cloud token list
    """
    found: Sequence[Token] = at_gate(config, lambda opened, _: opened.tokens.tokens())
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.name,
            one.role.value,
            ", ".join(one.scopes),
            reach(one.districts),
            reach(one.units),
            _end(one),
            one.created_by,
        )
        for one in found
    ]
    show_table(("name", "role", "scopes", "districts", "units", "ends", "created by"), rows)


@token.command()
@click.argument("name")
@config_option
@json_option
def revoke(name: str, config: Path, *, as_json: bool) -> None:
    """From now on it opens nothing.

    Example:  egret cloud token revoke hotline
    """
    revoked = at_gate(config, lambda opened, actor: opened.tokens.revoke(name, actor))
    if as_json:
        show_json(revoked)
    else:
        click.echo(f"token {revoked.name} is revoked.", err=True)


def _end(one: Token) -> str:
    if one.revoked_ns is not None:
        return f"revoked {moment(one.revoked_ns)}"
    return moment(one.expires_ns) or "never"
