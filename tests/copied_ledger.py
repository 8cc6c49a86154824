"""Ledgers of SQLite that are copies of one: all migrations take a tenth of a second, for each of a thousand ledgers."""

from collections.abc import Callable

from sqlalchemy import Connection, inspect

Upgrade = Callable[[Connection], None]


def copying(upgrade: Upgrade) -> Upgrade:
    """Migrates the first new ledger of this process, and gives every other one the tables that it got."""
    statements: list[str] = []

    def copied(connection: Connection) -> None:
        is_new = connection.dialect.name == "sqlite" and not inspect(connection).get_table_names()
        if is_new and statements:
            for statement in statements:
                connection.exec_driver_sql(statement)
            return
        upgrade(connection)
        if is_new:
            dump = connection.connection.driver_connection.iterdump()  # type: ignore[union-attr]
            statements[:] = [one for one in dump if one not in {"BEGIN TRANSACTION;", "COMMIT;"}]

    return copied
