"""The steps that finish: what people know of the place, and what is handed over."""

import math
from pathlib import Path
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Grid
from textual.widgets import Input, Label

from edge.field import reporting
from edge.field.commissioner import Commissioner
from edge.field.label import terminal_code
from edge.field.record import Plan
from edge.field.screen.pane import Pane, add_row
from edge.field.words import Words
from wire.errors import Unsafe
from wire.site_blocks import LATITUDE_MAX, LONGITUDE_MAX

FIELDS = (
    "name",
    "kind",
    "district",
    "street",
    "owner",
    "at",
    "box",
    "line",
    "port",
    "serial",
    "person",
    "board",
    "photo",
)
NEEDED = ("name", "kind", "district", "box", "line")
"""What sensors.yaml asks for."""


class PlacePane(Pane):
    """A form: place, owner, box, photo; the position comes from the photo where the camera knew it."""

    name_key: ClassVar[str] = "place"

    def parts(self) -> ComposeResult:
        """A field each, in two columns."""
        with Grid(classes="form"):
            for name in FIELDS:
                yield Label(self.words(f"field.{name}"))
                yield Input(id=f"field-{name}", compact=True)

    @classmethod
    def is_done(cls, work: Commissioner) -> bool:
        """All that sensors.yaml needs is there."""
        return all(getattr(work.plan, name) for name in NEEDED)

    async def begin(self) -> None:
        """What is known so far; what nobody has said yet, as sensors.yaml has it."""
        plan = self.work.plan if self.is_done(self.work) else self.offered()
        if plan != self.work.plan:
            self.say(self.words("screen.offered"), is_news=False)
        known = {name: str(getattr(plan, name)) for name in FIELDS if name not in ("at", "photo")}
        known["at"] = f"{plan.at[0]:.6f}, {plan.at[1]:.6f}" if plan.at else ""
        known["photo"] = ""
        for name, text in known.items():
            self.query_one(f"#field-{name}", Input).value = text
        self.query_one("#field-name", Input).focus()

    async def go(self) -> None:
        """Keeps it; the photo first, for it may know the place. Raises Unsafe with what is missing, PhotoRefused."""
        given = {name: self.query_one(f"#field-{name}", Input).value.strip() for name in FIELDS}
        photo = given.pop("photo")
        if photo:
            self.work.add_photo(Path(photo))
        at = _position(given.pop("at"))
        found = self.work.record.photo
        self.work.plan_for(**given, at=at or (found.at if found else None))
        _require_place(self.work.plan, self.words)
        self.say(f"✓ {self.work.plan.link}")


class ReportPane(Pane):
    """sensors.yaml, the signed report, the label."""

    name_key: ClassVar[str] = "report"

    async def begin(self) -> None:
        """What will be written where."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim", min_width=14)
        table.add_column(overflow="fold")
        add_row(table, "sensors.yaml", str(self.setup.city))
        add_row(table, self.words("report.title"), str(self.work.folder / reporting.PAGE))
        self.show(table)

    async def go(self) -> None:
        """Raises Unsafe where the place is not kept yet, ConfigError as `egret check`, OSError."""
        _require_place(self.work.plan, self.words)
        inventory = self.work.write_city(self.setup.city)
        reporting.sign(self.work.folder, self.work.record, self.setup.key)
        proven, page = reporting.draw(self.work.folder, self.words, None)
        self.show(Text(terminal_code(proven.record.plan.link)))
        count = len(inventory.sensors)
        written = self.words("city.written", sensor=self.work.plan.sensor, file=self.setup.city, count=count)
        self.say(f"✓ {written}\n✓ {self.words('report.written', file=page)}\n{self.words('screen.finished')}")


def _require_place(plan: Plan, words: Words) -> None:
    missing = [words(f"field.{name}") for name in NEEDED if not getattr(plan, name)]
    if missing:
        what, fix = f"{', '.join(missing)}: {words('screen.missing')}", "sensors.yaml needs it: step 8, Enter keeps it."
        raise Unsafe(what, fix=fix, code="E-FIELD-027")


def _position(text: str) -> tuple[float, float] | None:
    """`24.7272, 118.1422`; None for nothing. Raises Unsafe."""
    if not text:
        return None
    try:
        latitude, longitude = (float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        latitude, longitude = math.nan, math.nan
    if not (abs(latitude) <= LATITUDE_MAX and abs(longitude) <= LONGITUDE_MAX):
        what = f"{text!r} is no position."
        raise Unsafe(what, fix="write latitude, longitude: 24.7272, 118.1422", code="E-FIELD-028")
    return latitude, longitude
