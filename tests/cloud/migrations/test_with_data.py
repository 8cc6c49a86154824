"""Migrations of a ledger that is in use, up and down, on both databases: nothing a city has written is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ledger_of_0001
import msgspec
import pytest
import small_city
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledger_of_0001 import DAY_1_NS, DAY_2_NS, ROWS, SECOND_NS
from sqlalchemy import Connection, Table, inspect, select, text

from cloud.cases import tally
from cloud.cases.practice import Practice
from cloud.cases.tally import FIGURES, Cell
from cloud.database import Database
from cloud.engine import open_engine
from cloud.ledger import Ledger
from cloud.schema import base
from cloud.schema.alarms import alarm_days, alarm_tallies
from cloud.schema.cases import case_tallies
from cloud.tables import alarm_causes, cases, tallies
from wire.alarm import AlarmEvent, Change, Evidence, Level
from wire.gap import Gap
from wire.receipt import Lane

Migrate = Callable[[Callable[[Connection], Any]], Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def run(place: str) -> Iterator[Migrate]:
    """Runs something in a transaction, whatever revision the ledger has."""
    engine = open_engine(Database(place).url)

    def in_transaction(call: Callable[[Connection], Any]) -> Any:
        with engine.begin() as connection:
            return call(connection)

    yield in_transaction
    engine.dispose()


def to(revision: str) -> Callable[[Connection], None]:
    """Up or down."""
    return lambda connection: ledger_of_0001.migrate(connection, revision)


def rows(table: Table) -> Callable[[Connection], list[tuple[Any, ...]]]:
    """All, in the order of the key."""
    return lambda connection: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]


def open_ledger(place: str, folder: Path) -> Ledger:
    """Today's ledger, an hour after the last that the old one heard of."""
    return Ledger(place, lambda: DAY_2_NS + 3600 * SECOND_NS, Practice(small_city.inventory(folder)))


async def test_the_migrations_lead_to_the_tables(place: str) -> None:
    """What a new ledger gets is what the code expects, column by column and index by index."""
    async with Database(place) as database:
        differences = await database.read(
            lambda connection: compare_metadata(MigrationContext.configure(connection), base.metadata)
        )
    assert differences == []


async def test_old_alarms_and_cases_are_read(place: str, run: Migrate, tmp_path: Path) -> None:
    """Alarms in each of the four old states, cases open and closed with their logs, members and evidence."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path) as ledger:
        assert {alarm.id: (alarm.state.value, alarm.is_active, alarm.raised) for alarm in await ledger.alarms()} == {
            "XM-SM-0002-T1/lean": ("returned_unacknowledged", False, 1),
            "XM-SM-G01-G1/fault": ("acknowledged", True, 1),
            "XM-TA-0117-T1/lean": ("unacknowledged", True, 2),
        }
        assert {case.number: (case.stage.value, case.is_open) for case in await ledger.cases()} == {
            "20261118-00001": ("closed", False),
            "20261118-00002": ("filed", True),
            "20261118-00003": ("filed", True),
            "20261118-00004": ("closed", False),
            "20261119-00001": ("filed", True),
        }
        closed = await ledger.case("20261118-00001")
        assert [(line.actor, line.note) for line in closed.log][1:] == [
            ("egret", "cleared red: tilt 0.3 deg"),
            ("王工", "已加固"),
        ]
        assert (closed.source, closed.outcome.value, closed.stage_ns) == ("sensor", "handled", closed.closed_ns)
        assert closed.evidence == (Evidence(1, 0.031), Evidence(2, None, 4))
        [part] = closed.parts
        assert (part.member, part.is_alarm, part.until_ns) == (closed.alarm, True, closed.closed_ns)
        fault = await ledger.case("20261118-00003")
        assert (fault.code_class, fault.code, fault.members) == ("part", "0590", 1)


async def test_old_notices_events_and_watermarks_are_read(place: str, run: Migrate, tmp_path: Path) -> None:
    """What was to be sent is sent, followers go on where they were, and boxes send nothing twice."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path) as ledger:
        [due] = await ledger.due("command-centre", DAY_2_NS, 10)
        assert (due.notice.id, due.attempts) == ("20261118-00001.opened.red", 2)
        assert [row.error for row in await ledger.dead_letters()] == ["given up"]
        assert [event.id for event in await ledger.events_after(0, 10)] == [1, 2, 3]
        assert await ledger.watermark("XM-TA-01", "k3v9q2ma", Lane.READINGS) == 5_000_000_000
        assert [box.waiting for box in await ledger.boxes()] == [3]


async def test_an_old_ledger_is_worked_on(place: str, run: Migrate, tmp_path: Path) -> None:
    """The open case takes its alarm's next event, numbers go on, and a person closes a case of before."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path) as ledger:
        message = small_city.lean(8, DAY_2_NS + SECOND_NS)
        [event] = message.events
        other = msgspec.structs.replace(event, sequence=9, alarm="XM-SM-0001-T1/lean", sensor="XM-SM-0001-T1")
        message = msgspec.structs.replace(message, spool_id="k3v9q2ma", events=(event, other))
        taken = await ledger.take_alarms(message)
        assert taken.stored_through == 9
        assert [case.number for case in await ledger.cases()][:2] == ["20261119-00002", "20261119-00001"]
        assert await ledger.last_event_id() > 3


async def test_what_gave_old_alarms_their_level_is_known(place: str, run: Migrate, tmp_path: Path) -> None:
    """The newest event that did not clear; evidence and bytes were not kept then, and are empty."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path) as ledger:
        causes = {}
        for alarm in ROWS["alarms"]:
            causes[alarm["id"]] = await ledger.database.read(lambda it, name=alarm["id"]: alarm_causes.of(it, name))
    assert {alarm: (cause.sequence, cause.change.value) for alarm, cause in causes.items() if cause} == {
        "XM-SM-0001-T1/lean": (1, "raised"),
        "XM-SM-0002-T1/lean": (3, "raised"),
        "XM-SM-G01-G1/fault": (5, "raised"),
        "XM-TA-0117-T1/lean": (7, "raised"),
    }
    cause = causes["XM-TA-0117-T1/lean"]
    assert cause == AlarmEvent(
        alarm="XM-TA-0117-T1/lean",
        sensor="XM-TA-0117-T1",
        rule="lean",
        quantity="tilt",
        change=Change.RAISED,
        level=Level.RED,
        value=2.17,
        limit=1.5,
        time_ns=DAY_2_NS,
        reason="tilt 2.17 deg is over 1.5 deg",
        sequence=7,
        config_version="7c1f",
    )


async def test_a_case_that_was_dispatched_before_stays_its_units(place: str, run: Migrate, tmp_path: Path) -> None:
    """The unit that has it is the one it was given to; one that nobody was given has none."""
    run(ledger_of_0001.make)
    run(to("0007"))
    given = (
        "UPDATE cases SET stage = 'dispatched', unit = 'tongan-ads', dispatched_ns = 1 WHERE number = '20261118-00002'"
    )
    run(lambda connection: connection.execute(text(given)) and None)
    async with open_ledger(place, tmp_path) as ledger:
        found = {case.number: case.dispatched_to for case in await ledger.cases() if case.dispatched_to}
    assert found == {"20261118-00002": "tongan-ads"}


async def test_what_was_not_counted_before_is_counted(place: str, run: Migrate, tmp_path: Path) -> None:
    """Alarms raised by ten minutes and by day in China, where an evening in UTC may be tomorrow."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path) as ledger:
        days = await ledger.database.read(rows(alarm_days))
        tens = await ledger.database.read(rows(alarm_tallies))
    assert days == [
        ("20261118", "XM-SM-0001-T1/lean", "", 1),
        ("20261118", "XM-SM-0002-T1/lean", "", 1),
        ("20261118", "XM-SM-G01-G1/fault", "", 1),
        ("20261118", "XM-TA-0117-T1/lean", "", 1),
        ("20261119", "XM-TA-0117-T1/lean", "", 1),
    ]
    ten_minutes_ns = 600 * SECOND_NS
    assert tens == [
        (at_ns // ten_minutes_ns * ten_minutes_ns, "", "red", count) for at_ns, count in ((DAY_1_NS, 4), (DAY_2_NS, 1))
    ]


async def test_the_sums_over_old_cases_are_those_of_the_cases(place: str, run: Migrate, tmp_path: Path) -> None:
    """考核评价 begins with what was there: summed at the upgrade, and the same when every case is summed again."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path) as ledger:
        kept = await ledger.database.read(sums)
        added = tally.difference((), await ledger.cases())
        assert kept == added
        figures: Counter[str] = Counter()
        for cell, amount in kept.items():
            if cell.grain == "month":
                figures[cell.figure] += amount
        assert figures == {"reported": 5, "filed": 5, "closed": 2, "confirmed": 2}
        pages = await ledger.database.read(lambda connection: list(cases.everything(connection, at_once=2)))
        assert [len(page) for page in pages] == [2, 2, 1]
        await ledger.database.write(tallies.rebuild)
        assert await ledger.database.read(sums) == kept


def sums(connection: Connection) -> Counter[Cell]:
    """The sums that are kept, without those that are 0."""
    found: Counter[Cell] = Counter()
    for row in connection.execute(select(case_tallies)).mappings():
        facts = [row[name] for name in Cell._fields[:-1]]
        found.update({Cell(*facts, figure): row[figure] for figure in FIGURES if row[figure]})
    return found


async def test_down_again_the_old_rows_are_what_they_were(place: str, run: Migrate, tmp_path: Path) -> None:
    """A city that goes back to the first version finds all that it had written; only held alarms are let go."""
    run(ledger_of_0001.make)
    async with open_ledger(place, tmp_path):
        pass
    run(to("0001"))
    for name, expected in ROWS.items():
        assert run(lambda connection, name=name: ledger_of_0001.rows_of(connection, name)) == expected, name
    run(to("base"))
    assert run(lambda connection: inspect(connection).get_table_names()) == ["alembic_version"]


async def test_gaps_go_with_their_table_and_watermarks_stay(place: str, run: Migrate, tmp_path: Path) -> None:
    """Down to a version that knew of none and up again: boxes send nothing twice, and later gaps are known."""
    run(ledger_of_0001.make)
    gap = Gap(5_000_000_001, 5_000_000_009, DAY_1_NS, DAY_2_NS, "size", {"XM-TA-0117-T1": 9})
    spool = ("XM-TA-01", "k3v9q2ma")
    async with open_ledger(place, tmp_path) as ledger:
        await ledger.advance_many([(*spool, Lane.READINGS, 5_000_000_012)], {spool: [gap]})
        [known] = await ledger.gaps("XM-TA-01", 10)
        assert (known.count, known.sensors) == (9, {"XM-TA-0117-T1": 9})
    run(to("0001"))
    async with open_ledger(place, tmp_path) as ledger:
        assert await ledger.gaps("XM-TA-01", 10) == ()
        assert await ledger.watermark(*spool, Lane.READINGS) == 5_000_000_012


async def test_down_with_what_is_new_leaves_what_the_old_program_reads(
    place: str, run: Migrate, tmp_path: Path
) -> None:
    """Words that it does not know are gone, and of two open cases of one alarm only the newest listens to it."""
    run(ledger_of_0001.make)
    run(to("head"))
    run(new_things)
    run(to("0001"))
    kinds = select(text("DISTINCT kind FROM cases"))
    stages = select(text("DISTINCT stage FROM case_log"))
    assert run(lambda connection: connection.execute(kinds).scalars().all()) == ["event_part"]
    assert sorted(run(lambda connection: connection.execute(stages).scalars().all())) == ["closed", "filed"]
    by_number = {row["number"]: row for row in run(lambda connection: ledger_of_0001.rows_of(connection, "cases"))}
    assert by_number["20261118-00004"]["alarm"] == "XM-TA-0117-T1/lean#20261118-00004"
    assert by_number["20261119-00001"]["alarm"] == "XM-TA-0117-T1/lean"
    states = {row["id"]: row["state"] for row in run(lambda connection: ledger_of_0001.rows_of(connection, "alarms"))}
    assert (states["XM-SM-G01-G1/fault"], states["XM-SM-0002-T1/lean"]) == ("unacknowledged", "normal")
    run(to("head"))


def new_things(connection: Connection) -> None:
    """A shelved alarm that is active and one that is not, a special task, two open cases of one alarm, new stages."""
    for statement in (
        "UPDATE alarms SET state = 'shelved' WHERE id IN ('XM-SM-G01-G1/fault', 'XM-SM-0002-T1/lean')",
        "UPDATE cases SET kind = 'special_task' WHERE number = '20261118-00001'",
        "UPDATE cases SET closed_ns = NULL WHERE number = '20261118-00004'",
        "UPDATE case_log SET stage = 'dispatched', act = 'dispatch' WHERE id = 4",
        "UPDATE cases SET stage = 'handling' WHERE number = '20261118-00002'",
    ):
        connection.execute(text(statement))
