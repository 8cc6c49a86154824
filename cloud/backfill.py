"""Backfill: what a cloud that was restored from an older backup asks its boxes to send again, and takes of it.

Beside what is new each request has a watermark of its own, so live readings wait for none of it. What is asked for is
said again every few seconds until it is there; a box remembers nothing of it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from cloud.ledger import Ledger
from cloud.ports import Inbox
from cloud.tables import backfills, gaps
from cloud.tables.backfills import Backfill
from wire import gap, receipt, topics
from wire.batch import Batch
from wire.gap import Gap
from wire.receipt import Receipt

ASK_S = 10.0
"""Between two times that a box is asked for the same: longer than its answer usually takes to be receipted."""
_BEGUN_WITHIN_NS = 3_600 * 10**9
"""A request by time of which nothing has come is over: the box has nothing of that time (judgement)."""
_log = logging.getLogger(__name__)
_FOUND = (
    "box %s has a receipt for readings %d to %d of its spool %s, and this ledger knows nothing of them: it is an old"
    " one. fix: `egret cloud backfill --box %s` asks for them again. [E-CLOUD-026]"
)


def tell(found: Sequence[Backfill]) -> None:
    """The log, of what is missing; it is in the ledger, too."""
    for one in found:
        _log.warning(_FOUND, one.box, one.first, one.through, one.spool_id, one.box)


def said(one: Backfill) -> Receipt:
    """How far it has come, and what should follow."""
    return Receipt(one.box, one.spool_id, one.lane, one.reached, again=one.again)


def is_answer(batch: Batch, known: Mapping[str, Backfill]) -> bool:
    """Does it answer one of these requests? What one box says to another's is no answer."""
    one = known.get(batch.again)
    return one is not None and (one.box, one.spool_id) == (batch.box, batch.spool_id)


def taken(one: Backfill, batch: Batch) -> Backfill | None:
    """The request after this batch; None when it does not follow what was there before, or nothing is asked for.

    What the box says that it does not hold any more is missing for good. A request by time begins where the box
    has something of that time, whatever lies before.
    """
    follows = batch.begins <= max(one.reached, batch.trimmed_through) + 1
    if one.ended_ns is not None or batch.last_sequence <= one.reached or not follows:
        return None
    has_begun = not one.since_ns or one.reached >= one.first
    gone = max(0, batch.begins - 1 - one.reached) if has_begun else 0
    first = one.first if has_begun else batch.begins
    return msgspec.structs.replace(one, first=first, reached=batch.last_sequence, missing=one.missing + gone)


class Backfills:
    """Of the boxes that a readings lane hears."""

    def __init__(self, ledger: Ledger, is_ours: Callable[[str], bool]) -> None:
        """`is_ours`: does this lane hear the box?"""
        self._ledger, self._is_ours = ledger, is_ours

    async def asked(self) -> Sequence[Backfill]:
        """Of each spool the first that is not answered. What a box keeps no more is given up. Raises Unavailable."""
        now_ns = self._ledger.now()

        def look(connection: Connection) -> Sequence[Backfill]:
            kept = backfills.all_kept(connection)
            found: dict[tuple[str, str], Backfill] = {}
            ended = []
            for one in backfills.open_ones(connection):
                known = kept.get(one.box)
                is_news = known is not None and one.asked_ns is not None and known.known_ns > one.asked_ns
                is_gone = known and is_news and (known.spool_id != one.spool_id or known.readings_from > one.through)
                if is_gone or _is_idle(one, now_ns):
                    ended.append(backfills.ended(one, now_ns))
                elif self._is_ours(one.box):
                    found.setdefault((one.box, one.spool_id), one)
            backfills.put(connection, ended)
            return tuple(found.values())

        if await self._ledger.read(backfills.open_ones):
            return await self._ledger.write(look)
        return ()

    async def known(self, batches: Sequence[Batch]) -> Mapping[str, Backfill]:
        """The requests that these batches name, by id. Raises Unavailable."""
        ids = {batch.again for batch in batches}
        return await self._ledger.read(lambda connection: backfills.of(connection, ids))

    async def advance(
        self, before: Mapping[str, Backfill], after: Mapping[str, Backfill], new: Sequence[Batch]
    ) -> None:
        """What was stored of them, with the gaps in front of it, in one transaction. Raises Unavailable.

        A request by time comes from a cloud whose ledger knows its gaps.
        """
        now_ns = self._ledger.now()
        missing: dict[tuple[str, str], list[Gap]] = {}
        for batch in new:
            one = before[batch.again]
            if not one.since_ns:
                missing.setdefault((one.box, one.spool_id), []).extend(gap.after(batch.gaps, one.first - 1))
        ended = [
            msgspec.structs.replace(one, ended_ns=now_ns if one.reached >= one.through else None)
            for one in after.values()
        ]

        def advance(connection: Connection) -> None:
            gaps.add(connection, missing, now_ns)
            backfills.put(connection, ended)

        await self._ledger.write(advance)


def _is_idle(one: Backfill, now_ns: int) -> bool:
    asked_ns = one.asked_ns or now_ns
    return bool(one.since_ns) and one.reached < one.first and now_ns - asked_ns > _BEGUN_WITHIN_NS


async def send(inbox: Inbox, receipts: Sequence[Receipt]) -> None:
    """Down to the boxes, side by side. Raises LinkError, in a group."""
    async with asyncio.TaskGroup() as sending:
        for one in receipts:
            sending.create_task(inbox.send(topics.topic(one.box, "receipts"), receipt.encode(one)))
