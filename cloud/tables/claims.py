"""Claims: the one code that a box may have, and what was said under it. The code itself is in no table."""

import msgspec
from sqlalchemy import Connection, select, update

from cloud.database import built, upsert
from cloud.schema.fleet import claims


class KeptClaim(msgspec.Struct, frozen=True, kw_only=True):
    """Of one box, as in `wire.claim`. `claimed_ns` is 0 until a box has come; `refusal` says why it is over."""

    box: str
    shelf: str
    actor: str
    made_ns: int
    expires_ns: int
    claimed_ns: int = 0
    address: str = ""
    request: str = ""
    proof: str = ""
    welcome: str = ""
    welcome_proof: str = ""
    refusal: str = ""


def keep(connection: Connection, claim: KeptClaim) -> None:
    """In place of what the box had."""
    upsert(connection, claims, [msgspec.structs.asdict(claim)])


def on(connection: Connection, shelf: str) -> KeptClaim | None:
    """What was said under one code; none for a code that was not given out, or was replaced."""
    row = connection.execute(select(claims).where(claims.c.shelf == shelf)).mappings().one_or_none()
    return built(KeptClaim, row) if row else None


def of(connection: Connection, box: str) -> KeptClaim | None:
    """The last one of a box."""
    row = connection.execute(select(claims).where(claims.c.box == box)).mappings().one_or_none()
    return built(KeptClaim, row) if row else None


def end(connection: Connection, box: str, reason: str) -> None:
    """It is over, and whoever asks is told why."""
    connection.execute(update(claims).where(claims.c.box == box).values(refusal=reason))
