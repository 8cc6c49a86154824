"""How far each spool is stored, by lane."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from cloud.database import upsert
from cloud.schema.stream import watermarks
from wire.receipt import Lane


def of(connection: Connection, box: str, spool_id: str, lane: Lane) -> int:
    """0 for a spool never heard of."""
    spool = (watermarks.c.box == box, watermarks.c.spool_id == spool_id, watermarks.c.lane == lane.value)
    return connection.execute(select(watermarks.c.stored_through).where(*spool)).scalar() or 0


def advance(connection: Connection, marks: Sequence[tuple[str, str, Lane, int]]) -> None:
    """(box, spool id, lane, through) each; a watermark never falls."""
    rows = [
        {"box": box, "spool_id": spool_id, "lane": lane.value, "stored_through": through}
        for box, spool_id, lane, through in marks
    ]
    upsert(connection, watermarks, rows, only_above=watermarks.c.stored_through)
