"""The folder of messages set aside: one file each, named by its content, bounded.

A message that comes again and again is kept once and counted. When the folder is full, those that
have not come for the longest time go first. What is put is synchronised to the disk: a receipt may
let the box forget it.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from cloud.ports import Now
from wire.errors import Unavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)
_BYTES_MAX = 256 * 1024 * 1024
_MESSAGES_MAX = 10_000
_REASON_MAX = 500
_ID = re.compile(r"[0-9a-f]{16}")


class Cause(StrEnum):
    """Why a message is here, which decides how it is replayed."""

    UNREADABLE = "unreadable"
    """It was never taken: its box is not receipted for it and sends it again."""
    REFUSED = "refused"
    """It was taken, and the store refuses it: nobody else has it any more."""


class Summary(msgspec.Struct, frozen=True):
    """A message without its payload. `times` counts how often it came; `first_ns`, `last_ns` when."""

    id: str
    topic: str
    cause: Cause
    reason: str
    size: int
    first_ns: int
    last_ns: int
    times: int


class Poison(Summary, frozen=True):
    """A message set aside."""

    payload: bytes

    @property
    def summary(self) -> Summary:
        """Without the payload."""
        return Summary(**{name: getattr(self, name) for name in Summary.__struct_fields__})


class PoisonFolder:
    """Every call blocks. Another process may read the folder, or drop from it, at the same time."""

    def __init__(
        self, folder: Path, now: Now, *, bytes_max: int = _BYTES_MAX, messages_max: int = _MESSAGES_MAX
    ) -> None:
        """`folder` is made when the first message comes."""
        self._folder, self._now = folder, now
        self._bytes_max, self._messages_max = bytes_max, messages_max
        self._bytes, self._messages = 0, messages_max
        """As counted last, and grown since; seems full until the first count."""

    def put(self, topic: str, payload: bytes, reason: str, cause: Cause = Cause.UNREADABLE) -> Summary:
        """Keep a message; the log says it once. Raises Unavailable."""
        name = hashlib.sha256(f"{topic}\0{cause}\0".encode() + payload).hexdigest()[:16]
        now, short = self._now(), _clipped(reason)
        with self._said_plainly():
            known = self._read(self._folder / name, Poison)
            if known is None:
                poison = Poison(name, _clipped(topic), cause, short, len(payload), now, now, 1, payload)
                _log.warning("quarantine %s: %s: %s", name, poison.topic, short)
            else:
                poison = msgspec.structs.replace(known, reason=short, last_ns=now, times=known.times + 1)
            self._write(name, msgspec.msgpack.encode(poison))
            self._make_room(0 if known else len(payload))
        return poison

    def summaries(self) -> list[Summary]:
        """In the order they came last. Raises Unavailable."""
        with self._said_plainly():
            found = (self._read(path, Summary) for path, _ in self._files())
            return [summary for summary in found if summary]

    def get(self, name: str) -> Poison | None:
        """One message by its id. Raises Unavailable."""
        with self._said_plainly():
            return self._read(self._folder / name, Poison) if _ID.fullmatch(name) else None

    def drop(self, name: str) -> None:
        """Forget a message, because it was replayed or is worth nothing. Raises Unavailable."""
        with self._said_plainly():
            if _ID.fullmatch(name):
                (self._folder / name).unlink(missing_ok=True)

    def _files(self) -> list[tuple[Path, int]]:
        """With their sizes; those written longest ago first."""
        if not self._folder.is_dir():
            return []
        with os.scandir(self._folder) as entries:
            found = [(entry.stat(), entry.path) for entry in entries if _ID.fullmatch(entry.name)]
        return [(Path(path), stat.st_size) for stat, path in sorted(found, key=lambda one: one[0].st_mtime_ns)]

    @staticmethod
    def _read(path: Path, kind: type[T]) -> T | None:
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            _log.warning("quarantine: %s is damaged and is passed over", path)
            return None

    def _write(self, name: str, data: bytes) -> None:
        """Either all of it is on the disk, or what was there before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{name}"
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _make_room(self, grown: int) -> None:
        """Looks into the folder only when it seems full; when it is, an eighth of it becomes free."""
        self._bytes, self._messages = self._bytes + grown, self._messages + bool(grown)
        if self._has_room(1.0):
            return
        files = self._files()
        self._bytes, self._messages = sum(size for _, size in files), len(files)
        if self._has_room(1.0):
            return
        for path, size in files:
            if self._has_room(7 / 8):
                break
            path.unlink(missing_ok=True)
            self._bytes, self._messages = self._bytes - size, self._messages - 1
        _log.warning("quarantine is full: the %d oldest messages are dropped", len(files) - self._messages)

    def _has_room(self, share: float) -> bool:
        return self._messages <= self._messages_max * share and self._bytes <= self._bytes_max * share

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"the quarantine cannot be used: {error.strerror or error}",
                where=str(self._folder),
                fix="see that the folder can be read and written, and that the disk has space.",
                code="E-QUAR-001",
            ) from error


def _clipped(text: str) -> str:
    """Short, and harmless on a terminal: it may quote what somebody sent."""
    return "".join(character if character.isprintable() else "�" for character in text[:_REASON_MAX])
