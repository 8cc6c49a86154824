"""Alerts as Prometheus invented them and Grafana took over: labels, annotations, a fingerprint, two times.

Source: prometheus.io/docs/alerting/latest/configuration, `<webhook_config>`; Grafana's page
"Configure webhook notifications". Fields that are not named here are ignored: both formats grow.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from cloud.reporting import hook_words, report_facts, report_text
from cloud.reporting.reports import HookRefused, Report, State
from wire import scalars
from wire.alarm import Level
from wire.errors import ConfigError, Mistake
from wire.located import nearest
from wire.topics import IDENTIFIER

LABELS = ("severity", "site", "code", "district", "street", "address", "longitude", "latitude", "crs")
"""What is read from labels and, where no label has it, from annotations."""

_FINGERPRINT = re.compile(r"[0-9A-Za-z_-]{1,64}")
_LABELS_SHOWN_MAX = 30


class Alert(msgspec.Struct, frozen=True):
    """One alert. `ends_at` is the year 1 while it fires; `values` has Grafana only."""

    status: Literal["firing", "resolved"]
    fingerprint: str
    starts_at: str = msgspec.field(name="startsAt")
    ends_at: str = msgspec.field(name="endsAt", default="")
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    generator_url: str = msgspec.field(name="generatorURL", default="")
    panel_url: str = msgspec.field(name="panelURL", default="")
    values: dict[str, float | None] | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """How a hook reads labels: `names` has the sender's name of each of LABELS, `level` is for unknown words."""

    names: Mapping[str, str]
    levels: Mapping[str, Level]
    level: Level
    code: str
    reporter: str


def wording(
    labels: Mapping[str, str],
    level_map: Mapping[str, str],
    *,
    level: hook_words.Colour,
    code: str,
    reporter: str,
    where: str,
) -> Wording:
    """From the settings of a hook. Raises ConfigError."""
    wrong = [
        Mistake(where, f"labels: {word!r} is nothing we read.", nearest(word, LABELS), "E-HOOKIN-013")
        for word in labels
        if word not in LABELS
    ]
    if wrong:
        raise ConfigError(wrong)
    names = {**dict(zip(LABELS, LABELS, strict=True)), **labels}
    return Wording(names, hook_words.levels(level_map, where), Level(level), code, reporter)


def reports(alerts: Sequence[Alert], truncated: int, words: Wording, now_ns: int) -> tuple[Report, ...]:
    """One report an alert; `truncated` is how many more the sender has left out. Raises HookRefused."""
    left_out = f"{truncated} more alerts of this group were left out by the sender" if truncated > 0 else ""
    return tuple(_report(alert, left_out, words, now_ns, f"alerts[{index}]") for index, alert in enumerate(alerts))


def _report(alert: Alert, left_out: str, words: Wording, now_ns: int, where: str) -> Report:
    facts = _facts(alert, words)
    starts_ns = report_facts.time_ns(alert.starts_at, f"{where}.startsAt")
    longitude, latitude, no_place = _place(facts)
    annotations = alert.annotations or {}
    name = (alert.labels or {}).get("alertname", "")
    titles = (report_text.line(each) for each in (annotations.get("summary", ""), name, alert.fingerprint))
    severity = facts["severity"].strip().casefold()
    return Report(
        key=_key(alert, starts_ns, where),
        state=State.RAISED if alert.status == "firing" else State.RESOLVED,
        time_ns=starts_ns if alert.status == "firing" else _ended_ns(alert, now_ns, where),
        level=words.levels.get(severity, words.level),
        title=next(title for title in titles if title),
        text=report_text.paragraph("\n".join([*_told(alert), no_place, left_out])),
        code=report_text.line(facts["code"]) or words.code,
        site=facts["site"] if IDENTIFIER.fullmatch(facts["site"]) else "",
        district=report_text.line(facts["district"]),
        street=report_text.line(facts["street"]),
        address=report_text.line(facts["address"]),
        longitude=longitude,
        latitude=latitude,
        url=report_text.link(alert.panel_url) or report_text.link(alert.generator_url),
        reporter=words.reporter,
    )


def _facts(alert: Alert, words: Wording) -> Mapping[str, str]:
    said = {**(alert.annotations or {}), **(alert.labels or {})}
    return {fact: said.get(name, "") for fact, name in words.names.items()}


def _key(alert: Alert, starts_ns: int, where: str) -> str:
    """A fingerprint is a hash of the labels: the same alert has it again next month, so its beginning belongs to it."""
    if not _FINGERPRINT.fullmatch(alert.fingerprint):
        what = f"{report_text.line(alert.fingerprint, 40)!r} is no fingerprint."
        fix = "Alertmanager 0.19 and Grafana 9 or newer send one."
        raise HookRefused(what, status=400, where=f"{where}.fingerprint", fix=fix, code="E-HOOKIN-014")
    return f"{alert.fingerprint}-{starts_ns}"


def _ended_ns(alert: Alert, now_ns: int, where: str) -> int:
    """When it ended; now, where the sender does not know."""
    is_known = alert.ends_at and not alert.ends_at.startswith("0001-")
    return report_facts.time_ns(alert.ends_at, f"{where}.endsAt") if is_known else now_ns


def _place(facts: Mapping[str, str]) -> tuple[float | None, float | None, str]:
    """Longitude, latitude, and why there are none: a label that somebody mistyped must not cost the alarm."""
    if not (facts["longitude"] or facts["latitude"]):
        return None, None, ""
    try:
        longitude, latitude = scalars.number(facts["longitude"]), scalars.number(facts["latitude"])
        report_facts.require_wgs84(longitude, latitude, facts["crs"], "labels")
    except ValueError:
        return None, None, "place left out: longitude and latitude are no numbers"
    except HookRefused as refused:
        return None, None, f"place left out: {refused.what} {refused.fix} [{refused.code}]"
    return longitude, latitude, ""


def _told(alert: Alert) -> list[str]:
    """What the sender says in words, then its values and labels."""
    values = [f"{name}={value:g}" for name, value in (alert.values or {}).items() if value is not None]
    labels = [f"{name}={value}" for name, value in (alert.labels or {}).items()]
    description = (alert.annotations or {}).get("description", "")
    return [
        report_text.paragraph(description),
        report_text.line(", ".join(values[:_LABELS_SHOWN_MAX]), 1_000),
        report_text.line(", ".join(labels[:_LABELS_SHOWN_MAX]), 1_000),
    ]
