"""Opening a ledger: migrations, old and new files, and what is said when it cannot be opened."""

import asyncio
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import servers
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, make_url, select, text

from cloud import migrations
from cloud.database import Database
from cloud.schema import base, cases
from wire.errors import Rejected, Unavailable


def test_the_tables_name_the_last_migration() -> None:
    """Opening compares with `REVISION` alone, so it must be the head of the only branch."""
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [base.REVISION]


async def test_opening_a_ledger_that_is_up_to_date_imports_no_alembic(tmp_path: Path) -> None:
    """A restart must not pay for migrations that are done."""
    async with Database(tmp_path / "ledger.sqlite"):
        pass
    code = (
        "import asyncio, sys\nfrom cloud.database import Database\n"
        "async def main():\n async with Database(sys.argv[1]): pass\n"
        "asyncio.run(main())\nprint('cloud.database' in sys.modules, 'alembic' in sys.modules)"
    )
    asking = [sys.executable, "-c", code, str(tmp_path / "ledger.sqlite")]
    done = subprocess.run(asking, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    assert done.stdout == "True False\n"


async def test_every_commit_is_on_the_disk(tmp_path: Path) -> None:
    """A power cut takes nothing that was receipted: write-ahead log, synchronous FULL, foreign keys."""
    async with Database(f"sqlite:///{tmp_path}/ledger.sqlite") as database:
        assert await database.write(settings("PRAGMA", "journal_mode", "synchronous", "foreign_keys")) == ["wal", 2, 1]


async def test_a_ledger_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    """It holds the hashes of passwords, and so do the files beside it: mode 0600, whatever the folder's is."""
    async with Database(tmp_path / "ledger.sqlite") as database:
        await database.write(settings("PRAGMA", "journal_mode"))
        files = list(tmp_path.iterdir())
        assert {path.name for path in files} >= {"ledger.sqlite", "ledger.sqlite-wal"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_a_receipt_is_worth_its_name_on_any_server(postgresql_url: str) -> None:
    """Where the administrator lets commits return before they are on the disk, ours do not."""
    sloppy = make_url(postgresql_url).update_query_dict({"options": "-c synchronous_commit=off"})
    async with Database(sloppy.render_as_string(hide_password=False)) as database:
        asked = ("synchronous_commit", "transaction_isolation", "lock_timeout")
        assert await database.write(settings("SHOW", *asked)) == ["on", "read committed", "5s"]
        assert await database.read(settings("SHOW", *asked)) == ["on", "repeatable read", "5s"]


def settings(ask: str, *names: str) -> Callable[[Connection], list[object]]:
    """What the connection of a transaction is set to."""
    return lambda connection: [connection.exec_driver_sql(f"{ask} {name}").scalar() for name in names]


async def test_a_reader_sees_one_instant(ledger_place: Path | str) -> None:
    """A case that another process opens between two questions of one answer is in neither."""
    async with Database(ledger_place) as database, Database(ledger_place) as other:
        has_asked, is_written = threading.Event(), threading.Event()

        def ask_twice(connection: Connection) -> list[int]:
            first = days(connection)
            has_asked.set()
            is_written.wait(60)
            return [first, days(connection)]

        asking = asyncio.create_task(database.read(ask_twice))
        await asyncio.to_thread(has_asked.wait, 60)
        await other.write(add_day("20261118"))
        is_written.set()
        assert await asking == [0, 0]
        assert await database.read(days) == 1


async def test_two_writers_take_turns(ledger_place: Path | str) -> None:
    """Of 20 days that two processes add at once none is lost, and none finds the other's count stale."""
    async with Database(ledger_place) as database, Database(ledger_place) as other:

        def count_and_add(connection: Connection) -> None:
            add_day(f"{days(connection):08d}")(connection)

        await asyncio.gather(*(one.write(count_and_add) for _ in range(10) for one in (database, other)))
        assert await database.read(days) == 20


async def test_what_the_database_never_takes_is_rejected(ledger_place: Path | str) -> None:
    """A row that breaks a constraint is not tried for ever: it goes to quarantine."""
    async with Database(ledger_place) as database:
        await database.write(add_day("20261118"))
        with pytest.raises(Rejected, match=r": the ledger does not take this: .*(UNIQUE|unique).*E-LEDG-003"):
            await database.write(add_day("20261118"))


def days(connection: Connection) -> int:
    """Rows of the plainest table there is."""
    return connection.execute(select(func.count()).select_from(cases.case_days)).scalar_one()


def add_day(day: str) -> Callable[[Connection], None]:
    """One more row."""
    return lambda connection: connection.execute(cases.case_days.insert().values(day=day, cases=1)) and None


async def test_what_fails_leaves_nothing(ledger_place: Path | str) -> None:
    """A transaction that raises is undone, whatever it raises."""
    async with Database(ledger_place) as database:

        def fail(connection: Connection) -> None:
            connection.execute(cases.case_days.insert().values(day="20261118", cases=1))
            raise LookupError("undo")

        with pytest.raises(LookupError, match="undo"):
            await database.write(fail)
        assert await database.read(lambda connection: connection.execute(select(cases.case_days)).all()) == []


async def test_a_newer_ledger_is_not_touched(ledger_place: Path | str) -> None:
    """A program that was rolled back says which version it needs, and changes nothing."""
    async with Database(ledger_place) as database:
        await database.write(
            lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'")) and None
        )
    with pytest.raises(Unavailable, match=rf"revision 9999.*knows {base.REVISION}.*newer egret.*E-LEDG-002"):
        async with Database(ledger_place):
            pass


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message has the file, the reason and what to look at."""
    with pytest.raises(Unavailable, match=r"nowhere/ledger.sqlite: .*unable to open.*fix: see that its folder exists"):
        async with Database(tmp_path / "nowhere" / "ledger.sqlite"):
            pass


async def test_a_file_that_is_no_ledger_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody's notes under the ledger's name stay what they are."""
    notes = tmp_path / "ledger.sqlite"
    notes.write_text("remember the milk " * 100)
    with pytest.raises(Unavailable, match=r"not a database.*E-LEDG-001"):
        async with Database(notes):
            pass
    assert notes.read_text().startswith("remember the milk")


async def test_a_server_that_is_not_there_is_named(free_port: int) -> None:
    """The message has the URL without its password, the reason and what to look at."""
    url = f"postgresql+psycopg://egret:secret@127.0.0.1:{free_port}/egret"
    with pytest.raises(Unavailable, match=r"egret:\*\*\*@.*refused.*fix: see that the server runs.*E-LEDG-001"):
        async with Database(url):
            pass


async def test_who_may_not_log_in_is_told(postgresql_url: str) -> None:
    """A wrong password is no defect of Egret."""
    wrong = make_url(postgresql_url).set(password="wrong").render_as_string(hide_password=False)
    with pytest.raises(Unavailable, match=r"password authentication failed.*E-LEDG-001"):
        async with Database(wrong):
            pass


async def test_who_may_not_make_tables_is_told(postgresql_url: str) -> None:
    """The administrator gave a user, but not the database."""
    async with Database(postgresql_url) as database:
        await database.write(
            lambda connection: connection.execute(text("CREATE ROLE guest LOGIN PASSWORD 'guest'")) and None
        )
    guest = make_url(postgresql_url).set(username="guest", password="guest").render_as_string(hide_password=False)
    with pytest.raises(Unavailable, match=r"permission denied.*the user .* owns the ledger's tables.*E-LEDG-001"):
        async with Database(guest):
            pass


async def test_a_database_for_western_letters_is_refused(postgresql_server: servers.PostgreSQL) -> None:
    """同安区 could not be written into it: that is said at the start, not at the first alarm."""
    narrow = postgresql_server.new_database("template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(Unavailable, match=r"encoding LATIN1.*createdb .*--encoding=UTF8.*E-LEDG-005"):
        async with Database(narrow):
            pass


async def test_the_driver_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's driver is an extra: whoever forgot it is told its name."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match=r"needs psycopg.*pip install egret-city\[cloud,postgresql\].*E-LEDG-004"):
        Database("postgresql+psycopg://egret@db.example/egret")


async def test_a_server_that_was_restarted_is_found_again(tmp_path: Path) -> None:
    """The first call after it is back succeeds; those of meanwhile say Unavailable, so that lanes try again."""
    with servers.postgresql(tmp_path) as server:
        async with Database(server.new_database()) as database:
            await database.write(add_day("20261118"))
            server.stop()
            for call in (database.write, database.read):
                with pytest.raises(Unavailable, match=r"E-LEDG-001"):
                    await call(days)
            server.start()
            assert await database.read(days) == 1
            server.kill()
            server.start()
            await database.write(add_day("20261119"))
            assert await database.read(days) == 2


async def test_a_connection_lost_in_a_transaction_undoes_it(postgresql_url: str) -> None:
    """The administrator ends our session half-way: nothing of it is there, and the same again succeeds."""
    async with Database(postgresql_url) as database, Database(postgresql_url) as other:

        def add_and_be_cut_off(connection: Connection) -> None:
            add_day("20261118")(connection)
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with other._reader.connect() as administrator:
                administrator.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")

        with pytest.raises(Unavailable, match=r"E-LEDG-001"):
            await database.write(add_and_be_cut_off)
        await database.write(add_day("20261118"))
        assert await database.read(days) == 1
