"""The ledger's database: opened with its tables up to date, and its errors as ours.

SQLite is a file, PostgreSQL a URL. Reads and writes take turns among themselves, off the event loop.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Executable,
    Integer,
    Table,
    exc,
    inspect,
    make_url,
    text,
)

from cloud import migrations
from cloud.engine import open_engine, plainly, reader_of, require_unicode
from cloud.schema.base import REVISION
from wire.blocking import OneAtATime
from wire.errors import Unavailable

T = TypeVar("T")

_VERSION_TABLE = "alembic_version"
_SUMS_SINCE = "0003"
"""Before this revision the sums over cases were not kept."""


class Database:
    """An async context manager. A call gets a connection inside a transaction, and returns values, never rows."""

    def __init__(self, url_or_path: str | Path) -> None:
        """Nothing is opened yet. Raises Unavailable when the driver is not installed."""
        text_form = str(url_or_path)
        is_url = "://" in text_form
        self.url = make_url(text_form) if is_url else URL.create("sqlite", database=text_form)
        self.where = self.url.render_as_string(hide_password=True) if is_url else text_form
        self._engine = open_engine(self.url)
        self._reader = reader_of(self._engine)
        self._reading, self._writing = OneAtATime(), OneAtATime()

    async def __aenter__(self) -> Self:
        """Raises Unavailable."""
        await self._writing(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._writing(self._engine.dispose)

    async def read(self, call: Callable[[Connection], T]) -> T:
        """What `call` finds, all of one instant. Raises Unavailable."""
        return await self._reading(self._in_transaction, self._reader, call)

    async def write(self, call: Callable[[Connection], T]) -> T:
        """What `call` returns; all it did is durable, or nothing. Raises Unavailable, and Rejected for bad data."""
        return await self._writing(self._in_transaction, self._engine, call)

    def _in_transaction(self, engine: Engine, call: Callable[[Connection], T]) -> T:
        with self._said_plainly(), engine.begin() as connection:
            return call(connection)

    def _open(self) -> None:
        if self.url.get_backend_name() == "sqlite" and self.url.database:
            with suppress(OSError):  # SQLite says better what is wrong with a folder
                Path(self.url.database).touch(mode=0o600)  # it holds the hashes of passwords; SQLite would make it 0644
        with ExitStack() as unless_open, self._said_plainly():
            unless_open.callback(self._engine.dispose)
            with self._reader.begin() as connection:
                require_unicode(connection, self.where)
                revision = _revision(connection)
            if revision is not None and revision > REVISION:
                raise Unavailable(
                    f"this ledger has revision {revision}, and this program knows {REVISION}.",
                    where=self.where,
                    fix="a newer egret wrote it: install that version or a newer one.",
                    code="E-LEDG-002",
                )
            if revision != REVISION:
                with self._engine.begin() as connection:
                    _upgrade(connection)
                    if revision is not None and revision < _SUMS_SINCE:
                        _sum_up(connection)
            unless_open.pop_all()

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        try:
            yield
        except (exc.DatabaseError, exc.InterfaceError) as error:
            raise plainly(error, self.where) from error


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, only_above: Column[Any] | None = None
) -> None:
    """Insert rows, or overwrite those with the same primary key; `only_above`: only when that column rises."""
    name = "" if only_above is None else only_above.name
    connection.execute(_overwriting(connection.dialect.name, table, name), rows)


def increase(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the numbers of these rows to those with the same primary key, or insert them."""
    if rows:
        connection.execute(_adding(connection.dialect.name, table), rows)


# To put one of these statements together takes as long as to execute it: each is made once.


@cache
def _overwriting(dialect: str, table: Table, only_above: str) -> Executable:
    statement = _insert(dialect, table)
    given = statement.excluded
    new = {column.name: given[column.name] for column in table.c if not column.primary_key}
    is_wanted = given[only_above] > table.c[only_above] if only_above else None
    keys = [*table.primary_key]
    changed: Executable = statement.on_conflict_do_update(index_elements=keys, set_=new, where=is_wanted)
    return changed


@cache
def _adding(dialect: str, table: Table) -> Executable:
    statement = _insert(dialect, table)
    given = statement.excluded
    sums = {
        column.name: column + given[column.name]
        for column in table.c
        if not column.primary_key and isinstance(column.type, Integer)
    }
    changed: Executable = statement.on_conflict_do_update(index_elements=[*table.primary_key], set_=sums)
    return changed


def _insert(dialect: str, table: Table) -> Any:
    """The words of `ON CONFLICT` are common to SQLite and PostgreSQL, but SQLAlchemy keeps them in each dialect."""
    return importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def built(kind: type[T], row: Mapping[Any, Any], **more: object) -> T:
    """A struct from the columns of a row and whatever else it has."""
    # SQLAlchemy names columns that are words of SQL by its own kind of str, which msgspec does not take.
    return msgspec.convert({str(name): value for name, value in row.items()} | more, kind)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _upgrade(connection: Connection) -> None:
    """Alembic takes 0.2 s to import, so it is imported when there is something to do."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sum_up(connection: Connection) -> None:
    from cloud.tables import tallies  # noqa: PLC0415 - it imports this module

    tallies.rebuild(connection)
