"""`egret grafana`: our dashboards as files, checked, into a Grafana that runs, and copies of them back into files.

The board's address and the language are parameters; secrets come from the environment.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from cloud.api_client import json_option, show_json, show_table
from cloud.grafana import applying, checking, dashboards, exporting, provisioning
from cloud.grafana.api import GrafanaApi
from cloud.grafana.checking import Checked
from cloud.grafana.dashboards import BOARD
from cloud.grafana.provisioning import Influx
from wire.errors import ConfigError, EgretError, Mistake

FOLDER = Path("cloud/dashboards")
SCHEMA = Path("var/grafana/schema.json")
CHECK_FAILED = 5

board_option = click.option(
    "--board", default=BOARD, show_default=True, help="The board's address, as people who look at Grafana reach it."
)
language_option = click.option("--lang", "language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
url_option = click.option("--url", required=True, help="Where Grafana answers, with its sub-path.")
token_option = click.option(
    "--token-env",
    default="EGRET_GRAFANA_TOKEN",
    show_default=True,
    help="The environment variable that holds the token of a service account.",
)
database_option = click.option("--database", default="egret", show_default=True, help="Its database.")
user_option = click.option("--influx-user", "user", default="", help="Its user, if it asks for one.")
password_option = click.option(
    "--influx-password-env", "password_env", default="", help="The environment variable that holds the user's password."
)


class _File(msgspec.Struct, frozen=True):
    """A file that was written, or is as it was."""

    file: str
    is_new: bool


@click.group()
def grafana() -> None:
    """Dashboards for Grafana: as files, checked, applied, brought back. The manual is docs/operate/grafana.md.

    Example:  egret grafana check --influx http://127.0.0.1:8086
    """


@grafana.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True)
@board_option
@language_option
@json_option
def build(out: Path, board: str, language: str, *, as_json: bool) -> None:
    """Write the dashboards and the provisioning files. The same input gives the same bytes.

    Example:  egret grafana build --board https://egret.city.example --out /etc/grafana/egret
    """
    written = [
        _write(out / name, content)
        for name, content in {**dashboards.files(language, _address(board)), **provisioning.files()}.items()
    ]
    _show_files(written, as_json=as_json)


@grafana.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--influx", default="", help="Ask this InfluxDB every query.")
@database_option
@user_option
@password_option
@click.option(
    "--schema",
    type=click.Path(path_type=Path),
    default=SCHEMA,
    show_default=True,
    help="The JSON Schema of scripts/grafana_schema.py.",
)
@click.option("--allow-empty", is_flag=True, help="A query without rows is no mistake: a city without gas, a calm day.")
@json_option
def check(
    files: tuple[Path, ...],
    influx: str,
    database: str,
    user: str,
    password_env: str,
    schema: Path,
    *,
    allow_empty: bool,
    as_json: bool,
) -> int:
    """Check the shipped dashboards, or FILES: their form, and with --influx every query on a real store.

    Exit code 5 when a query fails or has no rows, or a file is not as Grafana writes it.

    Example:  egret grafana check --influx http://127.0.0.1:8086 --database egret
    """
    contents = checking.contents_of(files) if files else dashboards.files("zh", BOARD)
    store = _influx(influx, database, user, password_env) if influx else None
    checked = asyncio.run(checking.check(contents, schema, store, time.time_ns(), allows_empty=allow_empty))
    if as_json:
        show_json(checked)
    else:
        _say(checked)
    return CHECK_FAILED if checked.wrong else 0


@grafana.command()
@url_option
@token_option
@board_option
@language_option
@click.option(
    "--influx", default="", help="The InfluxDB as Grafana reaches it; without it the data source is left alone."
)
@database_option
@user_option
@password_option
@click.option("--influx-token-env", "influx_token_env", default="", help="The token, for InfluxDB 2 and 3.")
@click.option("--hook", default="grafana", show_default=True, help="The name of our hook in cloud.yaml.")
@click.option(
    "--hook-secret-env",
    "hook_secret_env",
    default="",
    help="The environment variable that holds the hook's secret; without it the contact point is left alone.",
)
@click.option("--take-over", "takes_over", is_flag=True, help="Also dashboards of our uids that lie in another folder.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def apply(
    *,
    url: str,
    token_env: str,
    board: str,
    language: str,
    influx: str,
    database: str,
    user: str,
    password_env: str,
    influx_token_env: str,
    hook: str,
    hook_secret_env: str,
    takes_over: bool,
    is_dry: bool,
    as_json: bool,
) -> int:
    """Put folder, data source, dashboards and contact point into a Grafana that runs. Nothing else is touched.

    Exit code 6, and nothing done, where something of our uids is not ours.

    Example:  egret grafana apply --url https://grafana.example --board https://egret.city.example --dry-run
    """
    wanted = applying.Wanted(
        dashboards=dashboards.build(language, _address(board)),
        board=_address(board),
        influx=_influx(influx, database, user, password_env, influx_token_env) if influx else None,
        hook=hook,
        secret=_secret(hook_secret_env, "--hook-secret-env") if hook_secret_env else None,
        message="egret grafana apply",
        takes_over=takes_over,
    )
    with _api(url, token_env) as api:
        plan = applying.plan(api, wanted)
        steps = [step for step, _ in plan.steps]
        if as_json:
            show_json(steps)
        else:
            show_table(("what", "uid", "action", "why"), [(one.what, one.uid, one.action, one.why) for one in steps])
        if is_dry:
            click.echo("nothing was done: --dry-run.", err=True)
            return applying.NotOurs.exit_code if plan.refusals else 0
        applying.carry_out(plan)
    return 0


@grafana.command()
@click.argument("uids", metavar="UID...", nargs=-1, required=True)
@url_option
@token_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default=True)
@json_option
def export(uids: tuple[str, ...], url: str, token_env: str, out: Path, *, as_json: bool) -> None:
    """Bring dashboards, such as a copy that somebody saved, back into files. The UID is in the address: /d/UID/….

    Example:  egret grafana export adqk2fx --url https://grafana.example --out dashboards
    """
    with _api(url, token_env) as api:
        contents = {f"{uid}.json": exporting.exported(api, uid) for uid in uids}
    _show_files([_write(out / name, content) for name, content in contents.items()], as_json=as_json)


def _say(checked: Checked) -> None:
    for one in checked.found:
        for mistake in one.mistakes:
            click.echo(mistake, err=True)
    empty = sum(one.is_empty for one in checked.found)
    click.echo(
        f"{checked.dashboards} dashboards, {checked.queries} queries, {empty} without rows, {checked.wrong} wrong."
    )
    if checked.left_out:
        click.echo(f"{checked.left_out}.", err=True)


def _influx(url: str, database: str, user: str, password_env: str, token_env: str = "") -> Influx:
    password = _secret(password_env, "--influx-password-env") if password_env else ""
    token = _secret(token_env, "--influx-token-env") if token_env else ""
    return Influx(url.rstrip("/"), database, user, password, token)


def _api(url: str, token_env: str) -> GrafanaApi:
    return GrafanaApi(_address(url), _secret(token_env, "--token-env"))


def _secret(variable: str, option: str) -> str:
    """Of the environment, so that it stands in no list of processes. Raises EgretError."""
    found = os.environ.get(variable, "").strip()
    if not found:
        what = f"the environment variable {variable} is not set."
        raise EgretError(what, where=option, fix="set it where `egret` is started.", code="E-GRAF-030")
    return found


def _address(url: str) -> str:
    """Without a slash at its end. Raises ConfigError for what a browser would not open."""
    if not url.startswith(("http://", "https://")) or any(sign.isspace() for sign in url):
        fix = "write it as https://egret.city.example"
        raise ConfigError([Mistake("--board or --url", f"{url!r} is no address.", fix, "E-GRAF-031")])
    return url.rstrip("/")


def _write(path: Path, content: bytes) -> _File:
    """Only what differs, so that nobody who watches the files is woken. Raises EgretError."""
    try:
        is_new = not path.exists() or path.read_bytes() != content
        if is_new:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        what = f"cannot be written: {error.strerror}."
        raise EgretError(what, where=str(path), fix="check the folder's mode.", code="E-GRAF-032") from error
    return _File(str(path), is_new)


def _show_files(files: Sequence[_File], *, as_json: bool) -> None:
    if as_json:
        show_json(files)
        return
    for one in files:
        click.echo(f"{'wrote    ' if one.is_new else 'unchanged'}  {one.file}")
