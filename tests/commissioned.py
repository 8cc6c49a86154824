"""A commissioning that is done: one tilt sensor of a billboard, as tests of what follows need it."""

import math
from pathlib import Path

import msgspec

from edge.field.link_cut import LinkCut
from edge.field.record import Found, Plan, Record
from edge.field.selftest import Check, Look, Outcome, SelfTest
from edge.field.stillness import spread_of
from edge.field.walk import Pose
from edge.field.zero import KnownTilt, Zero
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
TILT = LIBRARY["witmotion-wt901c-485"]
TIME = "2026-11-27T08:10:00+00:00"
PLAN = Plan(
    site="XM-TA-0901",
    name="环城西路北段立柱广告牌",
    kind="billboard",
    district="tongan",
    at=(24.7272, 118.1422),
    street="祥平街道",
    owner="某广告公司",
    box="XM-TA-09",
    port="/dev/ttyS1",
    person="陈工",
    board="https://board.example",
)
FOUND = Found("/dev/ttyUSB0", 0x51, 9600, "8N1", TILT.name, TILT.title, "proven", ("firmware version 1240",))


def still(mean: float, sway: float) -> list[float]:
    """600 samples around a mean, which a report can draw."""
    return [mean + sway * math.sin(at * 0.37) * math.cos(at * 0.011) for at in range(600)]


ROLL = msgspec.structs.replace(spread_of(still(0.42, 0.012), "deg"), mean=0.42)
PITCH = msgspec.structs.replace(spread_of(still(-0.13, 0.009), "deg"), mean=-0.13)
ZERO = Zero(TIME, "陈工", 60, 600, {}, 0.05, {"roll": ROLL, "pitch": PITCH})
KNOWN = KnownTilt(
    TIME,
    "陈工",
    "deg",
    (
        Pose("5 < lean < 20", "lean", 9.82, 4.1, tuple(0.1 * at for at in range(99))),
        Pose("lean < 2", "lean", 0.31, 3.0, tuple(9.8 - 0.1 * at for at in range(96))),
    ),
)
CUT = LinkCut(
    is_here=False,
    cut_s=120,
    linked_s=1.2,
    alarm_s=0.06,
    readings=1252,
    during=1200,
    drained_s=0.8,
    depth=(*(10 * at for at in range(121)), 400, 0, 0),
)
SELFTEST = SelfTest(
    TIME,
    "陈工",
    (
        Check("loss", Outcome.PASSED, 0.0, 1.0, "%"),
        Check("noise", Outcome.PASSED, 0.0085, 0.05, "deg", "roll"),
        Check("noise", Outcome.PASSED, 0.0064, 0.05, "deg", "pitch"),
        Check("span", Outcome.PASSED),
        Check("clock", Outcome.SKIPPED, None, 1000.0, "ms", note="no_time_server"),
        Check("uplink", Outcome.PASSED, 1.2, None, "s"),
        Check("test_alarm", Outcome.PASSED, 0.06, 5.0, "s"),
        Check("link_cut", Outcome.PASSED, 0.0, 0.0),
    ),
    Look(600, {}, 42.0, {"roll": ROLL, "pitch": PITCH}, ()),
    CUT,
)
RECORD = Record(TIME, "0.1.0", PLAN, FOUND, (), ZERO, KNOWN, SELFTEST)


def fast_library(folder: Path) -> Path:
    """A library of one model, which answers five times faster than the real one, and may be late on a busy machine."""
    text = (library_folder() / TILT.name / "profile.yaml").read_text(encoding="utf-8")
    for before, after in (
        ("min_poll: 100ms", "min_poll: 20ms"),
        ("baud: 9600", "baud: 57600"),
        ("every: 1s", "every: 20ms"),
        ("timeout: 300ms", "timeout: 3s"),
        ("late_max: 500ms", "late_max: 3s"),
    ):
        assert before in text
        text = text.replace(before, after, 1)
    made = folder / "devices" / TILT.name
    made.mkdir(parents=True, exist_ok=True)
    (made / "profile.yaml").write_text(text, encoding="utf-8")
    return made.parent
