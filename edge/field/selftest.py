"""The self-test at the end of a commissioning: each check with what was measured, what it may be, and its outcome."""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from edge.field.device import NO_ANSWER, Device
from edge.field.link_cut import LinkCut
from edge.field.stillness import Spread, spread_of
from edge.field.walk import LEAST, Progress, Tell
from edge.machine_clock import Kept
from wire.profile import LinkKind
from wire.profile_acts import ZERO_HERE, Still

POLLS = 600
LOSS_MOST = 0.01
"""Of the polls (judgement): a good line loses none, and one in a hundred is a shield or a terminator to look at."""
SIGNAL_LEAST_DBM = -85.0
"""Below it adverts are missed and connections lost (judgement; docs/field/ble.md)."""
CLOCK_MOST_MS = 1000.0
"""By which a clock that is kept may be wrong (judgement): readings of a gust from two boxes stay in order."""
GONE_S = 30.0
"""A sensor of which nothing was had for so long is gone (judgement): the polls that are left would tell nothing new."""
ALARM_MOST_S = 5.0
"""From an alarm on the box to its receipt (judgement; the goal of the whole chain is a second)."""


class Outcome(StrEnum):
    """Of one check. What could not be tried is said so, and is no pass."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(msgspec.Struct, frozen=True):
    """`name`: noise, loss, signal, span, clock, uplink, link_cut, test_alarm. `of`: the value it is about, or empty.

    `measured` and `most` are in `unit`, None where there is no number. `note`: why it was left out, or what beside it.
    """

    name: str
    outcome: Outcome
    measured: float | None = None
    most: float | None = None
    unit: str = ""
    of: str = ""
    note: str = ""


class Look(msgspec.Struct, frozen=True):
    """N polls of the sensor at rest. `took_ms`: the median of a poll, its blocks and their gaps.

    `strays` left the range of their model. `signal_dbm`: the mean of how strongly it was received, None on a wire.
    """

    polls: int
    failures: Mapping[str, int]
    took_ms: float
    spreads: Mapping[str, Spread]
    strays: tuple[str, ...]
    signal_dbm: float | None = None


class SelfTest(msgspec.Struct, frozen=True):
    """All of it. `time` is UTC (ISO 8601)."""

    time: str
    person: str
    checks: tuple[Check, ...]
    look: Look
    cut: LinkCut | None = None

    @property
    def outcome(self) -> Outcome:
        """Failed when one check did; else passed, though some may have been left out."""
        failed = any(check.outcome is Outcome.FAILED for check in self.checks)
        return Outcome.FAILED if failed else Outcome.PASSED


async def look_at(device: Device, polls: int, tell: Tell) -> Look:
    """Polls it so often, as fast as its model allows. Raises SourceError when the port is lost, or the sensor."""
    clock = asyncio.get_running_loop().time
    samples: dict[str, list[float]] = {}
    strays: set[str] = set()
    took: list[float] = []
    signals: list[int] = []
    device.failures.clear()
    had_at = clock()
    spans = {point.name: point.span for point in device.profile.points if point.span}
    for number in range(polls):
        began = clock()
        values: Mapping[str, object] = {}
        try:
            values = await device.sample()
            had_at = clock()
            took.append(had_at - began)
            signals += [] if device.signal_dbm is None else [device.signal_dbm]
        except NO_ANSWER:
            if clock() - had_at > GONE_S:
                raise
        for name, value in values.items():
            if isinstance(value, float) and "." not in name:
                samples.setdefault(name, []).append(value)
                span = spans.get(name)
                strays.update([name] if span and not span[0] <= value <= span[1] else [])
        if number % 5 == 0 or number == polls - 1:
            part = (number + 1) / polls
            left_s = (polls - number - 1) * device.profile.timing.min_poll_s
            tell(Progress(part, left_s, {}, _spreads(device, samples)))
        await asyncio.sleep(max(0.0, began + device.profile.timing.min_poll_s - clock()))
    took_ms = round(1000 * statistics.median(took), 1) if took else 0.0
    signal_dbm = round(statistics.fmean(signals), 1) if signals else None
    return Look(polls, dict(device.failures), took_ms, _spreads(device, samples), tuple(sorted(strays)), signal_dbm)


def _spreads(device: Device, samples: Mapping[str, Sequence[float]]) -> dict[str, Spread]:
    return {name: spread_of(known, device.unit_of(name)) for name, known in samples.items() if known}


def of_the_sensor(device: Device, look: Look) -> list[Check]:
    """Loss, signal, noise of what must be still, and whether everything is within the model's range."""
    found = [_loss(device, look)]
    if look.signal_dbm is not None:
        outcome = Outcome.PASSED if look.signal_dbm >= SIGNAL_LEAST_DBM else Outcome.FAILED
        found.append(Check("signal", outcome, look.signal_dbm, None, "dBm", note="signal"))
    procedure = device.profile.procedures.get(ZERO_HERE)
    for step in procedure.steps if procedure else ():
        if isinstance(step, Still):
            found += [_noise(point, look.spreads.get(point), step.spread) for point in step.points]
    answered = look.polls - sum(look.failures.values())
    outcome = Outcome.FAILED if look.strays or answered < LEAST else Outcome.PASSED
    return [*found, Check("span", outcome, note=", ".join(look.strays))]


def _loss(device: Device, look: Look) -> Check:
    """Of adverts nobody knows how many were sent: that few were awaited for too long proves no share of them."""
    lost = sum(look.failures.values()) / look.polls
    if lost <= LOSS_MOST and device.profile.link.kind is LinkKind.BLE_ADVERT:
        return Check("loss", Outcome.SKIPPED, None, 100 * LOSS_MOST, "%", note="adverts")
    said = ", ".join(f"{count} {kind}" for kind, count in look.failures.items())
    return _at_most("loss", 100 * lost, 100 * LOSS_MOST, "%", note=said)


def _noise(point: str, spread: Spread | None, most: float) -> Check:
    if spread is None:
        return Check("noise", Outcome.FAILED, None, most, of=point)
    return _at_most("noise", spread.sigma, most, spread.unit, of=point)


def of_the_clock(kept: Kept) -> Check:
    """Does the kernel vouch for it, and how far may it be wrong?"""
    if not kept.is_synced:
        return Check("clock", Outcome.SKIPPED, None, CLOCK_MOST_MS, "ms", note="no_time_server")
    return _at_most("clock", kept.error_us / 1000, CLOCK_MOST_MS, "ms")


def of_the_link(cut: LinkCut, *, has_broker: bool) -> list[Check]:
    """First receipt, test alarm, and what the cut has cost. `has_broker`: one was named."""
    here = "on_this_machine" if cut.is_here else ""
    if cut.is_here:
        outcome = Outcome.FAILED if has_broker else Outcome.SKIPPED
        uplink = Check("uplink", outcome, note="no_receipt" if has_broker else "no_broker")
    else:
        uplink = _came("uplink", cut.linked_s, None)
    if cut.linked_s is None:
        return [uplink, Check("test_alarm", Outcome.FAILED, note=here), Check("link_cut", Outcome.FAILED, note=here)]
    is_lossless = not cut.lost and not cut.doubled and cut.during > 0 and cut.drained_s is not None
    outcome = Outcome.PASSED if is_lossless else Outcome.FAILED
    return [
        uplink,
        msgspec.structs.replace(_came("test_alarm", cut.alarm_s, ALARM_MOST_S), note=here),
        Check("link_cut", outcome, float(cut.lost + (cut.doubled or 0)), 0.0, "", note=here),
    ]


def _came(name: str, after_s: float | None, most_s: float | None) -> Check:
    if after_s is None:
        return Check(name, Outcome.FAILED, None, most_s, "s")
    is_late = most_s is not None and after_s > most_s
    return Check(name, Outcome.FAILED if is_late else Outcome.PASSED, after_s, most_s, "s")


def _at_most(name: str, measured: float, most: float, unit: str, *, of: str = "", note: str = "") -> Check:
    outcome = Outcome.PASSED if measured <= most else Outcome.FAILED
    return Check(name, outcome, round(measured, 4), most, unit, of, note)
