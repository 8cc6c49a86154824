"""MQTT topic names: `egret/v1/{box}/{what}`. Fixed: third parties publish to them too."""

import re
from typing import Literal

from wire.errors import WireError

What = Literal["readings", "alarms", "status", "receipts", "json", "desired", "reported", "commands", "replies"]

FROM_BOX: tuple[What, ...] = ("readings", "alarms", "status", "reported", "replies")
TO_BOX: tuple[What, ...] = ("receipts", "desired", "commands")
"""Who writes what; `json` is written and read under a box's own name: a third party, and its virtual box."""

ROOT = "egret/v1"
PAYLOAD_MAX = 256 * 1024
"""Bytes; a larger message goes to quarantine unread."""

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Boxes, spools, sites and sensors: letters, digits, `_`, `-`; NATS maps topic levels to subjects."""


def topic(box: str, what: What) -> str:
    """The topic name of one box; `box` may be `+` for a topic filter."""
    return f"{ROOT}/{box}/{what}"


def box_of(name: str) -> str:
    """The box a topic name belongs to. Raises WireError when it is none of ours."""
    parts = name.split("/")
    if len(parts) != 4 or "/".join(parts[:2]) != ROOT or not IDENTIFIER.fullmatch(parts[2]):
        raise WireError(f"topic {name!r} is not {ROOT}/<box>/<what>", fix="see docs/wire.md", code="E-WIRE-002")
    return parts[2]


def require_own(name: str, box: str) -> None:
    """Topic and payload must name the same box. Raises WireError."""
    if box_of(name) != box:
        fix = "a box publishes under its own name only."
        raise WireError(f"box {box!r} published on {name}.", fix=fix, code="E-WIRE-006")


def require_spool(spool_id: str) -> None:
    """Raises WireError for what is no id of a spool: it becomes a key of the ledger."""
    if not IDENTIFIER.fullmatch(spool_id):
        fix = "use 1 to 64 letters, digits, - and _."
        raise WireError(f"{spool_id[:80]!r} is no id of a spool.", fix=fix, code="E-WIRE-007")


def require_size(payload: bytes) -> None:
    """Raises WireError for a message that is too large to look at."""
    if len(payload) > PAYLOAD_MAX:
        fix = f"send at most {PAYLOAD_MAX} bytes."
        raise WireError(f"{len(payload)} bytes are too many.", fix=fix, code="E-WIRE-005")
