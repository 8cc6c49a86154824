"""`egret edge spool`: what waits in a box's spool, message by message, and what had to go; beside the running agent."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import click
import msgspec

from edge.spool_view import peek, waiting
from wire.gap import Gap


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("/var/lib/egret"), show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, oldest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def spool(data: Path, limit: int, *, as_json: bool) -> None:
    """List the gaps, then the alarm events and the batches that have no receipt yet.

    A gap is readings that had to go, for the spool was at its limits; the newest hundred are known here.

    Example:  egret edge spool --data /var/lib/egret --limit 5
    """
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
    return f"{span}: {gap.count} readings of {len(gap.sensors)} sensors had to go ({gap.reason})"


def said_time(time_ns: int) -> str:
    """UTC, to the second."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
