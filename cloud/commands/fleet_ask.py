"""`egret fleet logs`, `doctor` and `samples`: asked of a box through the cloud, answered by the box."""

import time
from collections.abc import Callable
from typing import Any

import click

from cloud.api_client import ApiClient, json_option, moment, show_json, url_option
from cloud.fleet.askbook import WAIT_LEAST_S, WAIT_MOST_S, Ask, Question, Standing
from cloud.reporting.report_text import TEXT_MAX, line
from wire.command import LINES, LINES_MAX, SAMPLES_MOST_S, SINCE_MOST_S, LogLine, Reply
from wire.errors import CheckFailed, EgretError, Unreachable
from wire.finding import Finding, State, page, worst
from wire.options import Duration

_POLL_S = 0.5


def _wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    waits = Duration(WAIT_LEAST_S, WAIT_MOST_S)
    text = "So long the box may take, also to come back."
    return click.option("--wait", "wait_s", type=waits, default="60s", show_default=True, help=text)(command)


@click.command()
@click.argument("box")
@click.option("--lines", type=click.IntRange(1, LINES_MAX), default=LINES, show_default=True, help="The last so many.")
@click.option("--since", "since_s", type=Duration(1.0, SINCE_MOST_S), help="None older than that, such as 2h.")
@_wait_option
@url_option
@json_option
def logs(box: str, lines: int, since_s: float | None, wait_s: float, url: str, *, as_json: bool) -> None:
    """The last lines of a box's own log, from its disk, through its restarts. Exit code 3 when it does not answer.

    Example:  egret fleet logs XM-TA-01 --since 2h
    """
    question = Question(verb="logs", lines=lines, since_s=since_s or 0.0, wait_s=wait_s)
    reply = _answer(ApiClient(url), box, question)
    if reply.is_cut:
        click.echo(f"{box}: older lines have no room in a message: ask for fewer, or with --since.", err=True)
    if as_json:
        show_json(reply.log)
        return
    for one in reply.log:
        click.echo(_log_line(one))


@click.command()
@click.argument("box")
@_wait_option
@url_option
@json_option
@click.pass_context
def doctor(context: click.Context, box: str, wait_s: float, url: str, *, as_json: bool) -> None:
    """A box's page of health: disk, clock, keys, lines, spool. Exit code 5 when something has failed, 3 without answer.

    Example:  egret fleet doctor XM-TA-01
    """
    reply = _answer(ApiClient(url), box, Question(verb="doctor", wait_s=wait_s))
    findings = [
        Finding(one.state, *(line(text, TEXT_MAX) for text in (one.subject, one.what, one.fix)))
        for one in reply.findings
    ]
    if as_json:
        show_json({"schema": "egret.doctor/1", "box": box, "state": worst(findings), "findings": findings})
    else:
        click.echo("\n".join(page(findings)))
    if worst(findings) is State.FAILED:
        context.exit(CheckFailed.exit_code)


@click.command()
@click.argument("box")
@click.option(
    "--since",
    "since_s",
    type=Duration(1.0, SAMPLES_MOST_S),
    default="10min",
    show_default=True,
    help="How far back, up to 1h.",
)
@_wait_option
@url_option
@json_option
def samples(box: str, since_s: float, wait_s: float, url: str, *, as_json: bool) -> None:
    """Have a box send what its report policies have held back: every sample. They follow among its readings.

    Example:  egret fleet samples XM-TA-01 --since 30min
    """
    reply = _answer(ApiClient(url), box, Question(verb="samples", since_s=since_s, wait_s=wait_s))
    if as_json:
        show_json({"schema": "egret.samples/1", "box": box, "held_bytes": reply.held_bytes})
    elif reply.held_bytes:
        click.echo(f"{box}: it holds {reply.held_bytes / 1024:.1f} KiB of that time; what was not sent before follows.")
    else:
        click.echo(f"{box}: it holds nothing back of that time.")


def _answer(client: ApiClient, box: str, question: Question) -> Reply:
    """What the box says. Raises Unreachable when it has not in time, and EgretError with its own refusal."""
    ask = client.post(f"fleet/{box}/asks", question, Ask)
    if not ask.is_online:
        click.echo(f"{_where(ask)}; it is waited for until {moment(ask.expires_ns)}.", err=True)
    ask = _waited_for(client, ask, question.wait_s + 2 * _POLL_S)
    if ask.reply is None:
        what = f"it has not answered within {question.wait_s:g} s: {_where(ask)}."
        fix = "see its link and its power, or give it longer (--wait); its log is on its disk all the same."
        raise Unreachable(what, where=f"box {box}", fix=fix, code="E-CMD-010")
    if error := ask.reply.error:
        what, where, fix = (line(text, TEXT_MAX) for text in (error.what, error.where, error.fix))
        raise EgretError(what, where=where, fix=fix, code=line(error.code))
    return ask.reply


def _waited_for(client: ApiClient, ask: Ask, wait_s: float) -> Ask:
    """How it stands then. A cloud that is away meanwhile goes on with it when it is back; else raises Unreachable."""
    until, gone = time.monotonic() + wait_s, None
    while ask.standing is Standing.WAITS and time.monotonic() < until:
        time.sleep(_POLL_S)
        try:
            ask, gone = client.get(f"fleet/{ask.box}/asks/{ask.id}", Ask), None
        except Unreachable as error:
            gone = error
    if gone:
        raise gone
    return ask


def _where(ask: Ask) -> str:
    if not ask.seen_ns:
        return f"{ask.box} has never been heard of"
    if ask.is_online:
        return f"{ask.box} is online, its last word was at {moment(ask.seen_ns)}"
    return f"{ask.box} is offline since {moment(ask.seen_ns)}"


def _log_line(one: LogLine) -> str:
    """As the box wrote it, with nothing that moves a cursor; a traceback stays below its line."""
    head = f"{moment(one.time_ns)} {line(one.level):<7} {line(one.logger)}"
    return "\n    ".join(line(text, TEXT_MAX) for text in f"{head} {one.text}".splitlines())
