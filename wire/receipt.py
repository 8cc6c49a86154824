"""Watermarks: what the cloud says it has durably stored, and what a box says of itself."""

from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from wire.bounded import UNDECODABLE, Count, Moment, Sequence, Word, in_short
from wire.clock import ClockState
from wire.errors import WireError

T = TypeVar("T")


class Lane(StrEnum):
    """The two lanes of a spool. Readings can never hold up alarms."""

    ALARMS = "alarms"
    READINGS = "readings"


class Again(msgspec.Struct, frozen=True):
    """What a cloud asks to be sent again: readings up to `through`, of those sampled at or after `since_ns`."""

    id: Word
    through: Sequence
    since_ns: Moment = 0


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="egret.receipt/1"):
    """Everything of this box, spool and lane up to `stored_through` is durable, with nothing missing below it.

    A sequence counts readings (or alarm events) within one spool, from 1. Receipts are cumulative:
    a lost one is made good by the next. The spool is trimmed by nothing else.
    `is_missed`: something beyond has come, and what follows `stored_through` has not: it is to be sent again at once.

    With `again` it trims nothing: it says how far that request is answered, and asks for what follows.
    """

    box: str
    spool_id: str
    lane: Lane
    stored_through: Sequence
    is_missed: bool = False
    again: Again | None = None


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What a box keeps of what had a receipt: it can send everything from these sequences on once more.

    `readings_since_ns`: when the oldest of these readings were sampled. `alarms_through`: the last alarm event that
    had a receipt, `readings_through` the last reading; a cloud that knows less was restored from an older backup. A box
    of an older version says 0 for the readings.
    """

    readings_from: Sequence
    readings_since_ns: Moment
    alarms_from: Sequence
    alarms_through: Sequence
    readings_through: Sequence = 0


class BoxStatus(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.status/1"):
    """Retained on the box's status topic; the broker publishes the offline form as the last will.

    `waiting`: readings and alarm events committed to the spool and not yet covered by a receipt.
    `clock`: how sure the box is of `time_ns`; None of a box that does not say.
    `data_used_mb`: megabytes (10⁶ bytes) sent and received since the first of the month (UTC), `data_budget_mb` what
    it may be, 0 for any; `is_sparing`: readings give way so that it is kept.
    `kept`: said now and then, for the SIM card's sake.
    """

    box: str
    online: bool
    time_ns: Moment
    boot: Word
    version: Word
    spool_id: Word = ""
    waiting: Count = 0
    config_version: Word = ""
    clock: ClockState | None = None
    data_used_mb: Count = 0
    data_budget_mb: Count = 0
    is_sparing: bool = False
    kept: Kept | UnsetType | None = UNSET


def encode(document: Receipt | BoxStatus) -> bytes:
    """As JSON with its `schema`."""
    return msgspec.json.encode(document)


def decode_receipt(payload: bytes) -> Receipt:
    """Raises WireError."""
    return _decode(payload, Receipt, "receipt")


def decode_status(payload: bytes) -> BoxStatus:
    """Raises WireError."""
    return _decode(payload, BoxStatus, "status")


def _decode(payload: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except UNDECODABLE as error:
        raise WireError(f"this is no {name}: {in_short(error)}", fix="see docs/wire.md", code="E-WIRE-001") from error
