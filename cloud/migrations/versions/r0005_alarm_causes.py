"""The event that gave each alarm its present level."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NEWEST = """
SELECT alarms.id, alarms.sensor, alarms.rule, alarms.quantity, found.change, found.level, found.value,
  found."limit", found.time_ns, found.reason, found.sequence, found.config_version
FROM alarms JOIN (
  SELECT *, row_number() OVER (
    PARTITION BY alarm ORDER BY CASE change WHEN 'cleared' THEN 1 ELSE 0 END, taken_ns DESC, sequence DESC
  ) AS place FROM alarm_events
) AS found ON found.alarm = alarms.id
WHERE found.place = 1
"""
"""Of each alarm: what returned to normal left the level as it was."""


def upgrade() -> None:
    """The history knows what happened last to each alarm; evidence and bytes it did not keep."""
    table = op.create_table(
        "alarm_causes",
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("alarm", name="pk_alarm_causes"),
        sa.ForeignKeyConstraint(["alarm"], ["alarms.id"], name="fk_alarm_causes_alarm"),
    )
    connection = op.get_bind()
    rows = [_cause(row) for row in connection.execute(sa.text(_NEWEST)).mappings()]
    if rows:
        connection.execute(table.insert(), rows)


def downgrade() -> None:
    """Evidence and bytes are lost; the history of events stays."""
    op.drop_table("alarm_causes")


def _cause(row: Mapping[Any, Any]) -> dict[str, str]:
    """As a box would send it (docs/wire.md)."""
    event = {name: value for name, value in row.items() if name != "id"} | {"alarm": row["id"]}
    return {"alarm": row["id"], "event": json.dumps(event, ensure_ascii=False)}
