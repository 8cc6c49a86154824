"""What a box's own log said lately, kept on its disk in two files of bounded size, so that it can be asked for it.

    log.ndjson      the newest lines, one JSON object each
    log.ndjson.1    those before them

What goes to stderr goes here, too, and outlasts the process: the lines before it died are the ones that people ask
for. Where the disk refuses, lines are missing here and nowhere else.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

import msgspec

from edge.ports import Now
from wire.bounded import UNDECODABLE
from wire.command import LogLine

NAME = "log.ndjson"
FILE_MOST = 256 * 1024
"""Bytes of each of the two files (judgement: some thousand lines)."""
TEXT_MOST = 4_000
"""Characters of one record; the end of a traceback says more than its beginning."""
_LOGIN = re.compile(r"://[^/\s@]+@")
"""Nothing of ours logs a password. Were it part of an address that somebody else logs, it would not be kept."""


class OwnLog(RotatingFileHandler):
    """A handler for the root logger; `tail` reads what it has kept."""

    def __init__(self, data: Path) -> None:
        """`data` is where the box keeps its spool; opened when there is something to say."""
        super().__init__(data / NAME, maxBytes=FILE_MOST, backupCount=1, encoding="utf-8", delay=True)
        self._files = (data / f"{NAME}.1", data / NAME)

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        text = _LOGIN.sub("://…@", super().format(record))
        if len(text) > TEXT_MOST:
            text = f"…{text[-TEXT_MOST:]}"
        said = LogLine(round(record.created * 1e9), record.levelname, record.name, text)
        return msgspec.json.encode(said).decode()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A disk that refuses is not said in the log that it refuses."""

    def tail(self, lines: int, since_s: float, now: Now) -> tuple[LogLine, ...]:
        """The last lines, in order, none older than `since_s` seconds unless that is 0."""
        found = [line for path in self._files for line in _read(path)]
        since_ns = now() - round(since_s * 1e9) if since_s else 0
        return tuple([line for line in found if line.time_ns >= since_ns][-lines:])


@contextmanager
def kept_in(data: Path) -> Iterator[OwnLog]:
    """While the block runs, all that is logged is kept there."""
    handler = OwnLog(data)
    logging.getLogger().addHandler(handler)
    try:
        yield handler
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def _read(path: Path) -> list[LogLine]:
    """Those that can be read: a power cut tears the last one."""
    found = []
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    for text in raw.splitlines():
        try:
            found.append(msgspec.json.decode(text, type=LogLine))
        except UNDECODABLE:
            continue
    return found
