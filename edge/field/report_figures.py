"""The figures of a commissioning report as inline SVG: a minute of zero, a known tilt, a link that was cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from edge.field.link_cut import LinkCut
from edge.field.stillness import Spread
from edge.field.zero import KnownTilt

WIDTH, HEIGHT = 640, 140
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 18, 24
_ROOM = 1.15
"""The axis goes so much farther than what it must show."""


_SYMBOLS = {"deg": "°", "Cel": "°C", "[g]": "g", "%": "%"}


def symbol(unit: str) -> str:
    """As people write a unit of UCUM."""
    return _SYMBOLS.get(unit, unit)


@dataclass(frozen=True, slots=True)
class _Axes:
    """What the frame of a figure shows: 0..`span` from left to right, `low`..`high` from below."""

    span: float
    low: float
    high: float

    def x(self, at: float) -> float:
        """Pixels."""
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * at / (self.span or 1)

    def y(self, value: float) -> float:
        """Pixels."""
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (self.high - value) / ((self.high - self.low) or 1)

    def line(self, values: Sequence[float], kind: str) -> str:
        """A curve over the whole width."""
        step = self.span / max(1, len(values) - 1)
        points = " ".join(f"{self.x(place * step):.1f},{self.y(value):.1f}" for place, value in enumerate(values))
        return f'<polyline class="{kind}" points="{points}"/>'

    def band(self, low: float, high: float, kind: str) -> str:
        """From left to right."""
        top, bottom = self.y(min(high, self.high)), self.y(max(low, self.low))
        size = f'width="{WIDTH - _LEFT - _RIGHT}" height="{bottom - top:.1f}"'
        return f'<rect class="{kind}" x="{_LEFT}" y="{top:.1f}" {size}/>'

    def level(self, value: float, kind: str, text: str) -> str:
        """A line across, and what it is, at the left."""
        at = self.y(value)
        label = f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        return f'<line class="{kind}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>{label}'

    def frame(self, unit: str) -> str:
        """Its foot with seconds."""
        ends = (
            (0, "start", "0"),
            (self.span / 2, "middle", f"{self.span / 2:g}"),
            (self.span, "end", f"{self.span:g} s"),
        )
        texts = "".join(
            f'<text x="{self.x(at):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>'
            for at, anchor, text in ends
        )
        foot = HEIGHT - _BOTTOM
        line = f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{foot}" y2="{foot}"/>'
        return f'{line}{texts}<text x="{_LEFT}" y="{_TOP - 6}" class="unit">{escape(unit)}</text>'


def _drawn(title: str, *parts: str) -> str:
    head = f'<svg class="figure" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    return f"{head}<title>{escape(title)}</title>{''.join(parts)}</svg>"


def still(point: str, spread: Spread, for_s: float, below: float) -> str:
    """One point at rest: its curve, its mean, its deviation, and what it had to stay within."""
    reach = _ROOM * max(below, spread.most - spread.mean, spread.mean - spread.least)
    axes = _Axes(for_s, spread.mean - reach, spread.mean + reach)
    return _drawn(
        point,
        axes.band(spread.mean - below, spread.mean + below, "allowed"),
        axes.band(spread.mean - spread.sigma, spread.mean + spread.sigma, "sigma"),
        axes.line(spread.curve, "curve"),
        axes.level(spread.mean, "mean", f"{spread.mean:+.4f}"),
        axes.frame(f"{point} / {symbol(spread.unit)}"),
    )


def known_tilt(shown: KnownTilt) -> str:
    """There and back, one after the other."""
    values = [value for pose in shown.poses for value in pose.curve]
    span = sum(pose.after_s for pose in shown.poses)
    axes = _Axes(round(span, 1), min(0.0, *values), _ROOM * max(values))
    levels = [axes.level(pose.value, "mean", f"{pose.value:.2f}") for pose in shown.poses]
    name = shown.poses[0].name
    return _drawn(name, axes.line(values, "curve"), *levels, axes.frame(f"{name} / {symbol(shown.unit)}"))


def backlog(cut: LinkCut, title: str) -> str:
    """Readings that wait for their receipt while the link is cut, and after it."""
    span = max(1.0, cut.step_s * (len(cut.depth) - 1))
    most = max(cut.depth, default=1) or 1
    axes = _Axes(span, 0, _ROOM * most)
    begin = (cut.linked_s or 0) + (cut.alarm_s or 0)
    left, right = axes.x(begin), axes.x(min(span, begin + cut.cut_s))
    gone = (
        f'<rect class="gone" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{HEIGHT - _TOP - _BOTTOM}"/>'
    )
    drawn = axes.line([float(count) for count in cut.depth], "curve")
    return _drawn(title, gone, drawn, axes.level(most, "mean", f"{most}"), axes.frame(title))
