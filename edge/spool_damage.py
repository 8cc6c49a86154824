"""What can be wrong with a spool's file: a disk that refuses, which passes, or bytes that are no spool any more."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from wire.errors import EgretError, WireError

NAME = "spool.sqlite"
_UNUSABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
}
_LOST = {
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
}
"""Input/output errors that cost what was written: after an fsync that failed nobody knows what of it is on the disk."""


class Damaged(EgretError):
    """The spool's file is no spool any more; waiting does not help."""


class BegunAnew(EgretError):
    """The spool that was asked was damaged; another has begun."""


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Say what is wrong with the spool in `folder` when it fails inside. Raises Damaged, or another EgretError."""
    try:
        yield
    except (sqlite3.Error, OSError, msgspec.MsgspecError, WireError) as error:
        code = getattr(error, "sqlite_errorcode", 0)
        is_unusable = code & 0xFF in _UNUSABLE and code not in _LOST  # the upper bits tell kinds of one error apart
        if isinstance(error, OSError) or is_unusable:
            raise EgretError(
                f"the spool cannot be used: {error}.",
                where=str(folder / NAME),
                fix="make room on the disk; the agent must be able to write there, and no other program hold the file.",
                code="E-SPOOL-002",
            ) from error
        raise Damaged(
            f"the spool is damaged: {error}.",
            where=str(folder / NAME),
            fix=f"an agent that opens it sets it aside and begins a new one; keep {NAME}* for examination.",
            code="E-SPOOL-001",
        ) from error
