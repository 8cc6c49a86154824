"""map.json on disk: written whole or not at all, and read again when it has changed."""

import contextlib
import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from wire import city_map
from wire.city_map import CityMap
from wire.errors import ConfigError, Mistake

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """A map, or none, and a mark that changes when it does."""

    city_map: CityMap | None = None
    mark: str = "none"


class MapFile:
    """What is in the file now. A file that is not there is no map; one that cannot be read is none either, and logged.

    A map that is built while the cloud runs is on the board when a page is opened next.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Without a path there never is a map."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._served = Served()

    def newest(self) -> Served:
        """Asks the disk whether the file has changed; reads it (30 kB, a millisecond) only then."""
        seen = self._state()
        if seen != self._seen:
            self._seen, self._served = seen, self._read() if seen else Served()
        return self._served

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None

    def _read(self) -> Served:
        assert self._path is not None, "a file that is not named has no state"
        try:
            found = city_map.read(self._path)
        except ConfigError as error:
            _LOG.warning("the board has no map: %s", error)
            return Served()
        return Served(found, hashlib.sha256(city_map.encode(found)).hexdigest()[:16])


def write(path: Path, found: CityMap) -> bytes:
    """What is in the file then, also after a power cut: the old map or the new one. Raises ConfigError."""
    content = city_map.encode(found)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        what, fix = f"cannot write the map: {error.strerror}.", "see to its folder, or name another file with --out"
        raise ConfigError([Mistake(str(path), what, fix, "E-MAP-018")]) from error
    return content
