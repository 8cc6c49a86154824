"""The report that goes into an owner's file: one page of HTML with everything in it, drawn from a signed record."""

import base64
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path

from edge.field import report_figures as figures
from edge.field.check_words import HEADS, left_out, said_of
from edge.field.label import svg_code
from edge.field.record import Record
from edge.field.report_figures import symbol
from edge.field.selftest import Check, Outcome
from edge.field.signed_report import Proven
from edge.field.stillness import Spread
from edge.field.words import Words

_STYLE = Path(__file__).parent / "report.css"
_EGRET = (
    '<svg viewBox="0 0 32 32" fill="none" stroke="#5b6b75" stroke-width="2" stroke-linecap="round"'
    ' stroke-linejoin="round"><path d="M27 7.5 19.5 7c-3-3.2-7.5-.8-6.5 3 .8 3 4 4.5 3.5 7.5-.4 2.800-3.5 4-7.5 4-2.5'
    " 0-4-.5-5.5-1.5 1.5 4 5 6 9.5 6 5.5 0 9.5-3.5 9.5-8.5 0-4.5-3.5-6-3.5-8.5"
    '"/><path d="M13 26v4M17 25.500V30"/></svg>'
)


class Page:
    """One report in one language."""

    def __init__(self, proven: Proven, words: Words, photo: bytes) -> None:
        """`photo` is a JPEG, or empty."""
        self._proven, self._record, self._say, self._photo = proven, proven.record, words, photo

    def html(self) -> str:
        """Nothing in it is fetched from anywhere."""
        plan = self._record.plan
        title = f"{self._say('report.title')} {plan.sensor}"
        parts = [
            self._head(),
            self._place(),
            self._zero(),
            self._known_tilt(),
            self._selftest(),
            self._lacks(),
            self._undo(),
            self._foot(),
        ]
        style = _STYLE.read_text(encoding="utf-8")
        return (
            f'<!doctype html>\n<html lang="{self._say.lang}"><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>\n'
            f"<style>\n{style}</style>\n"
            f"<main>\n{''.join(part for part in parts if part)}</main>\n</html>\n"
        )

    def _head(self) -> str:
        record, say = self._record, self._say
        outcome = verdict(record)
        said = say(f"verdict.{outcome}") + left_out(record.selftest, say)
        return (
            f"<header>{_EGRET}<div><p>{escape(say('report.title'))}</p>"
            f"<h1>{escape(record.plan.name or record.plan.site)}</h1>"
            f"<p>{escape(record.plan.sensor)}</p></div>"
            f'<span class="verdict {outcome}">{escape(said)}</span></header>\n'
        )

    def _place(self) -> str:
        facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in self._facts() if value)
        picture = ""
        if self._photo and self._record.photo:
            source = base64.b64encode(self._photo).decode()
            taken = escape(_local(self._record.photo.taken))
            picture = (
                f'<figure><img alt="" src="data:image/jpeg;base64,{source}"><figcaption>{taken}</figcaption></figure>'
            )
        kind = "place" if picture else "place bare"
        return f'<section class="{kind}"><dl>{facts}</dl>{picture}</section>\n'

    def _facts(self) -> Iterator[tuple[str, str]]:
        record, say = self._record, self._say
        plan, found = record.plan, record.found
        yield say("fact.owner"), plan.owner
        yield say("fact.place"), " ".join(part for part in (plan.district, plan.street) if part)
        yield say("fact.at"), f"{plan.at[0]:.6f}, {plan.at[1]:.6f} (WGS-84)" if plan.at else ""
        yield say("fact.line"), f"{plan.box}/{plan.line}" if plan.box else ""
        if found:
            yield say("fact.model"), f"{found.title} ({found.model})"
            yield say("fact.address"), found.place
            yield say("fact.proof"), f"{say(f'proof.{found.proof}')}; {', '.join(found.seen)}".rstrip("; ")
        yield say("fact.serial"), plan.serial
        yield say("fact.person"), plan.person
        yield say("fact.begun"), _local(record.begun)

    def _zero(self) -> str:
        zero, say = self._record.zero, self._say
        if not zero:
            return ""
        rows = "".join(
            f"<tr><td>{escape(point)}</td>{_numbers(one)}"
            f'<td class="number">{zero.below:g} {escape(symbol(one.unit))}</td></tr>'
            for point, one in zero.points.items()
        )
        head = _header(say, "zero.value", "zero.mean", "zero.sigma", "zero.drift", "zero.below")
        drawn = "".join(figures.still(point, one, zero.for_s, zero.below) for point, one in zero.points.items())
        said = (f"{zero.for_s:g} s", f"{zero.polls} {say('zero.polls')}", _local(zero.time), zero.person)
        return _section(say("report.zero"), ", ".join(filter(None, said)), f"<table>{head}{rows}</table>{drawn}")

    def _known_tilt(self) -> str:
        shown, say = self._record.known_tilt, self._say
        if not shown or not shown.poses:
            return ""
        rows = "".join(
            f"<tr><td><code>{escape(pose.condition)}</code></td>"
            f'<td class="number">{pose.value:.3f} {escape(symbol(shown.unit))}</td>'
            f'<td class="number">{pose.after_s:.1f} s</td></tr>'
            for pose in shown.poses
        )
        return _section(
            say("report.known_tilt"), _local(shown.time), f"<table>{rows}</table>{figures.known_tilt(shown)}"
        )

    def _selftest(self) -> str:
        tested, say = self._record.selftest, self._say
        if not tested:
            return ""
        head = _header(say, *HEADS)
        table = f"<table>{head}{''.join(self._row(check) for check in tested.checks)}</table>"
        cut = tested.cut
        drawn = ""
        if cut and cut.during:
            caption = say("report.cut", cut_s=cut.cut_s, during=cut.during, lost=cut.lost, after=cut.drained_s or 0)
            drawn = f"{figures.backlog(cut, say('report.backlog'))}<figcaption>{escape(caption)}</figcaption>"
        said = f"{tested.look.polls} {say('zero.polls')}, {tested.look.took_ms:g} ms, {_local(tested.time)}"
        return _section(say("report.selftest"), said, table + drawn)

    def _row(self, check: Check) -> str:
        said = said_of(check, self._say)
        kinds = ["", "", ' class="number"', ' class="number"', ""]
        cells = "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(kinds, said, strict=True))
        return f'<tr class="{check.outcome}">{cells}</tr>'

    def _lacks(self) -> str:
        say = self._say
        rows = "".join(f"<p>{escape(say(f'step.{step}') + say(why))}</p>" for step, why in self._record.lacks.items())
        return _section(say("report.lacks"), "", rows) if rows else ""

    def _undo(self) -> str:
        rows = "".join(f"<p><code>{escape(command)}</code></p>" for command in self._record.undo)
        return _section(self._say("report.undo"), "", rows) if rows else ""

    def _foot(self) -> str:
        say, record = self._say, self._record
        trust = say("report.trusted" if self._proven.is_trusted else "report.untrusted")
        written = f"<br>{escape(say('report.city'))} <code>{escape(record.written)}</code>" if record.written else ""
        return (
            f"<footer>{svg_code(record.plan.link)}<div><b>{escape(record.plan.link)}</b><br>"
            f"{escape(say('report.signed'))} <code>{escape(self._proven.key)}</code> · {escape(trust)}{written}<br>"
            f"Egret {escape(record.version)} · egret site report</div></footer>\n"
        )


def verdict(record: Record) -> Outcome:
    """Of the self-test; left out where there was none, or nothing shows how it stands."""
    return record.selftest.outcome if record.selftest else Outcome.SKIPPED


def _section(title: str, beside: str, body: str) -> str:
    said = f"<span>{escape(beside)}</span>" if beside else ""
    return f"<section><h2>{escape(title)}{said}</h2>{body}</section>\n"


def _header(say: Words, *keys: str) -> str:
    kinds = [' class="number"' if key in _NUMBERS else "" for key in keys]
    cells = "".join(f"<th{kind}>{escape(say(key))}</th>" for key, kind in zip(keys, kinds, strict=True))
    return f"<tr>{cells}</tr>"


_NUMBERS = ("zero.mean", "zero.sigma", "zero.drift", "zero.below", "report.measured", "report.most")


def _numbers(one: Spread) -> str:
    said = (f"{one.mean:+.4f}", f"{one.sigma:.4f}", f"{one.drift:+.4f}")
    return "".join(f'<td class="number">{number} {escape(symbol(one.unit))}</td>' for number in said)


def _local(time: str) -> str:
    """`2026-11-27 16:10 +0800`: a moment of UTC as the machine's people say it; empty for none."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M %z}" if time else ""
    except (ValueError, OverflowError):
        return time  # whoever signs a record may have written anything
