"""A column that SQLite should find in no index, and that PostgreSQL sees as it is."""

from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.dialects import postgresql

from cloud.access.actor import DEMO
from cloud.cases.case_filter import CaseFilter, conditions
from cloud.schema.base import metadata
from cloud.schema.cases import cases
from cloud.schema.stream import watermarks
from cloud.tables.unindexed import Unindexed


def test_says_the_same_as_the_column() -> None:
    """Of two boxes the one that was asked for."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [{"box": box, "spool_id": "s", "lane": "alarms", "stored_through": 7} for box in ("B1", "B2")]
        connection.execute(insert(watermarks), rows)
        found = select(watermarks.c.box).where(Unindexed(watermarks.c.box) == "B2")
        assert connection.execute(found).scalars().all() == ["B2"]
    engine.dispose()


def test_open_cases_of_a_unit_are_found_among_the_open_ones() -> None:
    """SQLite's plan names an index of open cases or of when they closed, not that of all cases of the unit."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    asked = select(cases.c.number).where(*conditions(CaseFilter(is_open=True, unit="city-iot"), DEMO, 0))
    words = asked.order_by(cases.c.number.desc()).limit(100).compile(engine, compile_kwargs={"literal_binds": True})
    with engine.begin() as connection:
        plan = " ".join(row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {words}")))
    engine.dispose()
    assert "ix_cases_unit_number" not in plan
    assert "ix_cases_open" in plan or "ix_cases_closed_ns" in plan


def test_postgresql_sees_the_column_itself() -> None:
    """So that it knows how many rows to expect."""
    words = str((Unindexed(cases.c.unit) == "city-iot").compile(dialect=postgresql.dialect()))
    assert words.startswith("cases.unit = ")
