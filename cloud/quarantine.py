"""What cannot be decoded or stored: set aside with its reason, counted, listed, replayed.

One file a message, named by its content, so that a message that comes again and again is kept once
and counted. Bounded: the oldest go first when the folder is full. Never blocks its lane.
This is one of the two places with a broad `except`: a message that breaks our own code is set
aside like any other poison, and the lane goes on.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from cloud.ports import Now
from wire.errors import EgretError, LinkError, Unavailable

_log = logging.getLogger(__name__)
_BYTES_MAX = 256 * 1024 * 1024


class Poison(msgspec.Struct, frozen=True):
    """A message set aside. `times` counts how often it came; `first_ns`, `last_ns` when."""

    id: str
    topic: str
    payload: bytes
    reason: str
    first_ns: int
    last_ns: int
    times: int = 1


class Quarantine:
    """A folder of poison. Small and rare writes: done at once, on the loop."""

    def __init__(self, folder: Path, now: Now, bytes_max: int = _BYTES_MAX) -> None:
        """`folder` is made when the first message comes."""
        self._folder, self._now, self._bytes_max = folder, now, bytes_max

    def put(self, topic: str, payload: bytes, reason: str) -> Poison:
        """Set a message aside; the log says it once a message."""
        name = hashlib.sha256(topic.encode() + b"\0" + payload).hexdigest()[:16]
        known = self._read(self._folder / name)
        now = self._now()
        if known is None:
            poison = Poison(name, topic, payload, reason, now, now)
            _log.warning("quarantine %s: %s: %s", name, topic, reason)
        else:
            poison = msgspec.structs.replace(known, reason=reason, last_ns=now, times=known.times + 1)
        self._folder.mkdir(parents=True, exist_ok=True)
        written = self._folder / f".{name}"
        written.write_bytes(msgspec.msgpack.encode(poison))
        written.replace(self._folder / name)
        self._make_room()
        return poison

    def all(self) -> tuple[Poison, ...]:
        """Oldest first."""
        found = [self._read(path) for path in self._files()]
        return tuple(sorted((poison for poison in found if poison), key=lambda poison: poison.first_ns))

    def get(self, name: str) -> Poison | None:
        """One message by its id."""
        return self._read(self._folder / Path(name).name)

    def drop(self, name: str) -> None:
        """Forget a message, because it was replayed or is worth nothing."""
        (self._folder / Path(name).name).unlink(missing_ok=True)

    async def guard(self, topic: str, payload: bytes, handle: Callable[[], Awaitable[None]]) -> bool:
        """Run one message's handler; what it cannot take is set aside. True when it was handled.

        Raises Unavailable and LinkError: the message is not to blame, and comes again.
        """
        try:
            await handle()
        except (Unavailable, LinkError):
            raise
        except EgretError as error:
            self.put(topic, payload, str(error))
        except Exception as error:
            _log.exception("defect while handling %s", topic)
            self.put(topic, payload, f"defect: {error!r}")
        else:
            return True
        return False

    def _files(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [path for path in self._folder.iterdir() if not path.name.startswith(".")]

    @staticmethod
    def _read(path: Path) -> Poison | None:
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=Poison)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError:
            _log.warning("quarantine: %s is damaged and is passed over", path)
            return None

    def _make_room(self) -> None:
        files = sorted((path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._files())
        excess = sum(size for _, size, _ in files) - self._bytes_max
        for _, size, path in files:
            if excess <= 0:
                return
            _log.warning("quarantine is full: %s is dropped", path.name)
            path.unlink()
            excess -= size
