"""`egret edge spool`: what waits in a box's spool, message by message, and what had to go; beside the running agent."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import click
import msgspec

from edge import spool_export
from edge.spool_view import peek, readings, waiting
from wire.gap import Gap

_RFC3339 = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]


@click.group(invoke_without_command=True)
@click.option("--data", type=click.Path(path_type=Path), default=Path("/var/lib/egret"), show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, oldest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def spool(context: click.Context, data: Path, limit: int, *, as_json: bool) -> None:
    """List the gaps, then the alarm events and the batches that have no receipt yet.

    A gap is readings that had to go, for the spool was at its limits; the newest hundred are known here.

    Example:  egret edge spool --data /var/lib/egret --limit 5

    Example:  egret edge spool --data /var/lib/egret export night.csv.gz
    """
    context.obj = data
    if context.invoked_subcommand is None:
        _list(data, limit, as_json=as_json)


@spool.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "start", type=click.DateTime(_RFC3339), help="Sampled then or later (UTC).")
@click.option("--until", "end", type=click.DateTime(_RFC3339), help="Sampled before then (UTC).")
@click.pass_obj
def export(data: Path, file: Path, start: datetime | None, end: datetime | None) -> None:
    """Write every sample that is on the box to a file, also what report policies hold back; beside the running agent.

    The file is a recording (CSV, packed when its name ends in .gz): `egret edge replay` plays it. Statistics are left
    out, for the samples they are made of are here, or were sent.

    Example:  egret edge spool --data /var/lib/egret export night.csv.gz --from 2026-11-26T18:00:00
    """
    first_ns, end_ns = (None if at is None else round(at.replace(tzinfo=UTC).timestamp() * 1e9) for at in (start, end))
    chosen = (
        one
        for one in readings(data)
        if (first_ns is None or one.time_ns >= first_ns) and (end_ns is None or one.time_ns < end_ns)
    )
    click.echo(f"{spool_export.write(file, chosen)} readings in {file}", err=True)


def _list(data: Path, limit: int, *, as_json: bool) -> None:
    events, batches = waiting(data, limit)
    for gap in peek(data).gaps[-limit:]:
        print(json.dumps({"lane": "gap", **msgspec.to_builtins(_Gap.of(gap))}) if as_json else _said(gap))
    for event in events:
        row = {
            "lane": "alarms",
            "sequence": event.sequence,
            "time_ns": event.time_ns,
            "alarm": event.alarm,
            "change": event.change.value,
            "level": event.level.value,
        }
        said = (
            f"{event.sequence:>9}  {said_time(event.time_ns)}  {event.alarm} {event.change.value} {event.level.value}"
        )
        print(json.dumps(row) if as_json else said)
    for batch in batches:
        first, last, series = batch.first_sequence, batch.last_sequence, len(batch.series)
        first_ns = min(column.times_ns[0] for column in batch.series)
        row = {"lane": "readings", "first": first, "last": last, "time_ns": first_ns, "series": series}
        print(json.dumps(row) if as_json else f"{first:>9}  {said_time(first_ns)}  … {last} in {series} series")


class _Gap(msgspec.Struct, frozen=True):
    """A gap with the names of its members."""

    first: int
    last: int
    first_ns: int
    last_ns: int
    reason: str
    sensors: dict[str, int]

    @classmethod
    def of(cls, gap: Gap) -> Self:
        """The same."""
        return cls(*msgspec.structs.astuple(gap))


def _said(gap: Gap) -> str:
    span = f"{gap.first_sequence:>9}  {said_time(gap.first_ns)}  … {gap.last_sequence} until {said_time(gap.last_ns)}"
    sensors = next(iter(gap.sensors)) if len(gap.sensors) == 1 else f"{len(gap.sensors)} sensors"
    return f"{span}: {gap.count} readings of {sensors} had to go ({gap.reason})"


def said_time(time_ns: int) -> str:
    """UTC, to the second."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
