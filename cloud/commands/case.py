"""`egret case`: the cases of a running cloud."""

import getpass
from urllib.parse import quote

import click

from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.case_flow import Case, CaseFile


@click.group()
def case() -> None:
    """List, show and close cases.

    Example:  egret case list --open
    """


@case.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only those that nobody has closed.")
@url_option
@json_option
def list_cases(url: str, *, open_only: bool, as_json: bool) -> None:
    """Every case, the newest first.

    Example:  egret case list --open --json
    """
    found = ApiClient(url).get_all("cases", Case, open="true" if open_only else "false")
    if as_json:
        show_json(found)
        return
    rows = [
        (one.number, one.level.value, one.stage.value, moment(one.opened_ns), one.site, one.title_en) for one in found
    ]
    show_table(("number", "level", "stage", "opened", "site", "title"), rows)


@case.command()
@click.argument("number")
@url_option
@json_option
def show(number: str, url: str, *, as_json: bool) -> None:
    """One case with its whole log.

    Example:  egret case show 20261124-00001
    """
    found = ApiClient(url).get(f"cases/{quote(number, safe='')}", CaseFile)
    if as_json:
        show_json(found)
        return
    place = "unknown" if found.longitude is None else f"{found.latitude}, {found.longitude} (WGS-84)"
    facts = [
        ("number", found.number),
        ("title", found.title),
        ("", found.title_en),
        ("level", found.level.value),
        ("stage", found.stage.value),
        ("code", found.code),
        ("site", found.site),
        ("place", place),
        ("alarm", found.alarm),
        ("opened", moment(found.opened_ns)),
        ("closed", moment(found.closed_ns)),
        ("evidence", f"{len(found.evidence)} readings (--json shows them)"),
    ]
    for name, value in facts:
        click.echo(f"{name:<9} {value}".rstrip())
    click.echo()
    show_table(
        ("time", "actor", "stage", "note"),
        [(moment(line.time_ns), line.actor, line.stage.value, line.note) for line in found.log],
    )


@case.command()
@click.argument("number")
@click.option("--note", required=True, help="What was found and done.")
@click.option("--actor", default=getpass.getuser, show_default="you", help="Who closes it.")
@url_option
@json_option
def close(number: str, note: str, actor: str, url: str, *, as_json: bool) -> None:
    """Close a case. Its alarm stays as it is: only the sensor can say that the danger is over.

    Example:  egret case close 20261124-00001 --note "column re-anchored, photo filed"
    """
    closed = ApiClient(url).post(f"cases/{quote(number, safe='')}/close", {"actor": actor, "note": note}, Case)
    if as_json:
        show_json(closed)
    else:
        click.echo(f"case {closed.number} is closed.")
