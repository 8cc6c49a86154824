"""A ledger as the first version left it: tables of revision 0001, rows as that version wrote them."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table

from cloud import migrations

SECOND_NS = 1_000_000_000
DAY_1_NS = 1_795_000_000 * SECOND_NS
"""18 November 2026, 19:06:40 in Xiamen."""
DAY_2_NS = DAY_1_NS + 18_000 * SECOND_NS
"""Five hours later: the next day there, the same in UTC."""
LEVEL, VALUE, LIMIT = "red", 2.17, 1.5


def migrate(connection: Connection, to: str) -> None:
    """Up or down to a revision, in the transaction of this connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    (command.downgrade if to in ("base", "0001") and _is_made(connection) else command.upgrade)(config, to)


def make(connection: Connection) -> None:
    """The tables, and the rows below in them."""
    migrate(connection, "0001")
    for name, rows in ROWS.items():
        table = Table(name, MetaData(), autoload_with=connection)
        # The database numbers rows itself, but the id of an alarm is its name.
        is_numbered = isinstance(rows[0].get("id"), int)
        given = [{key: value for key, value in row.items() if key != "id" or not is_numbered} for row in rows]
        connection.execute(table.insert(), given)


def rows_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    """The rows of a table by its key, in the columns that it had in revision 0001."""
    table = Table(name, MetaData(), autoload_with=connection)
    columns = [table.c[column] for column in ROWS[name][0]]
    found = connection.execute(table.select().with_only_columns(*columns).order_by(*table.primary_key)).mappings()
    return [dict(row) for row in found]


def _is_made(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "cases")


def _alarm(sensor: str, state: str, since_ns: int, case: str, rule: str = "lean") -> dict[str, Any]:
    return {
        "id": f"{sensor}/{rule}",
        "site": sensor.rpartition("-")[0],
        "sensor": sensor,
        "rule": rule,
        "quantity": "tilt",
        "level": LEVEL,
        "state": state,
        "since_ns": since_ns,
        "changed_ns": since_ns + SECOND_NS,
        "value": None if rule == "fault" else VALUE,
        "limit": None if rule == "fault" else LIMIT,
        "reason": "tilt 2.17 deg is over 1.5 deg",
        "case": case,
    }


def _event(sequence: int, alarm: str, change: str, time_ns: int, case: str) -> dict[str, Any]:
    return {
        "box": "XM-TA-01",
        "spool_id": "k3v9q2ma",
        "sequence": sequence,
        "alarm": alarm,
        "change": change,
        "level": LEVEL,
        "value": VALUE,
        "limit": LIMIT,
        "time_ns": time_ns,
        "taken_ns": time_ns + SECOND_NS,
        "reason": "tilt 2.17 deg is over 1.5 deg",
        "config_version": "7c1f",
        "case": case,
    }


def _case(number: str, code: str, alarm: str, opened_ns: int, closed_ns: int | None) -> dict[str, Any]:
    sensor = alarm.partition("/")[0]
    return {
        "number": number,
        "kind": "event_part",
        "code": code,
        "stage": "filed" if closed_ns is None else "closed",
        "site": sensor.rpartition("-")[0],
        "sensor": sensor,
        "alarm": alarm,
        "level": LEVEL,
        "title": "环城西路南段落地电子屏：倾角超限，2.17°",
        "title_en": "Huancheng Road West: tilt over its limit, 2.17°",
        "longitude": 118.1422,
        "latitude": 24.7272,
        "opened_ns": opened_ns,
        "closed_ns": closed_ns,
        "evidence": "[[1,0.031,0],[2,null,4]]",
    }


def _line(number: int, case: str, time_ns: int, actor: str, stage: str, note: str) -> dict[str, Any]:
    return {"id": number, "case": case, "time_ns": time_ns, "actor": actor, "stage": stage, "note": note}


ROWS: dict[str, list[dict[str, Any]]] = {
    "watermarks": [
        {"box": "XM-TA-01", "spool_id": "k3v9q2ma", "lane": "alarms", "stored_through": 7},
        {"box": "XM-TA-01", "spool_id": "k3v9q2ma", "lane": "readings", "stored_through": 5_000_000_000},
    ],
    "boxes": [
        {
            "box": "XM-TA-01",
            "online": True,
            "time_ns": DAY_1_NS,
            "boot": "b7e1",
            "version": "0.1.0",
            "spool_id": "k3v9q2ma",
            "waiting": 3,
            "config_version": "7c1f",
        }
    ],
    "alarms": [
        _alarm("XM-SM-0001-T1", "normal", DAY_1_NS, "20261118-00001"),
        _alarm("XM-SM-0002-T1", "returned_unacknowledged", DAY_1_NS, "20261118-00002"),
        _alarm("XM-SM-G01-G1", "acknowledged", DAY_1_NS, "20261118-00003", "fault"),
        _alarm("XM-TA-0117-T1", "unacknowledged", DAY_2_NS, "20261119-00001"),
    ],
    "alarm_events": [
        _event(1, "XM-SM-0001-T1/lean", "raised", DAY_1_NS, "20261118-00001"),
        _event(2, "XM-SM-0001-T1/lean", "cleared", DAY_1_NS + SECOND_NS, "20261118-00001"),
        _event(3, "XM-SM-0002-T1/lean", "raised", DAY_1_NS, "20261118-00002"),
        _event(4, "XM-SM-0002-T1/lean", "cleared", DAY_1_NS + SECOND_NS, "20261118-00002"),
        _event(5, "XM-SM-G01-G1/fault", "raised", DAY_1_NS, "20261118-00003"),
        _event(6, "XM-TA-0117-T1/lean", "raised", DAY_1_NS, "20261118-00004"),
        _event(7, "XM-TA-0117-T1/lean", "raised", DAY_2_NS, "20261119-00001"),
    ],
    "case_days": [{"day": "20261118", "cases": 4}, {"day": "20261119", "cases": 1}],
    "cases": [
        _case("20261118-00001", "0340", "XM-SM-0001-T1/lean", DAY_1_NS, DAY_1_NS + 600 * SECOND_NS),
        _case("20261118-00002", "0340", "XM-SM-0002-T1/lean", DAY_1_NS, None),
        _case("20261118-00003", "0590", "XM-SM-G01-G1/fault", DAY_1_NS, None),
        _case("20261118-00004", "0390", "XM-TA-0117-T1/lean", DAY_1_NS, DAY_1_NS + 900 * SECOND_NS),
        _case("20261119-00001", "0390", "XM-TA-0117-T1/lean", DAY_2_NS, None),
    ],
    "case_log": [
        _line(1, "20261118-00001", DAY_1_NS, "egret", "filed", "raised red: tilt 2.17 deg is over 1.5 deg"),
        _line(2, "20261118-00001", DAY_1_NS + SECOND_NS, "egret", "filed", "cleared red: tilt 0.3 deg"),
        _line(3, "20261118-00001", DAY_1_NS + 600 * SECOND_NS, "王工", "closed", "已加固"),
        _line(4, "20261118-00002", DAY_1_NS, "egret", "filed", "raised red: tilt 2.17 deg is over 1.5 deg"),
        _line(5, "20261118-00003", DAY_1_NS, "egret", "filed", "raised red: no reply for 60 s"),
        _line(6, "20261118-00004", DAY_1_NS, "egret", "filed", "raised red: tilt 2.17 deg is over 1.5 deg"),
        _line(7, "20261118-00004", DAY_1_NS + 900 * SECOND_NS, "李工", "closed", ""),
        _line(8, "20261119-00001", DAY_2_NS, "egret", "filed", "raised red: tilt 2.17 deg is over 1.5 deg"),
    ],
    "events": [
        {"id": 1, "kind": "box", "time_ns": DAY_1_NS, "data": '{"box":"XM-TA-01","online":true}'},
        {"id": 2, "kind": "alarm", "time_ns": DAY_1_NS, "data": '{"id":"XM-SM-0001-T1/lean","level":"red"}'},
        {"id": 3, "kind": "case", "time_ns": DAY_1_NS, "data": '{"number":"20261118-00001","stage":"filed"}'},
    ],
    "outbox": [
        {
            "id": 1,
            "target": "command-centre",
            "notice": "20261118-00001.opened.red",
            "kind": "case.opened",
            "created_ns": DAY_1_NS,
            "body": '{"type":"case.opened"}',
            "attempts": 2,
            "due_ns": DAY_1_NS + 60 * SECOND_NS,
            "error": "answered 500",
        },
        {
            "id": 2,
            "target": "command-centre",
            "notice": "20261118-00002.opened.red",
            "kind": "case.opened",
            "created_ns": DAY_1_NS,
            "body": '{"type":"case.opened"}',
            "attempts": 9,
            "due_ns": None,
            "error": "given up",
        },
    ],
}
