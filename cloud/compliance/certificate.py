"""The printable certificate of an installation: one page of HTML that needs nothing but itself.

It states one JSON document, a `Compliance`, which stands in the page byte for byte (element
`statement`). Its SHA-256 is the check code: who changes a word of the document changes the code, and
who wants to know what is true today asks the address again. No JavaScript, no request to anywhere.
"""

import base64
import hashlib
from datetime import date
from html import escape
from pathlib import Path

import msgspec

from cloud.compliance.compliance import Compliance, SensorRecord
from cloud.compliance.installation import Item, Text, Verdict, local

_STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: its own style by its hash, and nothing else (CSP Level 3, §2.3.1)."""
_WORDS = {
    Verdict.PASSED: ("✓ 符合", "passed"),
    Verdict.FAILED: ("✗ 不符合", "failed"),
    Verdict.NOT_APPLICABLE: ("– 不适用", "not applicable"),
}
_KINDS = {
    "billboard": ("户外广告设施", "billboard"),
    "gas": ("燃气设施", "gas site"),
    "drainage": ("排水设施", "drainage site"),
    "bridge": ("桥梁", "bridge"),
    "road": ("道路设施", "road site"),
}


def statement(compliance: Compliance) -> bytes:
    """The JSON document that a certificate states; the API answers the same bytes."""
    return msgspec.json.encode(compliance)


def check_code(compliance: Compliance) -> str:
    """SHA-256 of the statement, 64 hexadecimal digits."""
    return hashlib.sha256(statement(compliance)).hexdigest()


def page(compliance: Compliance) -> str:
    """The certificate, or the report of what is missing; everything that comes from a file is escaped."""
    title, title_en = _title(compliance)
    parts = [
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)} {escape(compliance.site)}</title><style>{_STYLE}</style></head><body>",
        '<p class="demonstration">DEMONSTRATION 演示</p>' if compliance.is_demonstration else "",
        f"<header>{_heading('h1', title, title_en)}<p>{escape(compliance.city)}</p></header>",
        _verdict(compliance),
        _facts(compliance),
        _heading("h2", "检查项目", "Requirements"),
        _items(compliance.items),
        _heading("h2", "传感器", "Sensors"),
        _sensors(compliance.sensors),
        _remarks(compliance.remarks),
        _sources(compliance.items),
        _footer(compliance),
        f'<template id="statement">{escape(statement(compliance).decode(), quote=False)}</template>',
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _title(compliance: Compliance) -> tuple[str, str]:
    if compliance.is_compliant:
        return "安全预警系统合规证明", "Certificate of compliance: safety early-warning system"
    return "安全预警系统合规检查报告", "Compliance report: safety early-warning system"


def _verdict(compliance: Compliance) -> str:
    kind = Verdict.PASSED if compliance.is_compliant else Verdict.FAILED
    zh, en = _WORDS[kind]
    if not compliance.is_compliant:
        beside = _both(
            "不予证明，见下列项目", f"{len(compliance.failed)} of {len(compliance.items)} requirements failed"
        )
    elif compliance.valid_until is None:
        beside = _both("无固定有效期", "nothing of it lapses by itself")
    else:
        beside = _both(f"有效期至 {compliance.valid_until}", f"valid until the end of {compliance.valid_until}")
    return f'<div class="verdict is-{kind}"><strong>{_both(zh, en)}</strong><p>{beside}</p></div>'


def _facts(compliance: Compliance) -> str:
    kind, kind_en = _KINDS.get(compliance.kind, (compliance.kind, ""))
    at = f"{compliance.latitude}, {compliance.longitude}" if compliance.latitude is not None else ""
    rows = [
        ("设施", "Installation", compliance.name, compliance.name_en),
        ("编号", "Id", compliance.site, ""),
        ("类别", "Kind", kind, kind_en),
        ("许可编号", "Permit", compliance.permit, ""),
        ("位置", "Place", f"{compliance.district} {compliance.street}".strip(), f"WGS-84 {at}" if at else ""),
        ("权属单位", "Owner", compliance.owner, ""),
    ]
    cells = [f"<dt>{_both(zh, en)}</dt><dd>{_both(value or '—', more)}</dd>" for zh, en, value, more in rows]
    return f"<dl>{''.join(cells)}</dl>"


def _items(items: tuple[Item, ...]) -> str:
    rows = []
    for number, item in enumerate(items, 1):
        fix = f'<p class="fix">整改：{_text(item.fix)}</p>' if item.fix else ""
        rows.append(
            f"<tr><td>{number}. {_text(item.title)}</td>"
            f'<td class="is-{item.verdict}">{_both(*_WORDS[item.verdict])}</td><td>{_text(item.found)}{fix}</td></tr>'
        )
    return _table("items", [("要求", "requirement"), ("结论", "verdict"), ("查得", "what was found")], rows)


def _sensors(sensors: tuple[SensorRecord, ...]) -> str:
    columns = [
        ("编号", "id"),
        ("型号", "model"),
        ("序列号", "serial"),
        ("投用", "commissioned"),
        ("校准", "calibrated"),
    ]
    columns += [("校准有效至", "calibrated until"), ("在线时段", "10-min intervals")]
    rows = []
    for sensor in sensors:
        names = (sensor.id, sensor.model, sensor.serial or "—")
        days = (_day(sensor.commissioned), _day(sensor.calibrated), _day(sensor.calibrated_until))
        cells = [f"<td>{escape(name)}</td>" for name in names] + [f'<td class="day">{day}</td>' for day in days]
        rows.append(f"<tr>{''.join(cells)}<td>{sensor.present}/{sensor.intervals}</td></tr>")
    return _table("sensors", columns, rows)


def _table(name: str, columns: list[tuple[str, str]], rows: list[str]) -> str:
    head = "".join(f"<th>{_both(zh, en)}</th>" for zh, en in columns)
    return f'<table class="{name}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _remarks(remarks: tuple[Text, ...]) -> str:
    if not remarks:
        return ""
    told = "".join(f"<li>{_text(remark)}</li>" for remark in remarks)
    return f"{_heading('h2', '备注：不影响结论', 'Remarks, which do not change the verdict')}<ol>{told}</ol>"


def _sources(items: tuple[Item, ...]) -> str:
    """Each once, after the numbers of the requirements that rest on it."""
    resting: dict[str, list[str]] = {}
    for number, item in enumerate(items, 1):
        resting.setdefault(item.source, []).append(str(number))
    told = "".join(f"<p>{', '.join(numbers)}: {escape(source)}</p>" for source, numbers in resting.items())
    return f'<div class="sources">{_heading("h2", "依据", "Sources")}{told}</div>'


def _footer(compliance: Compliance) -> str:
    issued = f"{local(compliance.time_ns):%Y-%m-%d %H:%M:%S} UTC+8"
    made = _both(f"出具时间 {issued}，由系统自动生成", f"issued {issued}, by the system itself")
    changing = _both("在线率每日变化", "the share of time online changes daily")
    code = _both("校验码 SHA-256", "check code of the document in this page")
    return f"<footer><p>{made}。{changing}</p><p>{code} <code>{check_code(compliance)}</code></p></footer>"


def _heading(name: str, zh: str, en: str) -> str:
    return f"<{name}>{_both(zh, en)}</{name}>"


def _both(zh: str, en: str) -> str:
    return f'{escape(zh)} <span class="en" lang="en">{escape(en)}</span>' if en else escape(zh)


def _text(text: Text) -> str:
    return _both(text.zh, text.en)


def _day(day: date | None) -> str:
    return str(day) if day else "—"
