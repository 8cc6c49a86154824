"""Bytes that a spool sets aside on its disk while there are some: who fills the disk takes no alarm's place.

SQLite's log is given its usual size at once, not by and by. And the file holds a row of nothing, which goes as soon as
the disk is short of room: its pages then take what is new, and the file need not grow.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

_LOG_BYTES = 32 + 1_256 * (24 + 4_096)
"""SQLite begins its log again from the front after the transaction with the thousandth page."""
_MOST_BYTES = 2**20
"""Some thousand alarm events (judgement)."""
_SHARE = 16
TABLE = "CREATE TABLE IF NOT EXISTS reserve (id INTEGER PRIMARY KEY, zeros BLOB NOT NULL)"


def size(most: int) -> int:
    """Bytes that a file which may have `most` sets aside."""
    return min(_MOST_BYTES, most // _SHARE)


def set_aside(database: sqlite3.Connection, most: int) -> None:
    """Inside a transaction; nothing is done where it was done before."""
    database.execute("INSERT OR IGNORE INTO reserve VALUES (1, zeroblob(?))", [size(most)])


def give_up(database: sqlite3.Connection) -> None:
    """Inside a transaction: what comes next has these pages."""
    database.execute("DELETE FROM reserve")


def claim(database: sqlite3.Connection, log: Path) -> None:
    """Have the disk hold what was set aside, and the log in its size: zeros behind its end are not read.

    On a disk that is full already there is nothing to claim: both grow when there is room.
    """
    try:
        database.execute("PRAGMA wal_checkpoint")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
            raise
    with suppress(OSError), log.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, _LOG_BYTES)
