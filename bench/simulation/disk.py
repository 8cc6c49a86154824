"""Disks of SQLite files: which bytes a power cut spares, and what a disk may refuse.

SQLite itself is not replaced: its files lie in memory (tmpfs), and this knows from SQLite's own rules what of
them is on the platter. In WAL mode a transaction that was committed with `synchronous = FULL` has synced the
log; one with NORMAL has not, and is safe when the log is synced next, or checkpointed. A power cut leaves the
log cut, torn or with a hole somewhere behind the last sync.
"""

import math
import shutil
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_HEADER = 32
_FRAME = 24 + 4096
_FULL = 2


@dataclass(slots=True)
class _Log:
    """Of one file: the log's salt, how many of its frames there are, and how many of them are synced."""

    salt: bytes = b""
    frames: int = 0
    synced: int = 0


@dataclass(slots=True)
class Disk:
    """Of one machine. It may be slow, refuse or have no room, until `heal`.

    `troubles`: how many of that there are, `trouble_s`: since when there are any. What one of them left unwritten, the
    next one keeps from being written.
    """

    root: Path
    rng: Random
    lives: int = 0
    most_s: float = 0.01
    refuses: Callable[[], Exception] | None = None
    fsync_fails: bool = False
    free: int = 2**40
    troubles: int = 0
    trouble_s: float = math.inf
    _logs: dict[Path, _Log] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    @property
    def folder(self) -> Path:
        """Where the present life of its program keeps everything."""
        return self.root / str(self.lives)

    def heal(self) -> None:
        """As good as new."""
        self.most_s, self.refuses, self.fsync_fails, self.free = 0.01, None, False, 2**40

    def wrote(self, file: Path, level: int) -> None:
        """Look at a file after a call that may have written; `level` is SQLite's `synchronous` then."""
        known, (salt, frames) = self._logs.setdefault(file, _Log()), _state(file)
        if (salt, frames) == (known.salt, known.frames):
            return
        if salt != known.salt:  # a new log: all of the one before is in the file, and synced
            known.salt, known.synced = salt, 0
        known.frames = frames
        if level >= _FULL:
            known.synced = frames

    def next_life(self, *, has_power: bool) -> None:
        """Copy what a dead program leaves behind; without power, what was not synced is lost."""
        before = self.folder
        self.lives += 1
        shutil.copytree(before, self.folder, ignore=shutil.ignore_patterns("*-shm"))
        if not has_power:
            for file, log in self._logs.items():
                self._tear(self.folder / file.relative_to(before).with_name(f"{file.name}-wal"), log)
        shutil.rmtree(before)
        self._logs.clear()

    def spoil(self, name: str) -> bool:
        """Overwrite a page of a file in the middle of it with noise; is there one?"""
        path = self.folder / name
        size = path.stat().st_size if path.exists() else 0
        if size < 3 * 4096:
            return False
        with path.open("r+b") as file:
            file.seek(4096 * self.rng.randrange(1, size // 4096))
            file.write(self.rng.randbytes(4096))
        return True

    def _tear(self, path: Path, log: _Log) -> None:
        if not path.exists():
            return
        safe, end = _HEADER + log.synced * _FRAME, _HEADER + log.frames * _FRAME
        if end <= safe:
            return
        at = self.rng.randrange(safe, end)
        with path.open("r+b") as file:
            if self.rng.random() < 0.5:
                file.truncate(at)
            else:
                file.seek(at)
                file.write(self.rng.randbytes(min(512, end - at)))


def _state(file: Path) -> tuple[bytes, int]:
    """Salt and frames of a file's log, as SQLite has them in its index of it."""
    try:
        with file.with_name(f"{file.name}-shm").open("rb") as index:
            header = index.read(48)
    except FileNotFoundError:
        return b"", 0
    return (header[32:40], struct.unpack_from("=I", header, 16)[0]) if len(header) == 48 else (b"", 0)


def refusal(code: int, text: str) -> Exception:
    """As SQLite refuses."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


def full() -> Exception:
    """No byte is left."""
    return refusal(sqlite3.SQLITE_FULL, "database or disk is full")


def read_only() -> Exception:
    """The file system was mounted anew, read-only."""
    return refusal(sqlite3.SQLITE_READONLY, "attempt to write a readonly database")


def broken() -> Exception:
    """The disk does not take a block."""
    return refusal(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error")


def unsynced() -> Exception:
    """The disk did not sync, and nobody knows what of it is there."""
    return refusal(sqlite3.SQLITE_IOERR_FSYNC, "disk I/O error")
