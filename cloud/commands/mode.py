"""`egret mode`: in which mode the city is (平战结合), and switching it."""

import click

from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.city.mode import Mode, ModeName


@click.group()
def mode() -> None:
    """Show and switch the mode of a district or the whole city.

    Example:  egret mode show
    """


@mode.command()
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@url_option
@json_option
def show(url: str, *, everything: bool, as_json: bool) -> None:
    """The modes that stand. Where none stands the mode is normal.

    Example:  egret mode show --all
    """
    found = ApiClient(url).get_all("modes", Mode, standing="false" if everything else "true")
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.district or "city",
            _name(one),
            one.level.value,
            moment(one.since_ns),
            moment(one.ended_ns or one.until_ns),
            one.actor,
            one.task,
            one.reason,
        )
        for one in found
    ]
    show_table(("where", "mode", "level", "since", "until", "actor", "task", "reason"), rows)
    if not found:
        click.echo("normal everywhere.")


@mode.command("set")
@click.argument("name", metavar="MODE", type=click.Choice([name.value for name in ModeName]))
@click.option("--district", default="", help="Only there; by default the whole city.")
@click.option("--level", type=click.Choice(["red", "orange", "yellow", "blue"]), default="blue", show_default=True)
@click.option("--reason", required=True, help="The warning or the drill.")
@click.option("--hours", type=click.FloatRange(0, 168, min_open=True), default=24.0, show_default=True, help="Its end.")
@click.option("--drill", is_flag=True, help="An exercise: marked as such everywhere.")
@url_option
@json_option
def set_mode(
    name: str, district: str, level: str, reason: str, hours: float, url: str, *, drill: bool, as_json: bool
) -> None:
    """Switch the mode: watch, typhoon or rain, or back to normal.

    Example:  egret mode set typhoon --district tongan --level orange --reason "typhoon warning 2026-14"
    """
    said = {"mode": name, "district": district, "level": level, "reason": reason, "hours": hours, "is_drill": drill}
    switched = ApiClient(url).post("modes", said, Mode)
    if as_json:
        show_json(switched)
        return
    where = switched.district or "the city"
    task = f" Special task {switched.task} is open." if switched.task else ""
    until = "" if switched.ended_ns else f" until {moment(switched.until_ns)}"
    click.echo(f"{where} is in mode {_name(switched)}{until}.{task}")


def _name(mode: Mode) -> str:
    return mode.mode + (" (drill)" if mode.is_drill else "")
