"""A damaged spool is set aside for examination, and a new one begins with what can still be read of alarms.

Alarm events without a receipt, as they are in the file or in memory, the rules' states and the readings
of the open window go over. Sealed batches stay in the file that was set aside: some of them may have
reached the cloud, under the old spool's id. They are a gap, with which the new spool's sequence begins.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.spool_damage import NAME, Damaged, explained
from edge.spool_file import Group, SpoolFile, open_spool
from edge.spool_room import Room
from wire import batch as wire_batch
from wire.alarm import AlarmEvent, Change, Level
from wire.bounded import SEQUENCE_MAX
from wire.errors import WireError
from wire.gap import Gap, Reason
from wire.reading import Reading
from wire.receipt import Lane

_log = logging.getLogger(__name__)

ASIDE = "spool-damaged-"
KEPT = 3
"""Damaged spools that are kept; the oldest goes when another comes: each may be as large as a spool (judgement)."""
_COMPANIONS = ("", "-wal", "-shm")
_event = msgspec.msgpack.Decoder(AlarmEvent)
_readings = msgspec.msgpack.Decoder(list[Reading])


def begin_anew(folder: Path, room: Room, damage: Damaged, unheard: Sequence[AlarmEvent], boot: str) -> SpoolFile:
    """Set the spool in `folder` aside because of `damage`, and open a new one.

    `unheard`: the last alarm events without a receipt, as they are remembered.

    When the disk refuses that, the damaged one is put back, to be tried again. Raises EgretError.
    """
    with explained(folder), ExitStack() as undo:
        aside = _name(folder)
        _move(folder, NAME, aside)
        undo.callback(_move, folder, aside, NAME)
        saved = _saved(folder / aside)
        read = {_named(event) for event in saved.events}
        saved.events += [event for event in unheard if _named(event) not in read]
        gap = _given_up(folder / aside)
        file = open_spool(folder, room, boot)
        undo.callback(file.close)
        if gap:
            file.begin_behind(gap)
        file.commit(saved, seals=False, is_synced=True)
        undo.pop_all()
    _thin_out(folder)
    said = (
        "%s It is kept as %s, and spool %s begins; saved from it: %d alarm events, %d readings, %d states of rules;"
        " given up in it: %s."
    )
    lost = f"{gap.count} readings" if gap else "no readings that are known of"
    _log.error(said, damage, aside, file.id, len(saved.events), len(saved.readings), len(saved.states), lost)
    return file


def _named(event: AlarmEvent) -> tuple[str, int, Change, Level]:
    """What makes it this event, whatever its number."""
    return event.alarm, event.time_ns, event.change, event.level


def _name(folder: Path) -> str:
    """Of the spool when it is set aside: after the time it was last written, UTC."""
    written = datetime.fromtimestamp((folder / NAME).stat().st_mtime, UTC)
    stem = f"{ASIDE}{written:%Y%m%dT%H%M%S}"
    names = [f"{stem}.sqlite", *(f"{stem}-{number}.sqlite" for number in range(2, 100))]
    return next(name for name in names if not (folder / name).exists())


def _move(folder: Path, source: str, target: str) -> None:
    """A file with what SQLite keeps beside it; nothing of what was there before stays."""
    for companion in _COMPANIONS:
        (folder / f"{target}{companion}").unlink(missing_ok=True)
        if (found := folder / f"{source}{companion}").exists():
            found.rename(folder / f"{target}{companion}")


def _thin_out(folder: Path) -> None:
    kept = sorted(folder.glob(f"{ASIDE}*.sqlite"), key=lambda file: file.stat().st_mtime_ns)
    for old in kept[:-KEPT]:
        for companion in _COMPANIONS:
            old.with_name(f"{old.name}{companion}").unlink(missing_ok=True)


def _saved(aside: Path) -> Group:
    """What can be read: each row until the first that cannot."""
    saved = Group()
    try:
        with closing(_read_only(aside)) as database:
            saved.states.update(database.execute("SELECT alarm, state FROM rule_state").fetchall())
            for (event,) in database.execute("SELECT event FROM event ORDER BY sequence"):
                saved.events.append(_event.decode(event))
            for (readings,) in database.execute("SELECT readings FROM pending ORDER BY id"):
                saved.readings += _readings.decode(readings)
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        _log.warning("%s: it can be read no further than this: %s", aside, error)
    return saved


def _given_up(aside: Path) -> Gap | None:
    """Readings without a receipt that stay behind, as far as the file says how many: as the first of a new spool.

    Their times and sensors are of the batches that can be read.
    """
    sensors, times, count = Counter[str](), list[int](), 0
    try:
        with closing(_read_only(aside)) as database:
            lane = "SELECT committed, stored FROM lane WHERE name = ?"
            committed, stored = database.execute(lane, [Lane.READINGS]).fetchone()
            count = committed - stored
            for (payload,) in database.execute("SELECT payload FROM batch WHERE last > ? ORDER BY first", [stored]):
                for series in wire_batch.decode(payload).series:
                    sensors[series.sensor] += len(series.values)
                    times += [min(series.times_ns), max(series.times_ns)]
    except (sqlite3.Error, WireError, TypeError):
        pass  # what is known by then is told
    if not 0 < count < SEQUENCE_MAX // 2:
        return None
    written_ns = aside.stat().st_mtime_ns
    return Gap(1, count, min(times, default=written_ns), max(times, default=written_ns), Reason.DAMAGE, dict(sensors))


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
