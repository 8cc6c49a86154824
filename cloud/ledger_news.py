"""Hearing of what another process has written to the ledger, so that two API processes tell the same.

PostgreSQL tells its listeners when a transaction that added events is committed (`NOTIFY`, sent in
`cloud.tables.events`). SQLite tells nobody: it is asked five times a second whether its file has
changed, which takes 10 µs. Either way the news is only that there is news; what it is, and in which
order, stands in the event log.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from cloud.database import Database
from cloud.engine import CHANNEL, unavailable, with_options
from cloud.outage import Outage
from wire.blocking import OneAtATime

if TYPE_CHECKING:
    from psycopg import AsyncConnection

POLL_S = 0.2


class LedgerNews:
    """Calls `wake` after every commit of events, those of this process too, and when some may have been missed."""

    def __init__(self, database: Database, wake: Callable[[], None], rng: Random) -> None:
        """Nothing is opened yet; `database` has been opened when `watch` begins."""
        self._database, self._wake = database, wake
        self._outage = Outage("news of the ledger", rng)

    async def watch(self) -> None:
        """Until cancelled. While the database is away it is tried again, said once in the log."""
        if self._database.url.get_backend_name() == "sqlite":
            await self._poll()
        else:
            await self._listen()

    async def _poll(self) -> None:
        file, off_loop = _File(self._database), OneAtATime()
        try:
            while True:
                if await self._outage.outlast(partial(off_loop, file.has_news)):
                    self._wake()
                await asyncio.sleep(POLL_S)
        finally:
            await off_loop(file.close)

    async def _listen(self) -> None:
        from psycopg import OperationalError  # noqa: PLC0415 - only where PostgreSQL is used

        while True:
            connection = await self._outage.outlast(self._connect)
            async with connection:
                self._wake()  # nobody has listened since the last connection was lost
                with suppress(OperationalError):
                    async for _ in connection.notifies():
                        self._wake()
            await asyncio.sleep(POLL_S)

    async def _connect(self) -> "AsyncConnection":
        """A connection of its own that listens. Raises Unavailable."""
        from psycopg import AsyncConnection, OperationalError  # noqa: PLC0415 - only where PostgreSQL is used

        url = with_options(self._database.url)
        _, options = url.get_dialect()().create_connect_args(url)
        try:
            connection = await AsyncConnection.connect(**options, autocommit=True)
            await connection.execute(f"LISTEN {CHANNEL}")
        except OperationalError as error:
            raise unavailable(error, self._database.where) from error
        return connection


class _File:
    """A kept connection to SQLite that only reads."""

    def __init__(self, database: Database) -> None:
        self._path, self._where = Path(database.url.database or "").absolute(), database.where
        self._connection: sqlite3.Connection | None = None
        self._version, self._newest = 0, 0

    def has_news(self) -> bool:
        """Has anybody added events since it was asked last? Raises Unavailable."""
        try:
            connection = self._connection = self._connection or self._open()
            # Another number than before when another connection has written, to whatever table.
            [version] = connection.execute("PRAGMA data_version").fetchone()
            if version == self._version:
                return False
            [newest] = connection.execute("SELECT max(id) FROM events").fetchone()
        except sqlite3.Error as error:
            self.close()
            raise unavailable(error, self._where) from error
        before, self._version, self._newest = self._newest, version, newest
        return bool(newest != before)

    def close(self) -> None:
        """To be opened again by the next question."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._version = 0

    def _open(self) -> sqlite3.Connection:
        # One call after the other uses it, each in whatever thread is free.
        uri = f"{self._path.as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
