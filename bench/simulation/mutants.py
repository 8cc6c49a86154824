"""Bugs that are planted on purpose: a simulation that does not find them lacks a fault, or looks away.

Each is a change to the text of one function of the product, made in a worker's memory. Where the product's text
has changed since, the mutant says so instead of doing nothing.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`function` of `module` ("Class.method" for a method), in which each `old` becomes its `new`. `bug`: in words."""

    bug: str
    module: str
    function: str
    changes: tuple[tuple[str, str], ...]


_WRITE = "await self._write([labelled(batch, self._inventory) for batch in new])"


def _mutant(bug: str, place: str, *changes: tuple[str, str]) -> Mutant:
    module, _, function = place.partition(":")
    return Mutant(bug, module, function, changes)


MUTANTS = {
    "ack_before_write": _mutant(
        "a group is forgotten, and an alarm said to be safe, before it is written",
        "edge.spool:Spool._commit",
        ("self._forget(group, added)\n                    self._announce", "self._announce"),
        ("self._added\n", "self._added\n            self._forget(group, added)\n"),
    ),
    "alarm_not_awaited": _mutant(
        "a line goes on before its alarm is on the disk",
        "edge.spool:Spool.add",
        ("if events or self._group.size", "if self._group.size"),
    ),
    "alarm_not_synced": _mutant(
        "an alarm is committed like a reading",
        "edge.spool:Spool._commit",
        ("bool(group.events) or ", ""),
    ),
    "lost_fsync": _mutant(
        "the spool never syncs",
        "edge.spool_file:SpoolFile.commit",
        ("'FULL' if is_synced else 'NORMAL'", "'NORMAL'"),
    ),
    "sync_of_nothing": _mutant(
        "a sync that changes no page: SQLite then syncs nothing of what was before",
        "edge.spool_file:SpoolFile.commit",
        ('self._database.execute("UPDATE spool SET syncs = syncs + 1")', "pass"),
    ),
    "sealed_unsynced": _mutant(
        "a batch is sent before it is synced, and its sequences are used again",
        "edge.spool:Spool._commit",
        ("is_synced = seals or ", "is_synced = "),
    ),
    "refused_group_forgotten": _mutant(
        "what a full disk has refused is not tried again",
        "edge.spool:Spool._commit",
        ("if group.is_kept:", "if True:"),
    ),
    "trim_on_puback": _mutant(
        "a PUBACK is taken for a receipt",
        "edge.publish:_LaneSender._send_new",
        ("self._sent = through", "self._sent = through\n            await self._spool.trim(self._lane, self._sent)"),
    ),
    "foreign_receipt": _mutant(
        "a receipt for the spool before trims the one that has begun since",
        "edge.publish:_listen",
        ("if stored.spool_id != spool.id:", "if False:"),
    ),
    "trim_too_far": _mutant(
        "a receipt takes the next batches along",
        "edge.spool_file:SpoolFile.trim",
        ("Depth(depth.committed, through)", "Depth(depth.committed, min(through + 9, depth.committed))"),
    ),
    "newest_first": _mutant(
        "the newest batches are sent first",
        "edge.spool_view:SpoolView._batches",
        ("ORDER BY first LIMIT", "ORDER BY first DESC LIMIT"),
    ),
    "not_sent_again": _mutant(
        "what had no receipt is sent again at a new connection only",
        "edge.publish:_LaneSender._go_back",
        ("self._sent = self._stored\n        self._ahead.clear()\n", "pass\n"),
    ),
    "alarms_evicted": _mutant(
        "a full spool lets alarms go as well",
        "edge.spool_room:_let_go",
        ("last_sequence)\n", 'last_sequence)\n    database.execute("DELETE FROM event")\n'),
    ),
    "gap_not_recorded": _mutant(
        "a full spool lets readings go, and says nothing",
        "edge.spool_room:Room.make",
        ("_note(database, gone, stored)", "pass"),
    ),
    "gap_not_sent": _mutant(
        "a gap stays in the box",
        "edge.spool_view:_with_gaps",
        ("gaps=tuple(before)) if before", "gaps=()) if before"),
    ),
    "gap_not_kept": _mutant(
        "the cloud passes over gaps",
        "cloud.ledger:Ledger.advance_many",
        ("gaps.add(connection, missing, self.now())", "pass"),
    ),
    "rules_begin_anew": _mutant(
        "a restarted box has forgotten which alarms stand",
        "edge.lines:Lines.become",
        ("plans[key].path.restore(self._spool.latest_states)", "pass"),
    ),
    "states_apart": _mutant(
        "the state of a rule is not in the transaction of its event",
        "edge.spool_file:SpoolFile.commit",
        ("group.states.items()", "()"),
    ),
    "nothing_saved": _mutant(
        "from a damaged spool nothing is saved",
        "edge.spool_aside:begin_anew",
        ("saved = _saved(folder / aside)", "saved = Group()"),
    ),
    "receipt_before_store": _mutant(
        "the watermark is written before the readings",
        "cloud.ingest:ReadingsLane.take",
        (_WRITE, "pass"),
        (
            "self._watermarks |= reached",
            f"{_WRITE}\n                self._watermarks |= reached",
        ),
    ),
    "known_before_store": _mutant(
        "a batch counts as known before the store has it",
        "cloud.ingest:ReadingsLane.take",
        (
            "await self._write([",
            "was = dict(self._watermarks)\n                self._watermarks |= reached; await self._write([",
        ),
        ("missing(new, self._watermarks)", "missing(new, was)"),
    ),
    "outage_is_success": _mutant(
        "a store that is away is taken for one that has stored",
        "cloud.quarantine:write_or_refuse",
        ("except Unavailable:\n        raise", "except Unavailable:\n        return []"),
    ),
    "refused_is_dropped": _mutant(
        "what the store refuses is not set aside",
        "cloud.ingest:ReadingsLane._write",
        ("await self._quarantine.put(topic, payload, refusal.reason, Cause.REFUSED)", "pass"),
    ),
    "watermark_too_far": _mutant(
        "the watermark is one too far",
        "cloud.ingest:ReadingsLane.take",
        ("Lane.READINGS, end)", "Lane.READINGS, end + 1)"),
    ),
    "hole_overlooked": _mutant(
        "a batch beyond a hole is taken",
        "cloud.ingest:place",
        ("return Place.BEYOND_A_HOLE", "return Place.NEXT"),
    ),
    "alarm_hole_overlooked": _mutant(
        "alarms beyond a hole are taken",
        "cloud.alarming.alarm_cases:fresh",
        ("return ()", "pass"),
    ),
    "no_idempotence": _mutant(
        "alarm events that were taken are taken again",
        "cloud.alarming.alarm_cases:fresh",
        ("if event.sequence > watermark", ""),
    ),
    "dedupe_by_memory": _mutant(
        "which alarm events were taken is kept in memory",
        "cloud.ledger:Ledger.take_alarms",
        ("watermarks.of(work.connection, *spool)", 'self.__dict__.setdefault("seen", {}).get(spool, 0)'),
        ("watermarks.advance(", 'self.__dict__["seen"][spool] = new[-1].sequence\n            watermarks.advance('),
    ),
    "alarms_without_watermark": _mutant(
        "the watermark is not in the transaction of the alarms",
        "cloud.ledger:Ledger.take_alarms",
        ("watermarks.advance(work.connection, [(*spool, new[-1].sequence)])", "pass"),
    ),
    "case_opened_twice": _mutant(
        "an alarm that is raised again gets another case",
        "cloud.alarming.alarm_cases:Intake._case",
        ('self._case_of.get(event.alarm, "")', '"" if is_news else self._case_of.get(event.alarm, "")'),
    ),
    "again_not_stored": _mutant(
        "what was asked for again is receipted, and not stored",
        "cloud.ingest:ReadingsLane.take_again",
        ("await self._write([labelled(batch, self._inventory) for batch in new])", "pass"),
    ),
    "alarms_not_again": _mutant(
        "alarms do not go back to what a restored ledger has",
        "edge.publish:_LaneSender.hear",
        ("self._behind = self._stored = self._sent = through", "pass"),
    ),
    "ledger_unsynced": _mutant(
        "the ledger does not sync at every commit",
        "cloud.engine:_prepare_sqlite",
        ("synchronous = FULL", "synchronous = NORMAL"),
    ),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """With that bug in the product; without any for an empty name."""
    if not name:
        yield
        return
    mutant = MUTANTS[name]
    module = importlib.import_module(mutant.module)
    *path, attribute = mutant.function.split(".")
    owner = getattr(module, path[0]) if path else module
    before = inspect.getattr_static(owner, attribute)
    after = _changed(mutant, before, vars(module))
    # A function is known by its name wherever it was imported, too.
    product = [one for name, one in sys.modules.items() if name.startswith(("edge.", "cloud.", "wire."))]
    owners = [owner] if path else [one for one in product if vars(one).get(attribute) is before]
    for one in owners:
        setattr(one, attribute, after)
    try:
        yield
    finally:
        for one in owners:
            setattr(one, attribute, before)


def _changed(mutant: Mutant, before: object, names: dict[str, object]) -> object:
    """Raises AssertionError when the text is not what it was."""
    function = before.__func__ if isinstance(before, staticmethod) else before
    text = inspect.getsource(function)
    for old, new in mutant.changes:
        assert text.count(old) == 1, f"{mutant.module}:{mutant.function} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    if text[0].isspace():
        text = f"if True:\n{text}"
    made: dict[str, object] = {}
    exec(compile(text, f"<mutant of {mutant.function}>", "exec"), names, made)
    return made[mutant.function.rpartition(".")[2]]
