"""`egret edge status`: how a box's spool and clock stand, read beside the running agent."""

import json
from pathlib import Path

import click
import msgspec

from edge import machine_clock
from edge.commands.spool import said_time
from edge.spool_view import Glance, peek, waiting
from wire.receipt import Lane


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("/var/lib/egret"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(data: Path, *, as_json: bool) -> None:
    """What is receipted, what waits and since when (UTC), what is kept, what had to go, and who keeps the clock.

    Example:  egret edge status --data /var/lib/egret
    """
    seen = peek(data)
    events, batches = waiting(data, 1)
    oldest = {
        Lane.ALARMS: min((event.time_ns for event in events), default=None),
        Lane.READINGS: min((series.times_ns[0] for batch in batches for series in batch.series), default=None),
    }
    clock = machine_clock.kept()
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
        document = {
            "schema": "egret.edge-status/1",
            "spool_id": seen.id,
            "bytes": seen.size,
            "ring_bytes": seen.ring,
            "data_bytes": dict(seen.data),
            "lanes": lanes,
            "gone": sum(gap.count for gap in seen.gaps),
            "kept": None if seen.kept is None else msgspec.structs.asdict(seen.kept),
            "clock": {"synchronised": clock.is_synced, "error_us": clock.error_us, "waiting": seen.unset},
        }
        print(json.dumps(document))
        return
    ring = f", {seen.ring / 2**20:.1f} of them held back by report policies" if seen.ring else ""
    print(f"spool {seen.id}, {seen.size / 2**20:.1f} MiB on disk{ring}")
    for lane in Lane:
        depth, since_ns = seen.depths[lane], oldest[lane]
        since = f"   since {said_time(since_ns)}" if since_ns is not None else ""
        counts = f"committed {depth.committed:>12,}   receipted {depth.stored:>12,}   waiting {depth.waiting:>9,}"
        print(f"  {lane.value:9} {counts}{since}")
    for month, size in sorted(seen.data.items()):
        print(f"  data {month}: {size / 1e6:,.1f} MB sent and received")
    for said in (_kept(seen), _gone(seen), _clock(seen, clock)):
        print(f"  {said}")


def _kept(seen: Glance) -> str:
    """What a cloud that was restored from a backup can have again."""
    stored = seen.depths[Lane.READINGS].stored
    if seen.kept is None or seen.kept.readings_from > stored:
        return "kept      no readings that have a receipt"
    count, since = stored - seen.kept.readings_from + 1, said_time(seen.kept.readings_since_ns)
    return f"kept      {count:,} readings that have a receipt, since {since}"


def _gone(seen: Glance) -> str:
    if not seen.gaps:
        return "gaps      none"
    gone, last = sum(gap.count for gap in seen.gaps), seen.gaps[-1]
    return f"gaps      {gone:,} readings had to go ({last.reason}), the last of {said_time(last.last_ns)}"


def _clock(seen: Glance, clock: machine_clock.Kept) -> str:
    kept = f"kept to {clock.error_us / 1000:g} ms" if clock.is_synced else "no time server keeps it"
    return f"clock     {kept}" + (f"; {seen.unset:,} readings wait for it to be set" if seen.unset else "")
