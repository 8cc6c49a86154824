"""What must hold after the quiet, seen from outside: the truth, the store, the ledger's file and the boxes' files."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from bench.simulation.box import BoxMachine, numbers_of
from bench.simulation.cloud_machine import LEDGER
from bench.simulation.town import BoxTruth, Made, changes, level_of
from bench.simulation.world import World
from cloud.poison import Cause, Poison
from wire import batch as wire_batch
from wire.alarm import Change
from wire.receipt import Lane


class Books:
    """The cloud's, as they lie on its disk."""

    def __init__(self, folder: Path) -> None:
        with closing(sqlite3.connect(f"file:{folder / LEDGER}?mode=ro", uri=True)) as database:
            self.watermarks = {
                (box, spool, lane): through
                for box, spool, lane, through in database.execute(
                    "SELECT box, spool_id, lane, stored_through FROM watermarks"
                )
            }
            self.unkept = dict(database.execute("SELECT box, sum(missing) FROM backfills GROUP BY box"))
            self.gaps = list(database.execute("SELECT box, spool_id, first_sequence, last_sequence FROM gaps"))
            self.events = list(
                database.execute("SELECT box, alarm, change, level, time_ns FROM alarm_events ORDER BY rowid")
            )
            self.active = dict(database.execute("SELECT id, is_active FROM alarms"))
            self.cases = [number for (number,) in database.execute("SELECT number FROM cases")]
            self.members = list(database.execute('SELECT "case", member FROM case_members'))
        self.quarantined, self.unread = _quarantined(folder / "quarantine")


def complaints(world: World, *, is_settled: bool) -> Iterator[str]:
    """One line each."""
    yield from world.wrong
    if not is_settled:
        for box in world.boxes.values():
            yield f"{box.name}: after the quiet it still waits: {box.waiting()}"
        return
    books = Books(world.cloud.disk.folder)
    if books.unread:
        yield f"{books.unread} messages of the boxes were unreadable"
    for box in world.boxes.values():
        if world.restored and box.has_begun_anew:
            continue  # what the cloud has lost again of the spool before, nobody has any more
        yield from _readings(world, box, books)
        yield from _alarms(world, box, books)
        yield from _agreement(box, books)
    yield from _cases(books)


def _readings(world: World, box: BoxMachine, books: Books) -> Iterator[str]:
    """None lost, none doubled, none changed."""
    truth, stored = box.truth, world.store.stored
    there = {number for number in truth.made if stored[number]} | (books.quarantined & truth.made.keys())
    if never := truth.made.keys() - truth.committed.keys() - truth.lost:
        yield f"{box.name}: {len(never)} samples were never committed, from {min(never)} on"
    missing = truth.counted - there - truth.aside
    said = missing & truth.evicted
    if world.restored - {"ledger"}:
        said -= world.store.seen  # it had them, and the ledger, which may be newer than it is now, knows of no gap
    told = books.unkept.get(box.name, 0)
    if lost_again := missing & truth.receipted if world.restored else set():
        missing -= lost_again
        # After several the ledger may be newer than the store: then it does not know what that lacks.
        is_told = "store" not in world.restored and world.counts["cloud_restored"] == 1
        if world.restored == {"ledger"} or (is_told and 2 * len(lost_again) > told):
            yield f"{box.name}: {len(lost_again)} samples did not come again, {told // 2} are said not to be kept"
    if not truth.is_damaged and (lost := missing - truth.evicted):
        yield f"{box.name}: {len(lost)} samples are lost, from {_told(truth.made[min(lost)])} on"
    gaps = told + sum(last - first + 1 for name, _, first, last in books.gaps if name == box.name)
    if not truth.is_damaged and 2 * len(said) > gaps:
        yield f"{box.name}: {len(said)} samples had to go, and the cloud knows of {gaps // 2}"
    if twice := [number for number in truth.made if stored[number] > 1]:
        yield f"{box.name}: {len(twice)} samples are stored twice, from {_told(truth.made[twice[0]])} on"
    if early := truth.lost & there:
        yield f"{box.name}: {len(early)} samples were sent before they were safe, from {min(early)} on"
    if changed := [n for n in truth.made if world.store.tilts.get(n, truth.made[n].tilt) != truth.made[n].tilt]:
        yield f"{box.name}: {len(changed)} samples have other values, from {changed[0]} on"


def _alarms(world: World, box: BoxMachine, books: Books) -> Iterator[str]:
    """Every event of every alarm, once and in order; a restored ledger may lack what its box had no room to keep."""
    truth = box.truth
    unkept = truth.unkept if world.restored - {"store"} else set()
    kept = sorted(truth.counted)
    for sensor in box.sensors:
        samples = [truth.made[number] for number in kept if truth.made[number].sensor == sensor]
        expected = [(str(change), str(level), time_ns) for change, level, time_ns in changes(samples)]
        alarm = f"{sensor}/lean"
        found = [(change, level, time_ns) for _, name, change, level, time_ns in books.events if name == alarm]
        if truth.is_damaged:
            continue
        if box.has_begun_anew:  # what had no receipt was sent again, under another spool's name
            found = list(dict.fromkeys(found))
        is_last_kept = not expected or (alarm, expected[-1][2]) not in unkept
        expected = [event for event in expected if event in found or (alarm, event[2]) not in unkept]
        if found != expected:
            at = next(
                (i for i, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), len(found)
            )
            yield f"{alarm}: {len(found)} events instead of {len(expected)}, another one from number {at} on"
        is_active = bool(samples) and level_of(samples[-1].tilt) is not None
        if is_last_kept and bool(books.active.get(alarm, 0)) is not is_active:
            yield f"{alarm}: the cloud has it {'cleared' if is_active else 'active'}, and the box does not"


def _agreement(box: BoxMachine, books: Books) -> Iterator[str]:
    """What the box numbered last is what the cloud has stored last."""
    spool = box.agent._spool
    for lane in Lane:
        committed, known = spool.depth(lane).committed, books.watermarks.get((box.name, spool.id, str(lane)), 0)
        if committed != known:
            yield f"{box.name}: {lane} are at {committed} in the box and at {known} in the cloud"


def _cases(books: Books) -> Iterator[str]:
    """Nobody closes one here: an alarm has one for ever."""
    raised = {alarm for _, alarm, change, _, _ in books.events if change == Change.RAISED}
    cases = defaultdict(set)
    for case, member in books.members:
        cases[member].add(case)
    for alarm in sorted(raised | cases.keys()):
        if len(cases[alarm]) != 1:
            yield f"{alarm}: {len(cases[alarm])} cases"
    if doubled := [case for case, times in Counter(case for case, _ in books.members).items() if times > 1]:
        yield f"cases of several alarms: {doubled}"
    if idle := set(books.cases) - {case for case, _ in books.members}:
        yield f"cases of no alarm: {sorted(idle)}"


def _quarantined(folder: Path) -> tuple[set[int], int]:
    """Samples that the store refused, and how many messages nobody could read."""
    found: set[int] = set()
    unread = 0
    for path in sorted(folder.glob("[0-9a-f]*")) if folder.is_dir() else ():
        poison = msgspec.msgpack.decode(path.read_bytes(), type=Poison)
        if poison.cause is Cause.REFUSED:
            found |= numbers_of(wire_batch.decode(poison.payload))
        else:
            unread += 1
    return found, unread


def _told(made: Made) -> str:
    return f"{made.number} ({made.at_s:.1f} s)"


def figures(world: World) -> dict[str, int]:
    """How much there was of what."""
    truths: list[BoxTruth] = [box.truth for box in world.boxes.values()]
    return {
        "samples": sum(len(truth.made) for truth in truths),
        "in_flight": sum(len(truth.lost) for truth in truths),
        "evicted": sum(len(truth.evicted) for truth in truths),
        "set_aside": sum(len(truth.aside) for truth in truths),
        "deaths": sum(machine.deaths for machine in world.machines),
        "redelivered": world.broker.redelivered,
        "dropped_by_broker": world.broker.dropped,
        "refused_by_store": world.store.refused,
    }
