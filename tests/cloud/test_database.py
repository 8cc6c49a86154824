"""Opening a ledger: migrations, old and new files, and what is said when it cannot be opened."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text

from cloud import migrations
from cloud.database import Database
from cloud.schema import base, cases
from wire.errors import Unavailable


async def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    """What a new ledger gets is what the code expects, column by column and index by index."""
    async with Database(tmp_path / "ledger.sqlite") as database:
        differences = await database.read(
            lambda connection: compare_metadata(MigrationContext.configure(connection), base.metadata)
        )
    assert differences == []


def test_the_tables_name_the_last_migration() -> None:
    """Opening compares with `REVISION` alone, so it must be the head of the only branch."""
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [base.REVISION]


async def test_the_migrations_lead_back_to_nothing(tmp_path: Path) -> None:
    """Every upgrade has its downgrade."""
    async with Database(tmp_path / "ledger.sqlite") as database:

        def down(connection: Connection) -> list[str]:
            config = Config()
            config.set_main_option("script_location", str(Path(migrations.__file__).parent))
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
            return inspect(connection).get_table_names()

        assert await database.write(down) == ["alembic_version"]


async def test_opening_a_ledger_that_is_up_to_date_imports_no_alembic(tmp_path: Path) -> None:
    """A restart must not pay for migrations that are done."""
    async with Database(tmp_path / "ledger.sqlite"):
        pass
    code = (
        "import asyncio, sys\nfrom cloud.database import Database\n"
        "async def main():\n async with Database(sys.argv[1]): pass\n"
        "asyncio.run(main())\nassert 'alembic' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "ledger.sqlite")], cwd=root, check=True)


async def test_every_commit_is_on_the_disk(tmp_path: Path) -> None:
    """A power cut takes nothing that was receipted: write-ahead log, synchronous FULL, foreign keys."""
    async with Database(f"sqlite:///{tmp_path}/ledger.sqlite") as database:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = await database.write(
            lambda connection: [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]
        )
    assert found == ["wal", 2, 1]


async def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """A transaction that raises is undone, whatever it raises."""
    async with Database(tmp_path / "ledger.sqlite") as database:

        def fail(connection: Connection) -> None:
            connection.execute(cases.case_days.insert().values(day="20261118", cases=1))
            raise LookupError("undo")

        with pytest.raises(LookupError, match="undo"):
            await database.write(fail)
        assert await database.read(lambda connection: connection.execute(select(cases.case_days)).all()) == []


async def test_a_newer_ledger_is_not_touched(tmp_path: Path) -> None:
    """A program that was rolled back says which version it needs, and changes nothing."""
    async with Database(tmp_path / "ledger.sqlite") as database:
        await database.write(
            lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'")) and None
        )
    with pytest.raises(Unavailable, match=r"revision 9999.*knows 0003.*newer egret.*E-LEDG-002"):
        async with Database(tmp_path / "ledger.sqlite"):
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
