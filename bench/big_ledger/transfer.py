"""The big ledger from SQLite into PostgreSQL, row for row, and then its indexes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, make_url, text

from cloud.engine import with_options
from cloud.schema.base import metadata

_AT_ONCE = 50_000


def transfer(path: Path, url: str) -> None:
    """Into the empty tables of a ledger; the user must be a superuser, for whom foreign keys can wait."""
    engine = create_engine(with_options(make_url(url)), isolation_level="AUTOCOMMIT")
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    with closing(sqlite3.connect(path)) as file, engine.connect() as connection:
        for index in indexes:
            index.drop(connection)
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SET synchronous_commit = off"))
        connection.execute(text("SET maintenance_work_mem = '512MB'"))
        for table in metadata.sorted_tables:
            _copy(file, connection, table)
        for index in indexes:
            index.create(connection)
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _copy(file: sqlite3.Connection, connection: Connection, table: Table) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in _rows(file, f'SELECT {names} FROM "{table.name}"'):
            copy.write_row(row)
    if table.c[0].name == "id" and table.c[0].identity is not None:
        place = f"pg_get_serial_sequence('{table.name}', 'id')"
        connection.execute(
            text(f'SELECT setval({place}, (SELECT coalesce(max(id), 0) + 1 FROM "{table.name}"), false)')
        )


def _rows(file: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    cursor = file.execute(query)
    while some := cursor.fetchmany(_AT_ONCE):
        yield from some
