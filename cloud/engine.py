"""The two databases a ledger may be in, made to behave alike: one writer at a time, patient for a while.

Both are synchronised to the disk at every commit. A writer takes a lock when it begins and holds it to
the commit: SQLite by itself, PostgreSQL by an advisory lock. So ids rise in the order of the commits,
and nobody who follows the event log can pass one that becomes visible later; a writer never finds what
it has read stale, and two never wait for each other. A reader waits for nobody, and sees one instant.
"""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from wire.errors import Rejected, StoreError, Unavailable

PATIENCE_MS = 5_000
"""How long a writer waits for another process before it gives up for now."""
CHANNEL = "egret_ledger"
"""What PostgreSQL's listeners listen to."""
_WRITERS = 0x6567_7265_74
"""The advisory lock; any number, the same in every process. It spells egret."""
_OPTIONS = {
    "application_name": "egret",
    "connect_timeout": "5",
    # A network that has gone silent is noticed within half a minute, not after TCP's two hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_IDLE_MS = 30_000
"""A process that was frozen inside a transaction holds up all others no longer than this."""


def open_engine(url: URL) -> Engine:
    """Nothing is connected yet. Raises Unavailable when the driver is not installed."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_engine(with_options(url), pool_pre_ping=True, isolation_level="READ COMMITTED")
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"a ledger on PostgreSQL needs {error.name}, which is not installed.",
            where=url.render_as_string(hide_password=True),
            fix="pip install egret-city[cloud,postgresql]",
            code="E-LEDG-004",
        ) from error
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def reader_of(engine: Engine) -> Engine:
    """The same connections, for transactions that only read."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(is_reading=True)
    return engine.execution_options(is_reading=True, isolation_level="REPEATABLE READ", postgresql_readonly=True)


def with_options(url: URL) -> URL:
    """A PostgreSQL URL with libpq's options as we want them, unless it has its own."""
    return url.set(query=_OPTIONS | dict(url.query))


def require_unicode(connection: Connection, where: str) -> None:
    """Names of places are Chinese. Raises Unavailable when the database cannot hold them."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise Unavailable(
            f"this database has the encoding {encoding}, and the ledger needs UTF8.",
            where=where,
            fix="make it again: createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME",
            code="E-LEDG-005",
        )


def plainly(error: exc.DBAPIError, where: str) -> StoreError:
    """What a person should know of a database's error: Rejected when it is about the data, otherwise Unavailable."""
    if isinstance(error, exc.DataError | exc.IntegrityError):
        return Rejected(
            f"the ledger does not take this: {_reason(error.orig)}",
            where=where,
            fix="correct what is sent; report it when nothing is wrong with it.",
            code="E-LEDG-003",
        )
    return unavailable(error.orig, where)


def unavailable(error: BaseException | None, where: str) -> Unavailable:
    """The driver's own error, and what to look at."""
    if where.startswith("postgresql"):
        fix = "see that the server runs and is reachable, and that the user may log in and owns the ledger's tables."
    else:
        fix = "see that its folder exists, can be written and has space, and that no other program holds it."
    return Unavailable(f"the ledger cannot be used now: {_reason(error)}", where=where, fix=fix, code="E-LEDG-001")


def _reason(error: BaseException | None) -> str:
    return " ".join(str(error).split())


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # pysqlite begins too late by itself; `_begin_sqlite` does it
    for pragma in (
        f"busy_timeout = {PATIENCE_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock when it begins: it waits for another process, and never finds its reading stale."""
    connection.exec_driver_sql("BEGIN" if _is_reading(connection) else "BEGIN IMMEDIATE")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = {PATIENCE_MS}")
    connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
    # A plan for any period would be one for none: after its fifth time a list of a year took 1.2 s instead of 30 ms.
    connection.execute("SET plan_cache_mode = force_custom_plan")
    # A receipt says that something is on the disk, whatever the server's default is.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()
    connection.adapters.register_dumper(str, _text_dumper())


def _text_dumper() -> type[Any]:
    """PostgreSQL's text has no NUL. One in a box's or a person's words must not keep out the rest."""
    from psycopg.types.string import StrDumper  # noqa: PLC0415 - only where PostgreSQL is used

    class TextDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    return TextDumper


def _begin_postgresql(connection: Connection) -> None:
    """A statement after the lock sees everything that was committed under it: the isolation is READ COMMITTED."""
    if not _is_reading(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _is_reading(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("is_reading", False))
