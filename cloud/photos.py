"""Photos of cases: cleaned (`wire.picture`), and kept by their hash."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wire.blocking import OneAtATime
from wire.errors import EgretError, Unavailable
from wire.picture import Photo, inspect

WAITING = 16
"""Photos that may wait to be decoded, each of up to 15 MB; the next is asked to come again."""
_HASH = re.compile(r"[0-9a-f]{64}")


class NoSuchPhoto(EgretError):
    """No photo has this hash."""


class PhotoFolder:
    """The folder of photos: `ab/abcdef….jpg`, named by the hash of the content.

    The same photo twice is one file. A file is there wholly or not at all, also after a power cut.
    Nothing that a stranger sends becomes part of a path.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is made when the first photo comes; it lies outside what a web server shows."""
        self._folder = folder
        # One decoder at a time bounds memory; who writes or reads need not wait for it.
        self._cleaning, self._keeping, self._reading = OneAtATime(), OneAtATime(), OneAtATime()
        self._waiting = 0

    async def clean(self, data: bytes) -> tuple[Photo, bytes]:
        """The photo in what was sent, and the bytes to keep of it. Raises PhotoRefused, Unavailable."""
        if self._waiting >= WAITING:
            fix = "send it again in a minute."
            raise Unavailable("too many photos come at this moment.", fix=fix, code="E-PHOTO-008")
        self._waiting += 1
        try:
            return await self._cleaning(inspect, data)
        finally:
            self._waiting -= 1

    async def keep(self, photo: Photo, clean: bytes) -> None:
        """What becomes part of a case; the same photo again changes nothing. Raises Unavailable."""
        await self._keeping(self._keep, photo, clean)

    async def read(self, name: str) -> bytes:
        """The JPEG with this hash. Raises NoSuchPhoto, Unavailable."""
        return await self._reading(self._read, name)

    def _keep(self, photo: Photo, clean: bytes) -> None:
        with self._said_plainly():
            path = self._path(photo.hash)
            if not path.exists():
                _write(path, clean)

    def _read(self, name: str) -> bytes:
        with self._said_plainly():
            try:
                return self._path(name).read_bytes()
            except FileNotFoundError as error:
                raise _no_such_photo(name) from error

    def _path(self, name: str) -> Path:
        if not _HASH.fullmatch(name):
            raise _no_such_photo(name)
        return self._folder / name[:2] / f"{name}.jpg"

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"the folder of photos cannot be used: {error.strerror or error}.",
                where=str(self._folder),
                fix="see that the folder can be read and written, and that the disk has space.",
                code="E-PHOTO-007",
            ) from error


def _no_such_photo(name: str) -> NoSuchPhoto:
    fix = "take the hash from the case; it has 64 hexadecimal digits."
    return NoSuchPhoto(f"there is no photo {name[:64]!r}.", fix=fix, code="E-PHOTO-006")


def _write(path: Path, data: bytes) -> None:
    """Beside it first, under a name of this writer alone: another process may keep the same photo."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    fresh = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
