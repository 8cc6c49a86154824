"""`egret cloud status`: how a running cloud is doing, in a few lines."""

from collections import Counter
from collections.abc import Iterable, Sequence

import click
import msgspec

from cloud.admission import Overrun
from cloud.alarming.alarm_state import Alarm
from cloud.api_client import ApiClient, json_option, moment, show_json, url_option
from cloud.cases.case_flow import Case
from cloud.certificate_watch import CertificateEnd, said
from cloud.lease_watch import LOST_S, LeaseSeen
from cloud.poison import Summary
from cloud.share import Part
from wire.alarm import Level
from wire.clock import ClockState

_STORE_AWAY = 3


class _Health(msgspec.Struct, frozen=True):
    """As GET /health."""

    time_ns: int
    store: str
    newest_ns: int


class BoxSeen(msgspec.Struct, frozen=True):
    """Of GET /state."""

    box: str
    online: bool
    time_ns: int
    waiting: int
    clock_off_s: int = 0
    clock: ClockState | None = None


class _State(msgspec.Struct, frozen=True):
    """As GET /state, without the values."""

    alarms: Sequence[Alarm]
    cases: Sequence[Case]
    boxes: Sequence[BoxSeen]


class _Target(msgspec.Struct, frozen=True):
    """As GET /outbox."""

    target: str
    is_known: bool
    waiting: int
    failing_ns: int | None
    dead: int
    error: str


class _Noticed(msgspec.Struct, frozen=True):
    """As GET /lookout."""

    overruns: Sequence[Overrun]
    certificates: Sequence[CertificateEnd]
    leases: Sequence[LeaseSeen] = ()


class _Status(msgspec.Struct, frozen=True):
    """What `--json` prints.

    `quarantine` is the number of messages set aside, `targets` those that are told,
    `noticed` what a maintainer should see.
    """

    health: _Health
    boxes: Sequence[BoxSeen]
    alarms: dict[Level, int]
    open_cases: dict[Level, int]
    quarantine: int
    targets: Sequence[_Target]
    noticed: _Noticed


@click.command()
@url_option
@json_option
def status(url: str, *, as_json: bool) -> int:
    """Store, newest reading, alarms, cases, boxes, shares, quarantine, notices. Exit code 3: the store does not answer.

    Example:  egret cloud status
    """
    client = ApiClient(url)
    health, state = client.get("health", _Health), client.get("state", _State)
    seen = _Status(
        health=health,
        boxes=state.boxes,
        alarms=_by_level(alarm.level for alarm in state.alarms),
        open_cases=_by_level(case.level for case in state.cases),
        quarantine=len(client.get_all("quarantine", Summary)),
        targets=client.get_all("outbox", _Target),
        noticed=client.get("lookout", _Noticed),
    )
    if as_json:
        show_json(seen)
    else:
        _print(seen)
    return _STORE_AWAY if health.store else 0


def _by_level(levels: Iterable[Level]) -> dict[Level, int]:
    """The worst first, without those there are none of."""
    counts = Counter(levels)
    return {level: counts[level] for level in Level if counts[level]}


def _print(seen: _Status) -> None:
    online = [box for box in seen.boxes if box.online]
    waiting = sum(box.waiting for box in seen.boxes)
    click.echo(f"store       {seen.health.store or 'answers'}")
    click.echo(f"readings    newest {moment(seen.health.newest_ns or None) or 'none yet'}")
    click.echo(f"alarms      {_counted(seen.alarms)}")
    click.echo(f"open cases  {_counted(seen.open_cases)}")
    click.echo(f"boxes       {len(online)} of {len(seen.boxes)} online, {waiting:,} readings and events wait in them")
    for box in seen.boxes:
        if not box.online:
            click.echo(f"            {box.box} is offline since {moment(box.time_ns)}")
        elif wrong := clock_trouble(box):
            click.echo(f"            the clock of {box.box} {wrong}")
    for number, row in enumerate(lease_rows(seen.noticed.leases)):
        click.echo(f"{'shares' if not number else '':<12}{row}")
    click.echo(f"quarantine  {seen.quarantine:,} messages")
    for end in seen.noticed.certificates:
        click.echo(f"certificate {said(end, seen.health.time_ns)}")
    for overrun in seen.noticed.overruns:
        click.echo(f"            {_overrun(overrun)}")
    click.echo(f"notices     {sum(state.waiting for state in seen.targets):,} wait, {_dead(seen):,} dead letters")
    for state in seen.targets:
        if state.error or not state.is_known:
            click.echo(f"            {_trouble(state)}")


def lease_rows(leases: Sequence[LeaseSeen]) -> Sequence[str]:
    """Who does what, a line for each process; then what nobody does, and whose process has fallen silent."""
    done: dict[str, list[str]] = {}
    trouble = []
    for lease in leases:
        name = lease.lane if lease.lane == Part.NOTIFY else f"{lease.lane} {lease.share}"
        if not lease.holder:
            trouble.append(f"{name} is done by nobody")
        elif lease.still_s >= LOST_S:
            trouble.append(f"{name} of {lease.holder} has been silent for {lease.still_s:.0f} s")
        else:
            done.setdefault(lease.holder, []).append(name)
    return [*(f"{', '.join(names)} by {holder}" for holder, names in done.items()), *trouble]


def _overrun(overrun: Overrun) -> str:
    """Who sends more than a box may."""
    who = f"box {overrun.box}" if overrun.box else "boxes that sensors.yaml does not know"
    what = f"{overrun.messages:,} messages were let go, the last {moment(overrun.last_ns)}"
    return f"{who} sent more for {overrun.what} than the allowance: {what}"


def clock_trouble(box: BoxSeen) -> str:
    """What is wrong with its clock; empty when nothing is."""
    if box.clock is ClockState.UNSET:
        return "is not set: its readings wait in it"
    off = f"is off by {box.clock_off_s:+,} s" if box.clock_off_s else ""
    unsure = "is kept by no time server" if box.clock is ClockState.UNSURE else ""
    return " and ".join(filter(None, (off, unsure)))


def _dead(seen: _Status) -> int:
    return sum(state.dead for state in seen.targets)


def _trouble(state: _Target) -> str:
    """One target that does not take everything, or that nobody sends to any more."""
    if not state.is_known:
        return f"{state.target} is not in cloud.yaml: {state.waiting:,} wait, {state.dead:,} dead letters"
    since = f"takes nothing of {moment(state.failing_ns)} and later" if state.failing_ns else "has dead letters"
    return f"{state.target} {since}: {state.waiting:,} wait, {state.dead:,} dead letters: {state.error}"


def _counted(levels: dict[Level, int]) -> str:
    return ", ".join(f"{count} {level.value}" for level, count in levels.items()) or "none"
