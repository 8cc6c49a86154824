"""Asking boxes for their log, their health or held samples: with an audit line, and never more than a box can answer.

The ask waits in the ledger until its box is there, has answered, or it has expired: a cloud that is started again in
between goes on with it, and nothing that nobody waits for any more lies at the broker.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import Actor
from cloud.fleet.fleetbook import require_box
from cloud.ledger import Ledger
from cloud.ports import Now
from cloud.tables import asks, audit, boxes
from cloud.tables.asks import Asked
from wire.command import LINES, LINES_MAX, SINCE_MOST_S, Outcome, Reply
from wire.errors import EgretError
from wire.inventory import Inventory

WAITING_MOST = 6
"""Asks of one box at once; each has the same right to an answer."""
WAIT_LEAST_S, WAIT_S, WAIT_MOST_S = 5.0, 60.0, 3600.0


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody asks of a box. After `wait_s` nobody waits for the answer. The others as in the wire's command."""

    verb: Literal["logs", "doctor", "samples"]
    lines: Annotated[int, msgspec.Meta(ge=1, le=LINES_MAX)] = LINES
    since_s: Annotated[float, msgspec.Meta(ge=0, le=SINCE_MOST_S)] = 0.0
    wait_s: Annotated[float, msgspec.Meta(ge=WAIT_LEAST_S, le=WAIT_MOST_S)] = WAIT_S


class Standing(StrEnum):
    """Of one ask."""

    WAITS = "waits"
    EXPIRED = "expired"
    """The box has not answered in time, or it says that the ask came too late."""
    DONE = "done"
    REFUSED = "refused"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """As people see it. `since_ns`: since when its box is online, or gone; 0 for one that was never heard of."""

    id: str
    box: str
    verb: str
    standing: Standing
    actor: str
    asked_ns: int
    expires_ns: int
    is_online: bool
    seen_ns: int
    reply: Reply | None


class NoSuchAsk(EgretError):
    """Nobody has asked this, or it is too long ago."""


class TooManyAsks(EgretError):
    """Others are waiting for the same box."""


class Askbook:
    """Of an open ledger. Every method raises Unavailable."""

    def __init__(self, ledger: Ledger, inventory: Inventory, now: Now) -> None:
        """`inventory` says which boxes there are."""
        self._ledger, self._inventory, self._now = ledger, inventory, now

    async def ask(self, box: str, question: Question, actor: Actor, ask_id: str) -> Ask:
        """Put it down. Raises NoSuchBox and TooManyAsks."""
        require_box(self._inventory, box)
        now_ns = self._now()
        asked = Asked(
            id=ask_id,
            box=box,
            verb=question.verb,
            lines=question.lines,
            since_s=question.since_s,
            actor=actor.name,
            asked_ns=now_ns,
            expires_ns=now_ns + round(question.wait_s * 1e9),
        )

        def keep(connection: Connection) -> Ask:
            if asks.waiting(connection, box, now_ns) >= WAITING_MOST:
                fix = "wait until they are answered, or have expired."
                raise TooManyAsks("others are asking this box.", where=f"box {box}", fix=fix, code="E-CMD-011")
            asks.add(connection, asked)
            line = acts.line(actor, f"fleet.{question.verb}", f"box {box}", now_ns, detail=_detail(question))
            audit.add(connection, line)
            return self._seen(connection, asked)

        return await self._ledger.database.write(keep)

    async def one(self, box: str, ask_id: str) -> Ask:
        """How it stands. Raises NoSuchBox and NoSuchAsk."""
        require_box(self._inventory, box)

        def find(connection: Connection) -> Ask:
            asked = asks.of(connection, box, ask_id)
            if asked is None:
                fix = f"ask again: of each box the last {asks.KEPT} are kept."
                raise NoSuchAsk("nobody has asked this.", where=f"box {box}", fix=fix, code="E-CMD-012")
            return self._seen(connection, asked)

        return await self._ledger.read(find)

    def _seen(self, connection: Connection, asked: Asked) -> Ask:
        state = boxes.of(connection, asked.box)
        return Ask(
            id=asked.id,
            box=asked.box,
            verb=asked.verb,
            standing=_standing(asked, self._now()),
            actor=asked.actor,
            asked_ns=asked.asked_ns,
            expires_ns=asked.expires_ns,
            is_online=state is not None and state.online,
            seen_ns=state.time_ns if state else 0,
            reply=asked.reply,
        )


def _detail(question: Question) -> str:
    since = f"none older than {question.since_s:g} s" if question.since_s else ""
    if question.verb == "logs":
        return ", ".join(filter(None, (f"{question.lines} lines", since)))
    return since


def _standing(asked: Asked, now_ns: int) -> Standing:
    if asked.reply is None:
        return Standing.WAITS if now_ns < asked.expires_ns else Standing.EXPIRED
    return {Outcome.DONE: Standing.DONE, Outcome.EXPIRED: Standing.EXPIRED, Outcome.REFUSED: Standing.REFUSED}[
        asked.reply.outcome
    ]
