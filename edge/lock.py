"""One agent a data folder: two would number the same sequences twice."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wire.errors import EgretError

_NAME = "lock"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs; the lock ends with the process. Raises EgretError when it is held."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NAME).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EgretError(
                "another agent uses this folder.",
                where=str(folder),
                fix="stop it, or give each box a --data folder of its own.",
                code="E-EDGE-002",
            ) from error
        yield
