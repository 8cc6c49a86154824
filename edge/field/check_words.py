"""A check of the self-test in words: the same on a terminal, on the screen and in the report."""

from typing import NamedTuple

from edge.field.report_figures import symbol
from edge.field.selftest import Check, Outcome, SelfTest
from edge.field.words import Words
from wire.errors import CheckFailed


class Said(NamedTuple):
    """Its columns, in order; empty where there is nothing to say."""

    name: str
    outcome: str
    measured: str
    most: str
    note: str


HEADS = ("report.check", "report.outcome", "report.measured", "report.most", "report.note")
"""Keys of what stands above the columns."""


def said_of(check: Check, words: Words) -> Said:
    """In the catalogue's language."""
    unit = symbol(check.unit)
    return Said(
        name=words(f"check.{check.name}", of=check.of).strip(),
        outcome=words(f"outcome.{check.outcome}"),
        measured="" if check.measured is None else f"{check.measured:g} {unit}".strip(),
        most="" if check.most is None else f"≤ {check.most:g} {unit}".strip(),
        note=words.note(check.note),
    )


def left_out(tested: SelfTest | None, words: Words) -> str:
    """Which checks were, to stand behind an outcome: they have proven nothing."""
    names = _names(tested, Outcome.SKIPPED, words) if tested else ""
    return words("test.left_out", names=names) if names else ""


def require_passed(tested: SelfTest, sensor: str, words: Words) -> None:
    """Raises CheckFailed with the names of what failed."""
    failed = _names(tested, Outcome.FAILED, words)
    if failed:
        raise CheckFailed(
            words("test.failed", names=failed),
            where=sensor,
            fix="docs/field/commissioning.md says what each check looks at.",
            code="E-FIELD-030",
        )


def _names(tested: SelfTest, outcome: Outcome, words: Words) -> str:
    return ", ".join(said_of(check, words).name for check in tested.checks if check.outcome is outcome)
