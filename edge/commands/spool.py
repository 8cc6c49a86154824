"""`egret edge spool`: what waits in a box's spool, message by message, read beside the running agent."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from edge.spool_file import waiting


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("/var/lib/egret"), show_default=True)
@click.option("--limit", default=20, show_default=True, help="How many, oldest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def spool(data: Path, limit: int, *, as_json: bool) -> None:
    """List the alarm events, then the batches, that have no receipt yet.

    Example:  egret edge spool --data /var/lib/egret --limit 5
    """
    events, batches = waiting(data, limit)
    for event in events:
        row = {"lane": "alarms", "sequence": event.sequence, "alarm": event.alarm, "change": event.change.value}
        print(
            json.dumps(row) if as_json else f"{event.sequence:>9}  {_time(event.time_ns)}  {event.alarm} {event.change}"
        )
    for batch in batches:
        first_ns = min(series.times_ns[0] for series in batch.series)
        row = {"lane": "readings", "first": batch.first, "last": batch.last, "series": len(batch.series)}
        print(
            json.dumps(row)
            if as_json
            else f"{batch.first:>9}  {_time(first_ns)}  … {batch.last} in {len(batch.series)} series"
        )


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
