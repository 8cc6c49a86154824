"""What people ask of boxes, and what the boxes answer, in the ledger's tables."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, delete, func, insert, select, update

from cloud.database import built
from cloud.schema.fleet import asks
from cloud.schema.stream import boxes
from wire.command import Reply

KEPT = 8
"""Asks of one box, answered or not."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One ask. `reply` is None until its box has answered; `lines` and `since_s` as in `wire.command.Command`."""

    id: str
    box: str
    verb: str
    lines: int
    since_s: float
    actor: str
    asked_ns: int
    expires_ns: int
    answered_ns: int = 0
    reply: Reply | None = None


def add(connection: Connection, asked: Asked) -> None:
    """The newest of its box; beyond `KEPT` the oldest are gone, and first those that wait for no answer any more."""
    connection.execute(insert(asks).values(**_columns(asked)))
    is_over = case((and_(*_open(asked.asked_ns)), 0), else_=1)
    order = select(asks.c.id).where(asks.c.box == asked.box).order_by(is_over, asks.c.asked_ns.desc(), asks.c.id)
    old = connection.execute(order.offset(KEPT)).scalars().all()
    connection.execute(delete(asks).where(asks.c.id.in_(old)))


def of(connection: Connection, box: str, ask_id: str) -> Asked | None:
    """One of a box's; None when there is none."""
    row = connection.execute(select(asks).where(asks.c.box == box, asks.c.id == ask_id)).mappings().one_or_none()
    return _asked(row) if row else None


def waiting(connection: Connection, box: str, now_ns: int) -> int:
    """How many of a box's have no answer yet, and may still get one."""
    wanted = select(func.count()).where(asks.c.box == box, *_open(now_ns))
    return connection.execute(wanted).scalar() or 0


def due(connection: Connection, now_ns: int) -> Sequence[Asked]:
    """All without an answer whose boxes are online, the oldest first: what is asked of another waits here."""
    wanted = select(asks).join(boxes, boxes.c.box == asks.c.box).where(boxes.c.online, *_open(now_ns))
    return [_asked(row) for row in connection.execute(wanted.order_by(asks.c.asked_ns, asks.c.id)).mappings()]


def answer(connection: Connection, reply: Reply, now_ns: int) -> None:
    """The first answer counts; one to what nobody has asked is none."""
    open_ask = (asks.c.id == reply.id) & (asks.c.box == reply.box) & (asks.c.answered_ns == 0)
    text = msgspec.json.encode(reply).decode()
    connection.execute(update(asks).where(open_ask).values(answered_ns=now_ns, reply=text))


def _open(now_ns: int) -> tuple[ColumnElement[bool], ...]:
    return (asks.c.answered_ns == 0, asks.c.expires_ns > now_ns)


def _columns(asked: Asked) -> dict[str, object]:
    return msgspec.structs.asdict(asked) | {"reply": msgspec.json.encode(asked.reply).decode()}


def _asked(row: RowMapping) -> Asked:
    return built(Asked, row, reply=msgspec.json.decode(row["reply"], type=Reply | None))
