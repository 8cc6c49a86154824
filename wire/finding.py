"""One line of a page of health, as `egret doctor` prints it and a box tells it."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class State(StrEnum):
    """A warning wants a person's eye; what is failed wants their hands."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True):
    """`fix` is empty where nothing is to be done."""

    state: State
    subject: str
    what: str
    fix: str = ""


_MARKS = {State.OK: "ok    ", State.WARNING: "look  ", State.FAILED: "FAILED"}


def worst(findings: Sequence[Finding]) -> State:
    """Of a page."""
    states = {finding.state for finding in findings}
    return next((state for state in (State.FAILED, State.WARNING) if state in states), State.OK)


def page(findings: Sequence[Finding]) -> list[str]:
    """As people read it, the worst first."""
    order = [State.FAILED, State.WARNING, State.OK]
    return [
        f"{_MARKS[finding.state]}  {finding.subject:<12}  {finding.what}{f' fix: {finding.fix}' if finding.fix else ''}"
        for finding in sorted(findings, key=lambda one: order.index(one.state))
    ]
