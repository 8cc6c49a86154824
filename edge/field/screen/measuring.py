"""The steps that measure: zero, known tilt, self-test."""

import asyncio
from typing import ClassVar

from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from edge.field.check_words import HEADS, left_out, require_passed, said_of
from edge.field.commissioner import Commissioner
from edge.field.report_figures import symbol
from edge.field.screen.pane import MeasuringPane, add_row, spreads
from edge.field.selftest import Check, Outcome, SelfTest
from edge.field.words import Words
from edge.field.zero import TILT_STILL_S

_AROUND_CUT_S = 3.0
"""For the first receipt and the last one, as a rule."""
_STYLES = {Outcome.PASSED: "", Outcome.FAILED: "bold red", Outcome.SKIPPED: "dim"}


class ZeroPane(MeasuringPane):
    """A minute at rest."""

    name_key: ClassVar[str] = "zero"

    @classmethod
    def is_done(cls, work: Commissioner) -> bool:
        """It is kept."""
        return work.record.zero is not None

    async def begin(self) -> None:
        """What was measured before."""
        zero = self.work.record.zero
        if zero:
            self.show(spreads(zero.points, self.words))
            self.draw(next(iter(zero.points.values())))
        else:
            self.show(Text(self.words("screen.enter_begins"), style="dim"))

    async def go(self) -> None:
        """Raises CheckFailed where it moves, SourceError."""
        self.say(self.words("zero.looking", for_s=self.setup.zero_s))
        zero = await self.work.take_zero(self.tell, for_s=self.setup.zero_s)
        self.show(spreads(zero.points, self.words))
        self.fill(1)
        self.say(self.words("screen.zeroed", below=zero.below))


class KnownTiltPane(MeasuringPane):
    """A person tilts it and puts it back."""

    name_key: ClassVar[str] = "known_tilt"

    @classmethod
    def is_done(cls, work: Commissioner) -> bool:
        """It is kept."""
        return work.record.known_tilt is not None

    async def begin(self) -> None:
        """Nobody is asked yet."""
        self._done = asyncio.Event()
        self.show(Text(self.words("screen.enter_begins"), style="dim"))

    async def go(self) -> None:
        """Raises CheckFailed where it does not measure what it is shown, SourceError."""
        still_s = min(TILT_STILL_S, self.setup.zero_s)
        shown = await self.work.show_known_tilt(self._ask, self.tell, still_s=still_s)
        poses = [
            self.words(
                "tilt.pose", condition=one.condition, value=one.value, unit=symbol(shown.unit), after_s=one.after_s
            )
            for one in shown.poses
        ]
        self.say("\n".join([f"✓ {self.words('tilt.done')}", *poses]))

    async def _ask(self, sentence: str) -> None:
        self._done.clear()
        self.say(f"▶ {self.words.sentence(sentence)}   ({self.words('ask.done')})")
        await self._done.wait()

    def entered(self) -> None:
        """It is done."""
        self._done.set()


class SelfTestPane(MeasuringPane):
    """Everything that a sensor, its line and its link are tried for."""

    name_key: ClassVar[str] = "selftest"
    _cut_at: float | None = None

    @classmethod
    def is_done(cls, work: Commissioner) -> bool:
        """It is kept, and passed."""
        return work.record.selftest is not None and work.record.selftest.outcome is Outcome.PASSED

    async def begin(self) -> None:
        """What came of it before."""
        tested = self.work.record.selftest
        if tested:
            self._show(tested)
        else:
            self.show(Text(self.words("screen.enter_begins"), style="dim"))

    async def go(self) -> None:
        """Raises CheckFailed with what failed, SourceError."""
        trial = self.setup.trial
        self.query(".curve, .far").set(display=True)
        watching = self.set_interval(0.5, self._pass_time)
        try:
            tested = await self.work.test(self.tell, trial, self._begin_phase)
        finally:
            watching.stop()
        self._show(tested)
        require_passed(tested, self.work.plan.sensor, self.words)
        self.say(f"✓ {self.words('test.passed', but=left_out(tested, self.words))}")

    def _show(self, tested: SelfTest) -> None:
        """Without the curve: on a small terminal there is no room for it beside what came out."""
        self.query(".curve, .far").set(display=False)
        self.show(checks(tested.checks, self.words))

    def _begin_phase(self, phase: str) -> None:
        said: dict[str, dict[str, float]] = {
            "look": {"polls": self.setup.trial.polls},
            "link": {"cut_s": self.setup.trial.cut_s},
        }
        self.say(self.words(f"test.{phase}", **said[phase]))
        self._cut_at = asyncio.get_running_loop().time() if phase == "link" else None

    def _pass_time(self) -> None:
        """While the link is cut nothing comes that could show how far it is."""
        if self._cut_at is not None:
            passed_s = asyncio.get_running_loop().time() - self._cut_at
            self.fill(min(0.99, passed_s / (self.setup.trial.cut_s + _AROUND_CUT_S)))


def checks(found: tuple[Check, ...], words: Words) -> Group:
    """One row a check, and below them what is to be said of some: a column of its own would be too narrow for that."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for key in HEADS[:-1]:
        justify: JustifyMethod = "right" if key in ("report.measured", "report.most") else "left"
        table.add_column(words(key), justify=justify, overflow="fold")
    notes: dict[str, list[str]] = {}
    for check in found:
        said = said_of(check, words)
        add_row(table, *said[:-1], style=_STYLES[check.outcome])
        if said.note:
            notes.setdefault(said.note, []).append(said.name)
    below = [words("screen.note", names=", ".join(names), note=note) for note, names in notes.items()]
    return Group(table, Text("\n".join(["", *below]), style="dim"))
