"""`egret alarm`: the alarms of a running cloud."""

import click

from cloud.alarm_state import Alarm
from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option


@click.group()
def alarm() -> None:
    """List alarms.

    Example:  egret alarm list
    """


@alarm.command("list")
@url_option
@json_option
def list_alarms(url: str, *, as_json: bool) -> None:
    """Every alarm that is not normal, the worst first.

    Example:  egret alarm list --json
    """
    found = ApiClient(url).get_all("alarms", Alarm)
    if as_json:
        show_json(found)
        return
    rows = [(one.level.value, one.state.value, moment(one.since_ns), one.id, one.case, one.reason) for one in found]
    show_table(("level", "state", "since", "alarm", "case", "reason"), rows)
