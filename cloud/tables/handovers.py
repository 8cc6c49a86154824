"""Commissionings that were handed over: each signed report once, by the hash of its file."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select

from cloud.database import built
from cloud.schema.fleet import handovers

SHOWN_MAX = 20
"""Of one site, the last ones."""


class KeptHandover(msgspec.Struct, frozen=True, kw_only=True):
    """`report` is report.json, `key` names the key of its signature; `photo` the hash of the picture, or empty."""

    hash: str
    site: str
    sensor: str
    key: str
    photo: str
    report: str
    added_ns: int
    added_by: str


def add(connection: Connection, handover: KeptHandover) -> bool:
    """Was it new? The same report again changes nothing."""
    if one(connection, handover.site, handover.hash):
        return False
    connection.execute(insert(handovers).values(msgspec.structs.asdict(handover)))
    return True


def of(connection: Connection, site: str) -> Sequence[KeptHandover]:
    """Of a site, the last that came first."""
    wanted = select(handovers).where(handovers.c.site == site).order_by(handovers.c.added_ns.desc()).limit(SHOWN_MAX)
    return [built(KeptHandover, row) for row in connection.execute(wanted).mappings()]


def one(connection: Connection, site: str, name: str) -> KeptHandover | None:
    """None where the site has no such report."""
    wanted = select(handovers).where(handovers.c.hash == name, handovers.c.site == site)
    row = connection.execute(wanted).mappings().one_or_none()
    return built(KeptHandover, row) if row else None
