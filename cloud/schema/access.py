"""Tables of who may do what, and who did: users, sessions, tokens, used links, modes, the audit log."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, Table, Text

from cloud.schema.base import RowId, metadata

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("full_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("districts", Text, nullable=False),  # JSON list; empty: all
    Column("units", Text, nullable=False),  # JSON list; empty: all
    Column("password", Text, nullable=False),  # argon2id, as RFC 9106 writes it
    Column("is_active", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("changed_ns", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of the cookie
    Column("user", Text, nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("districts", Text, nullable=False),
    Column("units", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # JSON list
    Column("created_by", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger),
    Column("revoked_ns", BigInteger),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("who", Text, primary_key=True),  # a user's name or an address
    Column("failures", Integer, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("time_ns", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("chain", Text, nullable=False),  # SHA-256 over this line and the chain before it
    Index("ix_audit_act_id", "act", "id"),
    Index("ix_audit_actor_id", "actor", "id"),
    Index("ix_audit_object_id", "object", "id"),
    Index("ix_audit_outcome_id", "outcome", "id"),
    sqlite_autoincrement=True,
)

used_links = Table(
    "used_links",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("act", Text, primary_key=True),
    Column("case", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("used_ns", BigInteger, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("request", Text, nullable=False),  # SHA-256 of method, path and body
    Column("answer", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False, index=True),
)

modes = Table(
    "modes",
    metadata,
    Column("id", RowId, Identity(), primary_key=True),
    Column("district", Text, nullable=False),  # empty: the city
    Column("mode", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("since_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, index=True),
    Column("ended_by", Text, nullable=False),
    Column("is_drill", Boolean, nullable=False),
    Column("task", Text, nullable=False),  # number of the special task it opened
    sqlite_autoincrement=True,
)
