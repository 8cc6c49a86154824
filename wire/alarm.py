"""Alarm events: what a box says when a rule's level changes. Words after ISA-18.2."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from wire.bounded import Moment, Quality, Sentence, Sequence, Word

TEST_RULE = "test"
"""The rule of an alarm that is raised to see that alarms arrive: nobody's limit, and never a case."""
OFFLINE_RULE = "offline"
"""The rule of the alarm of a box that is gone: `{box}/offline`."""
OWN_RULES = (TEST_RULE, OFFLINE_RULE)
"""Names that mean something by themselves, and that no limit set may give to a rule of its own."""


class Level(StrEnum):
    """The four colours, worst first. APIs carry the name, never a number (一级 is the worst)."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"

    @property
    def severity(self) -> int:
        """4 for red … 1 for blue; for comparing inside the program only."""
        return {"red": 4, "orange": 3, "yellow": 2, "blue": 1}[self.value]


def worst(levels: Iterable[Level]) -> Level:
    """Of at least one level."""
    return max(levels, key=lambda level: level.severity)


class Change(StrEnum):
    """What happened to the alarm: it was raised, its level rose or fell, or it cleared (returned to normal)."""

    RAISED = "raised"
    ESCALATED = "escalated"
    LOWERED = "lowered"
    CLEARED = "cleared"


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """One reading before the event."""

    time_ns: Moment
    value: float | None
    quality: Quality = 0


EVIDENCE_MAX = 64


class Frame(msgspec.Struct, frozen=True):
    """The bytes behind a value: what a sensor was asked, and what it answered.

    `request` and `reply` are RTU frames as they were on the wire, from unit identifier to CRC, as hexadecimal
    text. `block` is the profile's name for the registers that were asked for, or for the message that `reply`
    is of a sensor that speaks no Modbus; `request` is empty when it was not asked.
    """

    block: str
    request: str
    reply: str


class AlarmEvent(msgspec.Struct, frozen=True):
    """One change of one alarm.

    `alarm` is `{sensor}/{rule}`. `level` is the level after the change; for `cleared` the level
    that ended. `value` and `limit` are in the quantity's unit; `value` is None for a sensor fault
    without a value. `sequence` counts the box's alarm lane within its spool (1, 2, …), and is 0
    until the spool has numbered the event. `evidence` holds at most 64 readings, oldest first. `frame`
    is of the sample that caused the event, None where there was no reply or no Modbus.
    """

    alarm: str
    sensor: str
    rule: str
    quantity: str
    change: Change
    level: Level
    value: float | None
    limit: float | None
    time_ns: Moment
    reason: Sentence = ""
    sequence: Sequence = 0
    config_version: Word = ""
    evidence: tuple[Evidence, ...] = ()
    frame: Frame | None = None
