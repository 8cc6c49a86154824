"""An evaluation as a table for a spreadsheet: what Excel opens with the right characters and runs nothing of."""

import csv
import io
from collections.abc import Iterator

from cloud.assessment.evaluation import FIGURE_WORDS, RATES
from cloud.assessment.evaluation_answer import Evaluation, Group, Part
from cloud.cases.tally import FIGURES

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's old encoding."""
_RISKY = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet may take for the beginning of a formula, in full width, too."""
_FIXED = (("from", "起"), ("to", "止"), ("by", "维度"), ("key", "编号"), ("name", "名称"), ("urgent", "仅紧急"))
Field = str | int | float | None


def table(answer: Evaluation) -> str:
    """A row of Chinese words, a row of stable ids, then two rows a group: all of its cases, and the urgent ones."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([zh for _, zh in _columns()])
    writer.writerow([name for name, _ in _columns()])
    for group in (*answer.groups, answer.total):
        for part in (group.all, group.urgent):
            writer.writerow([_safe(field) for field in _row(answer, group, part)])
    return BYTE_ORDER_MARK + text.getvalue()


def _columns() -> Iterator[tuple[str, str]]:
    yield from _FIXED
    yield from ((figure, FIGURE_WORDS[figure]) for figure in FIGURES)
    yield "penalty_points", "返工扣分"
    for rate in RATES:
        yield rate.id, rate.zh
        yield f"{rate.id}.numerator", f"{rate.zh} 分子"
        yield f"{rate.id}.denominator", f"{rate.zh} 分母"


def _row(answer: Evaluation, group: Group, part: Part) -> Iterator[Field]:
    yield from (answer.first.isoformat(), answer.last.isoformat(), answer.by)
    yield from (group.key, group.name, int(part is group.urgent))
    yield from (part.figures[figure] for figure in FIGURES)
    yield part.penalty_points
    for rate in part.rates:
        yield from (None if rate.value is None else round(rate.value, 6), rate.numerator, rate.denominator)


def _safe(field: Field) -> Field:
    """Text that looks like a formula gets an apostrophe; a number is what it is, also below 0."""
    return f"'{field}" if isinstance(field, str) and field.startswith(_RISKY) else field
