"""One agent a data folder: two would number the same sequences twice."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wire.errors import EgretError

_NAME = "lock"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs; the lock ends with the process.

    Raises EgretError when another agent holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _NAME).open("w")
    except OSError as error:
        raise EgretError(
            f"the agent cannot keep anything here: {error.strerror}.",
            where=str(folder),
            fix="let its user write there (chown), or give another folder with --data.",
            code="E-EDGE-003",
        ) from error
    with file:
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
