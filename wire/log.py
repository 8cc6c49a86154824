"""Logs: one line a record on stderr, with time (UTC), level, logger and message; stdout belongs to data."""

import logging
import sys
import time


def setup(*, verbose: bool) -> None:
    """Once, at the root of the command; `verbose` shows debug records of our own packages."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for package in ("edge", "cloud", "wire"):
        logging.getLogger(package).setLevel(logging.DEBUG if verbose else logging.INFO)
    for library in ("pymodbus", "mqtt", "httpx", "alembic"):
        logging.getLogger(library).setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    """A record is one line; what must be longer (a traceback) is indented below it."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", "\n    ")
