"""`egret case`: the cases of a running cloud, and what people do to them."""

from collections.abc import Mapping
from urllib.parse import quote

import click
import msgspec

from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.cases.case_act import word
from cloud.cases.case_acts import ACTS
from cloud.cases.case_answer import CaseAnswer, CaseFileAnswer
from cloud.cases.case_flow import CaseKind, Stage
from wire.errors import EgretError

NEXT: Mapping[Stage, str] = {
    Stage.REPORTED: "file",
    Stage.DISPATCHED: "accept",
    Stage.HANDLING: "feed_back",
    Stage.FED_BACK: "verify",
}
"""The act that takes a case one stage further; `assign` and `close` are verbs of their own."""


@click.group()
def case() -> None:
    """List, show and work on cases.

    Example:  egret case list --open
    """


@case.command("list")
@click.option("--open", "is_open", is_flag=True, help="Only those that nobody has closed.")
@click.option("--overdue", is_flag=True, help="Only open ones whose deadline has passed.")
@click.option("--stage", type=click.Choice([stage.value for stage in Stage]), help="Only in this stage.")
@click.option("--level", type=click.Choice(["red", "orange", "yellow", "blue"]), help="Only of this level.")
@click.option("--district", help="Only of this district.")
@click.option("--unit", help="Only of this responsible unit.")
@click.option("--site", help="Only of this site.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many.")
@url_option
@json_option
def list_cases(url: str, *, is_open: bool, overdue: bool, limit: int, as_json: bool, **words: str | None) -> None:
    """Cases, the newest first.

    Example:  egret case list --open --unit tongan-ads
    """
    query = {word: value for word, value in words.items() if value}
    query |= {"open": "true"} if is_open else {}
    query |= {"overdue": "true"} if overdue else {}
    found = ApiClient(url).get_all("cases", CaseAnswer, most=limit, limit=str(min(limit, 1_000)), **query)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.number, _level(one), one.stage.value, left(one), one.unit, moment(one.opened_ns), one.title_en)
        for one in found
    ]
    show_table(("number", "level", "stage", "left", "unit", "opened", "title"), rows)
    if not rows:
        click.echo("no cases.", err=True)


@case.command()
@click.argument("number")
@url_option
@json_option
def show(number: str, url: str, *, as_json: bool) -> None:
    """One case with its whole log, and what can be done to it now.

    Example:  egret case show 20261124-00001
    """
    found = ApiClient(url).get(_address(number), CaseFileAnswer)
    if as_json:
        show_json(found)
        return
    for name, value in _facts(found):
        click.echo(f"{name:<9} {value}".rstrip())
    if found.members > 1:
        click.echo()
        rows = [(part.member, part.level.value, moment(part.joined_ns), moment(part.done_ns)) for part in found.parts]
        show_table(("member", "level", "joined", "done"), rows)
    click.echo()
    log = [(moment(line.time_ns), line.actor, line.act, line.stage.value, line.note) for line in found.log]
    show_table(("time", "actor", "act", "stage", "note"), log)


@case.command()
@click.argument("number")
@click.option("--unit", required=True, help="The responsible unit.")
@click.option("--person", default="", help="Its person; by default whoever is on duty.")
@click.option("--note", default="", help="What they should know.")
@url_option
@json_option
def assign(number: str, unit: str, person: str, note: str, url: str, *, as_json: bool) -> None:
    """Dispatch a case to a unit, or from one to another.

    Example:  egret case assign 20261124-00001 --unit tongan-ads
    """
    _act(url, number, {"act": "dispatch", "unit": unit, "person": person, "note": note}, as_json=as_json)


@case.command()
@click.argument("number")
@click.argument("act", required=False, type=click.Choice([word(act) for act in ACTS]), metavar="[ACT]")
@click.option("--note", default="", help="What is to be known of it.")
@click.option("--set", "more", multiple=True, metavar="KEY=VALUE", help="What else the act says, such as into=NUMBER.")
@url_option
@json_option
def advance(number: str, act: str | None, note: str, more: tuple[str, ...], url: str, *, as_json: bool) -> None:
    """Take a case one stage further, or do ACT to it: `egret case show` names the acts.

    Example:  egret case advance 20261124-00001 suspend --note "waits for the power company"
    """
    seen = None
    if act is None:
        found = ApiClient(url).get(_address(number), CaseFileAnswer)
        act, seen = _next(found), found.version
    said = {"act": act, "note": note} | dict(_said(word) for word in more)
    _act(url, number, said, seen=seen, as_json=as_json)


@case.command()
@click.argument("number")
@click.option("--note", required=True, help="What was found and done.")
@click.option(
    "--finding",
    type=click.Choice(["handled", "false_alarm", "nothing_found"]),
    default="handled",
    show_default=True,
    help="What it was.",
)
@click.option("--without-sensor", default="", help="Why, although its sensors do not confirm that all is well.")
@url_option
@json_option
def close(number: str, note: str, finding: str, without_sensor: str, url: str, *, as_json: bool) -> None:
    """Close a case. Its alarm stays as it is: only the sensor can say that the danger is over.

    Example:  egret case close 20261124-00001 --note "column re-anchored, photo filed"
    """
    said = {"act": "close", "note": note, "finding": finding, "without_sensor": without_sensor}
    _act(url, number, said, as_json=as_json)


def left(case: CaseAnswer) -> str:
    """What is left of its time, as people say it: `3 h 20 min`, `late 2 d`; `7 h 30 min of work` ends another day."""
    if case.remaining_s is None:
        return ""
    seconds = abs(round(case.remaining_s))
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), 3)
    text = " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"
    kind = " of work" if case.is_working_time else ""
    return f"late {text}{kind}" if case.is_overdue or case.remaining_s < 0 else f"{text}{kind}"


def _level(case: CaseAnswer) -> str:
    return case.level.value + (" (drill)" if case.is_drill else "")


def _facts(case: CaseFileAnswer) -> list[tuple[str, str]]:
    progress = f"{case.done} of {case.members} sites" if case.kind is CaseKind.SPECIAL_TASK else ""
    place = "unknown" if case.longitude is None else f"{case.latitude}, {case.longitude} (WGS-84)"
    return [
        ("number", case.number),
        ("title", case.title),
        ("", case.title_en),
        ("level", _level(case)),
        ("stage", case.stage.value + (", suspended" if case.suspended_ns is not None else "")),
        ("outcome", case.outcome.value),
        *([("progress", progress)] if progress else []),
        ("code", f"{case.code_class} {case.code}".strip()),
        ("site", case.site),
        ("place", place),
        ("alarm", case.alarm),
        ("unit", f"{case.unit_name} {case.person_name}".strip()),
        ("opened", moment(case.opened_ns)),
        ("due", f"{moment(case.due_ns)}  {left(case)}".strip()),
        ("closed", moment(case.closed_ns)),
        ("related", case.related),
        ("elsewhere", "; ".join(f"{ref.system} {ref.number} {ref.state} {ref.conflict}".strip() for ref in case.refs)),
        ("evidence", f"{len(case.evidence)} readings, {len(case.photos)} photos (--json shows them)"),
        ("acts", ", ".join(case.can)),
    ]


def _next(case: CaseFileAnswer) -> str:
    if case.stage in NEXT and NEXT[case.stage] in case.can:
        return NEXT[case.stage]
    verbs = {Stage.FILED: ("assign", "--unit UNIT"), Stage.VERIFICATION: ("close", '--note "…"')}
    verb, option = verbs.get(case.stage, ("", ""))
    raise EgretError(
        f"case {case.number} is {case.stage}: no single act takes it further.",
        fix=f"`egret case {verb} {case.number} {option}`."
        if verb
        else f"what can be done: {', '.join(case.can) or 'nothing'}.",
        code="E-CASE-020",
    )


def _said(word: str) -> tuple[str, object]:
    """`into=20261124-00002`, `seconds=3600`, `members=["a/lean"]`."""
    key, sign, value = word.partition("=")
    if not sign:
        raise click.BadParameter(f"{word!r} is no KEY=VALUE.", param_hint="--set")
    try:
        return key, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return key, value


def _act(url: str, number: str, said: Mapping[str, object], *, seen: int | None = None, as_json: bool) -> None:
    done = ApiClient(url).post(f"{_address(number)}/acts", said, CaseAnswer, seen=seen)
    if as_json:
        show_json(done)
    else:
        to = f", {done.unit_name} {done.person_name}".rstrip() if done.unit else ""
        click.echo(f"case {done.number} is {done.stage}{to}.")


def _address(number: str) -> str:
    return f"cases/{quote(number, safe='')}"
