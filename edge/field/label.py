"""The label on the housing: a QR code that opens the site's page on the board, and what a person reads beside it."""

import io
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from edge.field.extra import not_installed
from edge.field.record import Plan

if TYPE_CHECKING:
    from segno import QRCode


def svg_code(link: str) -> str:
    """The code alone, as an `svg` element without a size of its own."""
    file = io.BytesIO()
    code = _code(link, "q")
    code.save(file, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#14181b")
    return file.getvalue().decode().strip()


def svg_label(plan: Plan) -> str:
    """70 mm by 30 mm: code, name, id."""
    code = svg_code(plan.link).replace("<svg ", '<svg x="1" y="1" width="28" height="28" ', 1)
    size = min(4.2, 37 / max(1.0, sum(1.0 if ord(one) > 0x2E80 else 0.6 for one in plan.name)))  # a Han is square
    rows = [
        (plan.name, round(size, 2), 600, 9.5),
        (plan.sensor, 3.6, 400, 16),
        (f"{plan.box}/{plan.line}" if plan.box else "", 3, 400, 21.5),
    ]
    texts = "".join(
        f'<text x="31" y="{at}" font-size="{size}" font-weight="{weight}">{escape(text)}</text>'
        for text, size, weight, at in rows
        if text
    )
    host = plan.link.partition("://")[2].partition("/")[0]
    texts += f'<text x="31" y="27" font-size="2.6" fill="#56616a">{escape(host)}</text>' if host else ""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="70mm" height="30mm" viewBox="0 0 70 30"'
        ' font-family="system-ui, Noto Sans CJK SC, sans-serif" fill="#14181b">'
        f'<rect width="70" height="30" rx="2" fill="#ffffff" stroke="#b9c3c7" stroke-width=".3"/>{code}{texts}</svg>\n'
    )


def png_code(link: str) -> bytes:
    """The code alone, for a label printer."""
    file = io.BytesIO()
    _code(link, "q").save(file, kind="png", scale=12, border=2)
    return file.getvalue()


def terminal_code(link: str) -> str:
    """The code alone, to be scanned from the screen."""
    file = io.StringIO()
    _code(link, "m").terminal(file, compact=True)
    return file.getvalue()


def _code(link: str, error: str) -> "QRCode":
    """`error`: how much of it may be dirty. Raises Unsafe where the extra is not installed."""
    try:
        import segno  # noqa: PLC0415 - 46 ms that only labels and reports pay
    except ImportError as missing:
        raise not_installed(missing) from missing
    return segno.make_qr(link, error=error)
