"""Gaps: readings that boxes had taken and had to let go, as they said it with the batch that came after."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, RowMapping, delete, select

from cloud.database import built, upsert
from cloud.schema.stream import gaps
from wire.gap import Gap

KEPT = 10_000
"""Gaps of one box that are known, the newest: a box whose link is too slow for ever has one more with every batch."""

Spool = tuple[str, str]
"""(box, spool id)."""


class KnownGap(msgspec.Struct, frozen=True):
    """As `wire.gap.Gap`, of one box's spool; `count` readings are missing. `known_ns`: when the cloud heard of it.

    `sensors` counts the readings by sensor, at most, and is empty where they were too many to name.
    """

    box: str
    spool_id: str
    first_sequence: int
    last_sequence: int
    first_ns: int
    last_ns: int
    reason: str
    sensors: dict[str, int]
    known_ns: int
    count: int


def add(connection: Connection, found: Mapping[Spool, Sequence[Gap]], now_ns: int) -> None:
    """What was said before changes nothing."""
    rows = [
        msgspec.structs.asdict(gap)
        | {"box": box, "spool_id": spool_id, "known_ns": now_ns, "sensors": msgspec.json.encode(gap.sensors).decode()}
        for (box, spool_id), said in found.items()
        for gap in said
    ]
    if not rows:
        return
    upsert(connection, gaps, rows)
    for box in {row["box"] for row in rows}:
        order = select(gaps.c.known_ns).where(gaps.c.box == box).order_by(gaps.c.known_ns.desc())
        last = connection.execute(order.offset(KEPT).limit(1)).scalar()
        if last is not None:
            connection.execute(delete(gaps).where(gaps.c.box == box, gaps.c.known_ns <= last))


def newest(connection: Connection, box: str, limit: int) -> Sequence[KnownGap]:
    """Of one box, or of all when it is empty; the last one first."""
    order = (gaps.c.known_ns.desc(), gaps.c.first_sequence.desc())
    wanted = select(gaps).where(*([gaps.c.box == box] if box else [])).order_by(*order).limit(limit)
    return tuple(_built(row) for row in connection.execute(wanted).mappings())


def _built(row: RowMapping) -> KnownGap:
    sensors = msgspec.json.decode(row["sensors"], type=dict[str, int])
    return built(KnownGap, row, sensors=sensors, count=row["last_sequence"] - row["first_sequence"] + 1)
