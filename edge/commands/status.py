"""`egret edge status`: how a box's spool stands, read beside the running agent."""

import json
from pathlib import Path

import click

from edge.commands.spool import said_time
from edge.spool_view import peek, waiting
from wire.receipt import Lane


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("/var/lib/egret"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(data: Path, *, as_json: bool) -> None:
    """What is kept, what is receipted, what waits and since when (UTC).

    Example:  egret edge status --data /var/lib/egret
    """
    seen = peek(data)
    events, batches = waiting(data, 1)
    oldest = {
        Lane.ALARMS: min((event.time_ns for event in events), default=None),
        Lane.READINGS: min((series.times_ns[0] for batch in batches for series in batch.series), default=None),
    }
    if as_json:
        lanes = {
            lane.value: {
                "committed": seen.depths[lane].committed,
                "stored": seen.depths[lane].stored,
                "waiting": seen.depths[lane].waiting,
                "oldest_ns": oldest[lane],
            }
            for lane in Lane
        }
        print(
            json.dumps(
                {
                    "schema": "egret.edge-status/1",
                    "spool_id": seen.id,
                    "bytes": seen.size,
                    "ring_bytes": seen.ring,
                    "lanes": lanes,
                }
            )
        )
        return
    ring = f", {seen.ring / 2**20:.1f} of them held back by report policies" if seen.ring else ""
    print(f"spool {seen.id}, {seen.size / 2**20:.1f} MiB on disk{ring}")
    for lane in Lane:
        depth, since_ns = seen.depths[lane], oldest[lane]
        since = f"   since {said_time(since_ns)}" if since_ns is not None else ""
        counts = f"committed {depth.committed:>12,}   receipted {depth.stored:>12,}   waiting {depth.waiting:>9,}"
        print(f"  {lane.value:9} {counts}{since}")
