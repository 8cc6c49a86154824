"""What the cloud may ask of a box, and what the box answers: `egret.command/1` and `egret.reply/1`.

The verbs are a list and nothing else: none runs a program, names a file, or brings one. The one that changes something
chooses among what the city has signed. A command that comes twice is
carried out once and answered twice with the same words.
"""

from collections.abc import Sequence as Many
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from wire.bounded import UNDECODABLE, Moment, Word, in_short
from wire.errors import Mistake, WireError
from wire.finding import Finding
from wire.topics import IDENTIFIER, PAYLOAD_MAX

COMMAND_MAX = 4096
"""Bytes of a command; a box does not look at a larger one."""
LINES_MAX = 2000
LINES = 200
"""Of a log, where nobody says how many."""
SINCE_MOST_S = 30 * 86_400.0
SAMPLES_MOST_S = 3600.0
"""How far back samples may be asked for at once: what is looked through is held against the link's allowance."""
_ROOM = 4096
"""Bytes of a reply beside its log."""


class Verb(StrEnum):
    """All that a box can be asked for."""

    LOGS = "logs"
    """The last lines of its log."""
    DOCTOR = "doctor"
    """A page of its health."""
    SAMPLES = "samples"
    """What its report policies have held back lately follows among its readings."""
    MODE = "mode"
    """A mode among those that the city has signed for it, for a while, or the normal one."""


class Command(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.command/1"):
    """Of one box, until `expires_ns` by its clock. `verb` is any word here, so that an unknown one has an answer.

    For `logs`: the last `lines`, and of the last `since_s` seconds alone unless that is 0. For `samples`: of the last
    `since_s` seconds, `SAMPLES_MOST_S` at most and where that is 0. For `mode`: its name and its end; empty and 0 for
    the normal one.
    """

    box: str
    id: Word
    verb: Word
    expires_ns: Moment
    lines: Annotated[int, Meta(ge=1, le=LINES_MAX)] = LINES
    since_s: Annotated[float, Meta(ge=0, le=SINCE_MOST_S)] = 0.0
    mode: Word = ""
    ends_ns: Moment = 0


class Outcome(StrEnum):
    """What became of a command at its box."""

    DONE = "done"
    EXPIRED = "expired"
    """It came too late."""
    REFUSED = "refused"


class LogLine(msgspec.Struct, frozen=True):
    """One record of a box's log, on as many lines as it had. `level` is the word that the log has: WARNING."""

    time_ns: Moment
    level: str
    logger: str
    text: str


class Reply(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.reply/1"):
    """What a box says to one command. `time_ns` is its clock, `error` why it was not done.

    `is_cut`: the log had older lines that were asked for and have no room in a message. `held_bytes`: what the ring
    holds of the time that samples were asked of.
    """

    box: str
    id: Word
    verb: Word
    time_ns: Moment
    outcome: Outcome
    error: Mistake | None = None
    log: tuple[LogLine, ...] = ()
    is_cut: bool = False
    findings: tuple[Finding, ...] = ()
    held_bytes: int = 0


def done(command: Command, now_ns: int) -> Reply:
    """Nothing but that."""
    return Reply(command.box, command.id, command.verb, now_ns, Outcome.DONE)


def encode(document: Command | Reply) -> bytes:
    """As JSON with its `schema`."""
    return msgspec.json.encode(document)


def decode_command(payload: bytes) -> Command:
    """Raises WireError."""
    if len(payload) > COMMAND_MAX:
        fix = f"send at most {COMMAND_MAX} bytes."
        raise WireError(f"{len(payload)} bytes are too many for a command.", fix=fix, code="E-WIRE-005")
    try:
        command = msgspec.json.decode(payload, type=Command)
    except UNDECODABLE as error:
        raise WireError(f"this is no command: {in_short(error)}", fix="see docs/wire.md", code="E-WIRE-001") from error
    if not IDENTIFIER.fullmatch(command.id):
        fix = "use 1 to 64 letters, digits, - and _."
        raise WireError(f"{command.id!r} is no id of a command.", fix=fix, code="E-WIRE-012")
    return command


def decode_reply(payload: bytes) -> Reply:
    """Raises WireError."""
    try:
        return msgspec.json.decode(payload, type=Reply)
    except UNDECODABLE as error:
        raise WireError(f"this is no reply: {in_short(error)}", fix="see docs/wire.md", code="E-WIRE-001") from error


def fitting(log: Many[LogLine]) -> tuple[LogLine, ...]:
    """The newest of them that a reply has room for."""
    room, first = PAYLOAD_MAX - _ROOM, len(log)
    while first and (room := room - len(msgspec.json.encode(log[first - 1])) - 1) >= 0:
        first -= 1
    return tuple(log[first:])
