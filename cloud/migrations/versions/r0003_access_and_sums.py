"""Who may do what, and who did; sums over cases; modes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Nobody has an account yet, and nothing has been summed."""
    _accounts()
    _acts()
    _tallies()


def downgrade() -> None:
    """Accounts, the audit log and the sums are lost."""
    for table in (
        "case_tallies",
        "modes",
        "idempotency",
        "used_links",
        "audit",
        "login_failures",
        "api_tokens",
        "sessions",
        "users",
    ):
        op.drop_table(table)


def _accounts() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("districts", sa.Text, nullable=False),
        sa.Column("units", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("seen_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_table(
        "api_tokens",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("districts", sa.Text, nullable=False),
        sa.Column("units", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger),
        sa.Column("revoked_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("name", name="pk_api_tokens"),
        sa.UniqueConstraint("hash", name="uq_api_tokens_hash"),
    )
    op.create_table(
        "login_failures",
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_ns", sa.BigInteger, nullable=False),
        sa.Column("until_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_login_failures"),
    )


def _acts() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _RowId, sa.Identity(), nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_act_id", "audit", ["act", "id"])
    op.create_index("ix_audit_actor_id", "audit", ["actor", "id"])
    op.create_index("ix_audit_object_id", "audit", ["object", "id"])
    op.create_index("ix_audit_outcome_id", "audit", ["outcome", "id"])
    op.create_index("ix_audit_time_ns", "audit", ["time_ns"])
    op.create_table(
        "used_links",
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("used_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("nonce", "act", name="pk_used_links"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", "actor", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_time_ns", "idempotency", ["time_ns"])
    op.create_table(
        "modes",
        sa.Column("id", _RowId, sa.Identity(), nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("since_ns", sa.BigInteger, nullable=False),
        sa.Column("until_ns", sa.BigInteger, nullable=False),
        sa.Column("ended_ns", sa.BigInteger),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("is_drill", sa.Boolean, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_modes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_modes_ended_ns", "modes", ["ended_ns"])


def _tallies() -> None:
    op.create_table(
        "case_tallies",
        sa.Column("grain", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("street", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("reported", sa.BigInteger, nullable=False),
        sa.Column("filed", sa.BigInteger, nullable=False),
        sa.Column("dispatched", sa.BigInteger, nullable=False),
        sa.Column("dispatched_on_time", sa.BigInteger, nullable=False),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("accepted_on_time", sa.BigInteger, nullable=False),
        sa.Column("handled", sa.BigInteger, nullable=False),
        sa.Column("handled_on_time", sa.BigInteger, nullable=False),
        sa.Column("sent_back", sa.BigInteger, nullable=False),
        sa.Column("reworks", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("due_suspended", sa.BigInteger, nullable=False),
        sa.Column("due_closed", sa.BigInteger, nullable=False),
        sa.Column("due_closed_on_time", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.BigInteger, nullable=False),
        sa.Column("verified", sa.BigInteger, nullable=False),
        sa.Column("extended", sa.BigInteger, nullable=False),
        sa.Column("confirmed", sa.BigInteger, nullable=False),
        sa.Column("false_alarms", sa.BigInteger, nullable=False),
        sa.Column("dispatch_s", sa.BigInteger, nullable=False),
        sa.Column("accept_s", sa.BigInteger, nullable=False),
        sa.Column("handle_s", sa.BigInteger, nullable=False),
        sa.Column("verify_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "grain", "period", "unit", "district", "street", "code", "level", name="pk_case_tallies"
        ),
        sqlite_with_rowid=False,
    )
