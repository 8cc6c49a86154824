"""A column whose index the database should leave alone, where another one is known to be better.

SQLite keeps no statistics of ours and takes the index of a unit's cases to find the few that are open.
A plus before the column keeps it from that (its manual: "Disqualifying WHERE Clause Terms Using
Unary-+"). PostgreSQL knows better by itself, and would only be misled about how many rows there are.
"""

from typing import Any

from sqlalchemy import Column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Unindexed(FunctionElement[Any]):
    """Of this column's type and value."""

    name = "unindexed"
    inherit_cache = True

    def __init__(self, column: Column[Any]) -> None:
        """Of one column."""
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Unindexed, "sqlite")
def _with_plus(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"
