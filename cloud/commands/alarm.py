"""`egret alarm`: the alarms of a running cloud, and what people do to them."""

import click

from cloud.alarming.alarm_answer import AlarmAnswer, AlarmDone
from cloud.alarming.alarm_state import SHELVED_MOST_NS, Alarm, AlarmState
from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.commands.alarm_why import why
from wire import scalars

LISTED = [state.value for state in AlarmState if state is not AlarmState.NORMAL]


class ShelfTime(click.ParamType[float]):
    """`30min`, `2h`: seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As configuration files write it."""
        try:
            seconds = scalars.duration_s(str(value))
        except ValueError as error:
            self.fail(f"write {error}", param, ctx)
        if not 0 < seconds <= SHELVED_MOST_NS / 1e9:
            self.fail("an alarm is shelved for at most 24h; who is still sure then shelves it again", param, ctx)
        return seconds


@click.group()
def alarm() -> None:
    """List, explain, acknowledge, shelve and test alarms.

    Example:  egret alarm list
    """


@alarm.command("list")
@click.option("--state", type=click.Choice(LISTED), help="Only in this state.")
@click.option("--level", type=click.Choice(["red", "orange", "yellow", "blue"]), help="Only of this level.")
@click.option("--district", help="Only of this district.")
@url_option
@json_option
def list_alarms(url: str, *, as_json: bool, **words: str | None) -> None:
    """Every alarm that is not normal, the worst first.

    Example:  egret alarm list --json
    """
    asked = {word: say for word, say in words.items() if say}
    found = ApiClient(url).get_all("alarms", AlarmAnswer, most=100_000, **asked)
    if as_json:
        show_json(found)
        return
    rows = [(one.level.value, one.state.value, moment(one.since_ns), one.id, one.case, _why(one)) for one in found]
    show_table(("level", "state", "since", "alarm", "case", "reason"), rows)
    if not rows:
        click.echo("no alarms.", err=True)


@alarm.command()
@click.argument("alarms", nargs=-1, required=True)
@click.option("--note", default="", help="What is known of it.")
@url_option
@json_option
def ack(alarms: tuple[str, ...], note: str, url: str, *, as_json: bool) -> None:
    """Acknowledge alarms: somebody has seen them. That closes no case.

    Example:  egret alarm ack XM-TA-0117-T1/lean --note "crew is on its way"
    """
    _act(url, alarms, {"act": "acknowledge", "note": note}, as_json=as_json)


@alarm.command()
@click.argument("alarms", nargs=-1, required=True)
@click.option("--for", "seconds", type=ShelfTime(), required=True, help="How long, at most 24h, such as 2h.")
@click.option("--reason", required=True, help="Why, for those who come after you.")
@url_option
@json_option
def shelve(alarms: tuple[str, ...], seconds: float, reason: str, url: str, *, as_json: bool) -> None:
    """Take alarms off the list for a while; one that gets worse comes back by itself.

    Example:  egret alarm shelve XM-TA-0117-T1/lean --for 2h --reason "crane at work"
    """
    _act(url, alarms, {"act": "shelve", "seconds": seconds, "note": reason}, as_json=as_json)


@alarm.command()
@click.argument("alarms", nargs=-1, required=True)
@click.option("--note", default="", help="Why now.")
@url_option
@json_option
def unshelve(alarms: tuple[str, ...], note: str, url: str, *, as_json: bool) -> None:
    """Put shelved alarms back on the list.

    Example:  egret alarm unshelve XM-TA-0117-T1/lean
    """
    _act(url, alarms, {"act": "unshelve", "note": note}, as_json=as_json)


@alarm.command()
@click.argument("sensor")
@click.option("--level", type=click.Choice(["red", "orange", "yellow", "blue"]), default="blue", show_default=True)
@url_option
@json_option
def test(sensor: str, level: str, url: str, *, as_json: bool) -> None:
    """Raise a test alarm: seen and told as a real one, and never a case.

    Example:  egret alarm test XM-TA-0117-T1 --level red
    """
    raised = ApiClient(url).post("alarms/test", {"sensor": sensor, "level": level}, Alarm)
    if as_json:
        show_json(raised)
    else:
        click.echo(f"{raised.id} is {raised.state}; `egret alarm ack {raised.id}` ends it.")


alarm.add_command(why)


def _why(alarm: AlarmAnswer) -> str:
    """The box's reason, first-out if it was, or who holds the alarm, until when, and why."""
    if not alarm.is_held:
        return f"first-out: {alarm.reason}" if alarm.is_first_out else alarm.reason
    until = f" until {moment(alarm.shelved_until_ns)}" if alarm.shelved_until_ns else ""
    return f"{alarm.acted_by}{until}: {alarm.note}"


def _act(url: str, alarms: tuple[str, ...], act: dict[str, object], *, as_json: bool) -> None:
    """Do it to all of them; what could not be done is said, each with its reason, and is the command's failure."""
    done = ApiClient(url).post("alarms/acts", {"alarms": alarms, "act": act}, list[AlarmDone])
    if as_json:
        show_json(done)
    for one in done:
        if one.problem:
            click.echo(one.problem, err=True)
        elif one.alarm and not as_json:
            click.echo(f"{one.id} is {one.alarm.state}.")
    if any(one.problem for one in done):
        raise click.exceptions.Exit(1)
