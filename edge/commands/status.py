"""`egret edge status`: how a box's spool stands, read beside the running agent."""

import json
from pathlib import Path

import click

from edge.spool_file import peek
from wire.receipt import Lane


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("/var/lib/egret"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(data: Path, *, as_json: bool) -> None:
    """What is kept, what is receipted, what waits.

    Example:  egret edge status --data /var/lib/egret
    """
    seen = peek(data)
    depths = {lane.value: seen.depths[lane] for lane in Lane}
    if as_json:
        lanes = {
            name: {"committed": d.committed, "stored": d.stored, "waiting": d.waiting} for name, d in depths.items()
        }
        print(json.dumps({"schema": "egret.edge-status/1", "spool_id": seen.id, "bytes": seen.size, "lanes": lanes}))
        return
    print(f"spool {seen.id}, {seen.size / 2**20:.1f} MiB on disk")
    for name, depth in depths.items():
        print(
            f"  {name:9} committed {depth.committed:>12,}   receipted {depth.stored:>12,}   waiting {depth.waiting:>9,}"
        )
