"""Tables of what boxes are to run, of what they are asked, and of what they say to it."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text

from cloud.schema.base import metadata

desired = Table(
    "desired",
    metadata,
    Column("box", Text, primary_key=True),
    Column("counter", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", Text, nullable=False),
)

reported = Table(
    "reported",
    metadata,
    Column("box", Text, primary_key=True),
    Column("known_ns", BigInteger, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("config_version", Text, nullable=False),
    Column("is_trial", Boolean, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("refusal", Text, nullable=False),  # JSON of wire.desired.Refusal, or null
    Column("modes", Text, nullable=False),  # JSON: names of those that may be chosen
    Column("mode", Text, nullable=False),
    Column("mode_ends_ns", BigInteger, nullable=False),
)

asks = Table(
    "asks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("box", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("since_s", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("asked_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("answered_ns", BigInteger, nullable=False),  # 0: not yet
    Column("reply", Text, nullable=False),  # JSON of wire.command.Reply, or null
    Index("ix_asks_box_asked_ns", "box", "asked_ns"),
)

claims = Table(
    "claims",
    metadata,
    Column("box", Text, primary_key=True),
    Column("shelf", Text, nullable=False, unique=True),  # a hash of what a box shows
    Column("actor", Text, nullable=False),
    Column("made_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("claimed_ns", BigInteger, nullable=False),  # 0: nobody has
    Column("address", Text, nullable=False),
    Column("request", Text, nullable=False),  # PKCS #10, PEM
    Column("proof", Text, nullable=False),
    Column("welcome", Text, nullable=False),  # JSON of wire.claim.Welcome
    Column("welcome_proof", Text, nullable=False),
    Column("refusal", Text, nullable=False),  # why it is over
)

renewals = Table(
    "renewals",
    metadata,
    Column("box", Text, primary_key=True),
    Column("asked_ns", BigInteger, nullable=False),
    Column("request", Text, nullable=False),  # these three: wire.renewal.Renewal
    Column("certificate", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("answer", Text, nullable=False),  # a certificate, PEM; empty while the box waits
)

handovers = Table(
    "handovers",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("sensor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("photo", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("added_ns", BigInteger, nullable=False),
    Column("added_by", Text, nullable=False),
    Index("ix_handovers_site_added_ns", "site", "added_ns"),
)
