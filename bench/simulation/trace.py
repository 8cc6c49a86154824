"""What happened in a run, in order: its hash says whether two runs were the same, its end explains a failure."""

import asyncio
import hashlib
import logging
from collections import deque

_SHOWN = 400


class Trace(logging.Handler):
    """Takes events of the simulation, and what the product says in its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._hash = hashlib.sha256()
        self.last: deque[str] = deque(maxlen=_SHOWN)
        self.defects: list[str] = []

    def add(self, what: str, where: str, payload: bytes = b"", text: str = "") -> None:
        """One event. `text` is shown and does not count: it may name folders."""
        at_s = asyncio.get_running_loop().time()
        self._hash.update(f"{at_s:.6f} {what} {where} ".encode() + payload)
        self.last.append(f"{at_s:10.3f} {what:8} {where} {text or payload[:120]!r}")

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the log; one with a traceback is a defect."""
        text = record.getMessage()
        if record.exc_info:
            self.defects.append(f"{text}: {record.exc_info[1]!r}")
        self.add("log", record.name, str(record.msg).encode(), text)

    def digest(self) -> str:
        """Of everything so far."""
        return self._hash.hexdigest()[:16]
