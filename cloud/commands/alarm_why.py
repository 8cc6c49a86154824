"""`egret alarm why`: from the bytes on the wire to the case, for a person at a terminal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TypeVar

import click

from cloud.alarming.chain import FrameAnswer
from cloud.alarming.explanation import Explanation
from cloud.alarming.rule_answer import RuleAnswer
from cloud.api_client import ApiClient, json_option, moment, show_json, url_option
from wire.quantities import amount
from wire.reading import Quality

EVIDENCE_SHOWN = 10
"""Readings before the event; `--json` has all."""
Row = tuple[str, ...]
T = TypeVar("T")


@click.command()
@click.argument("alarm")
@url_option
@json_option
def why(alarm: str, url: str, *, as_json: bool) -> None:
    """Why an alarm stands: bytes, registers, value, rule, limit, baseline, history, case.

    Example:  egret alarm why XM-TA-0117-T1/lean
    """
    found = ApiClient(url).get("alarms/explanation", Explanation, alarm=alarm)
    if as_json:
        show_json(found)
        return
    for heading, rows in _sections(found):
        for at, line in enumerate(_columns(rows)):
            click.echo(f"{heading if at == 0 else '':<10} {line}".rstrip())


def _sections(why: Explanation) -> Iterator[tuple[str, Sequence[Row]]]:
    """Heading and rows of each link of the chain that there is."""
    event = why.event
    yield "alarm", [(why.alarm.id, why.alarm.state, f"since {moment(why.alarm.since_ns)}")]
    yield "event", [(f"{event.level} {event.change} at {_clock(event.time_ns)}: {event.reason}",)]
    if why.doubt:
        yield "doubt", [(why.doubt,)]
    if why.frame:
        yield "bytes", list(_bytes(why.frame))
    yield "registers", [tuple(f"{one.address} {one.value:04X}" for one in row) for row in _rows(why.registers, 8)]
    yield (
        "points",
        [
            (one.name, "+".join(one.registers), one.type, one.expression, f"= {_said(one.value, one.unit)}")
            for one in why.points
        ],
    )
    yield "baseline", [(f"zero.{one.name}", f"= {one.value:g}") for one in why.baseline]
    yield "site", [(f"site.{one.name}", f"= {one.value:g}") for one in why.constants]
    yield "steps", [(one.name, one.expression, f"= {_said(one.value, one.unit)}", one.quantity) for one in why.steps]
    if why.rule:
        yield "rule", list(_rule(why.rule, event.level))
    yield (
        "before",
        [
            (_clock(one.time_ns), amount(event.quantity, one.value), _quality(one.quality))
            for one in why.evidence[-EVIDENCE_SHOWN:]
        ],
    )
    if why.profile:
        yield (
            "device",
            [
                (f"{why.profile.title} ({why.profile.name}), evidence: {why.profile.evidence_level}",),
                (f"commissioned {why.commissioned or 'no date'}, calibrated {why.calibrated or 'no date'}",),
            ],
        )
    is_current = "as it is today" if event.is_current_config else "not the one of today"
    yield "config", [(f"sensors.yaml {event.config_version or 'unknown'}, {is_current}",)]
    yield "case", [(why.case or "none",)]


def _bytes(frame: FrameAnswer) -> Iterator[Row]:
    crc = "CRC right" if frame.crc_ok else "CRC WRONG"
    asked = f"{frame.count} registers from {frame.register} (block {frame.block})"
    yield (f"unit {frame.unit}, function {frame.function}, {asked}, {crc}",)
    for word, text in (("asked", frame.request), ("answered", frame.reply)):
        yield (f"{word:<8} {bytes.fromhex(text).hex(' ').upper()}",)


def _rule(rule: RuleAnswer, level: str) -> Iterator[Row]:
    judged = rule.quantity or "the sensor itself"
    ends = f"ends below limit - {rule.deadband:g}" if rule.quantity else "ends when it is good"
    yield (f"{rule.name} ({rule.kind}) judges {judged}; a level {ends} for {rule.off_delay_s:g} s",)
    for one in rule.levels:
        limit = "" if one.limit is None else f" at {amount(rule.quantity, one.limit)}"
        mark = ">" if one.level == level else " "
        yield (f"{mark} {one.level}{limit} for {one.on_delay_s:g} s: {one.source}",)


def _said(value: float | str | bool | None, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:.6g} {unit}".rstrip()
    return "no value" if value is None else value


def _quality(flags: int) -> str:
    return ", ".join(str(flag.name).lower().replace("_", " ") for flag in Quality(flags))


def _clock(time_ns: int) -> str:
    """To the millisecond, in this machine's time zone."""
    at = datetime.fromtimestamp(time_ns // 10**9, UTC).astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}.{time_ns // 10**6 % 1000:03d}"


def _rows(items: Sequence[T], most: int) -> list[Sequence[T]]:
    return [items[start : start + most] for start in range(0, len(items), most)]


def _columns(rows: Sequence[Row]) -> list[str]:
    """As wide as the widest cell of each; all but the last are plain ASCII."""
    widths = [max(map(len, cells)) for cells in zip_longest(*rows, fillvalue="")]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in rows]
