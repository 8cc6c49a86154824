"""A case as a value: what is legal at which stage, what it takes from events, and what its log keeps."""

from itertools import product

import busy_city
import legal_acts
import msgspec
import pytest
import small_city

from cloud.alarming.alarm_state import step
from cloud.cases import case_act, case_acts, case_flow
from cloud.cases.case_act import Act, word
from cloud.cases.case_flow import Case, CaseKind, LogLine, Outcome, Stage
from cloud.cases.practice import Practice
from wire.alarm import Change, Level
from wire.errors import CaseClosed, WrongStage

NOW_NS = busy_city.at("2026-11-18 10:00")
STATES = [
    (kind, stage, is_suspended)
    for kind, stage, is_suspended in product(CaseKind, Stage, (False, True))
    if not (is_suspended and stage is Stage.CLOSED)
]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """A city with units and a rota."""
    return busy_city.practice(tmp_path_factory.mktemp("city"))


def case_at(kind: CaseKind, stage: Stage, *, is_suspended: bool = False) -> Case:
    """A case that stands there."""
    is_closed = stage is Stage.CLOSED
    return Case(
        number="20261118-00001",
        kind=kind,
        code_class="part",
        code="0390",
        stage=stage,
        outcome=Outcome.HANDLED if is_closed else Outcome.OPEN,
        level=Level.RED,
        title="屏幕倾斜",
        title_en="leaning screen",
        unit="tongan-ads",
        person="lin",
        opened_ns=NOW_NS,
        stage_ns=NOW_NS,
        closed_ns=NOW_NS if is_closed else None,
        suspended_ns=NOW_NS if is_suspended else None,
        log=(LogLine(NOW_NS, "li", stage, "", "note"),),
    )


@pytest.mark.parametrize(("kind", "stage", "is_suspended"), STATES)
def test_only_what_is_legal_is_allowed(kind: CaseKind, stage: Stage, *, is_suspended: bool) -> None:
    """Each of the 20 acts at each kind and stage, running or suspended: the table says which, `require` agrees."""
    case = case_at(kind, stage, is_suspended=is_suspended)
    assert set(case_acts.allowed(case)) == legal_acts.legal(case)
    for act in legal_acts.EXAMPLES:
        if word(type(act)) in legal_acts.legal(case):
            case_act.require(case, act)
            continue
        expected = (CaseClosed, "E-CASE-002") if stage is Stage.CLOSED else (WrongStage, "E-CASE-003")
        with pytest.raises(expected[0]) as refused:
            case_act.require(case, act)
        assert refused.value.code == expected[1]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.CLOSED])
@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_legal_act_leads_where_the_standard_says(kind: CaseKind, stage: Stage, practice: Practice) -> None:
    """The stage after it, one version and one line more, by whoever did it; at the end no clock runs."""
    case = case_at(kind, stage)
    for act in legal_acts.EXAMPLES:
        if word(type(act)) not in legal_acts.legal(case):
            continue
        after = act.after(case, "wu", practice, NOW_NS + 5)
        assert after.stage == legal_acts.leads_to(case, act), act
        assert after.version == case.version + 1
        assert len(after.log) == len(case.log) + 1
        line = after.log[-1]
        assert (line.time_ns, line.actor, line.stage, line.act) == (NOW_NS + 5, "wu", after.stage, word(type(act)))
        is_closed = after.stage is Stage.CLOSED
        assert (after.closed_ns == NOW_NS + 5) is is_closed is not after.is_open
        assert bool(after.outcome) is is_closed
        if is_closed:
            assert (after.climb_ns, after.overdue_ns, after.suspended_ns) == (None, None, None)


@pytest.mark.parametrize(
    "act", [act for act in legal_acts.EXAMPLES if type(act).NEEDS_NOTE], ids=lambda act: word(type(act))
)
def test_what_must_say_why_says_why(act: Act) -> None:
    """Seven acts are refused with a note that is only blanks, and leave everything as it was."""
    cases = [case_at(kind, stage) for kind, stage in product(CaseKind, Stage)]
    case = next(case for case in cases if word(type(act)) in legal_acts.legal(case))
    with pytest.raises(case_act.BadAct, match="needs a note") as refused:
        case_act.require(case, msgspec.structs.replace(act, note=" \n\t"))
    assert refused.value.code == "E-CASE-005"


def test_the_acts_that_must_say_why() -> None:
    """Who takes time, a case or work away from others gives a reason; who does the work need not."""
    needing = {word(kind) for kind in case_acts.ACTS if kind.NEEDS_NOTE}
    assert needing == {"dismiss", "refuse", "dispute", "send_back", "suspend", "extend", "decide"}


def test_a_closed_case_names_who_closed_it() -> None:
    """The second of two operators is told who was first."""
    with pytest.raises(CaseClosed, match=r"20261118-00001 was closed before, by li\."):
        case_act.require(case_at(CaseKind.EVENT_PART, Stage.CLOSED), case_acts.Accept())


def test_a_case_keeps_its_worst_level() -> None:
    """Escalation makes a case worse; a lower level and the return to normal are only written down."""
    case = msgspec.structs.replace(
        case_at(CaseKind.EVENT_PART, Stage.FILED), level=Level.BLUE, alarm=small_city.LEAN, log=()
    )
    changes = [(Change.ESCALATED, Level.RED), (Change.LOWERED, Level.YELLOW), (Change.CLEARED, Level.YELLOW)]
    for change, level in changes:
        [event] = small_city.lean(1, 1_000, level, change).events
        case = case_flow.noted(case, event, NOW_NS + 1)
    assert (case.level, case.stage, case.closed_ns, case.version) == (Level.RED, Stage.FILED, None, 4)
    assert [line.note for line in case.log] == [
        "escalated red: tilt 2.17 deg is over 1.5 deg",
        "lowered yellow: tilt 2.17 deg is over 1.5 deg",
        "cleared yellow: tilt 2.17 deg is over 1.5 deg",
    ]


def test_a_further_alarm_is_named_in_the_log() -> None:
    """Of the alarm that opened the case nobody needs the name; of the others everybody does."""
    case = msgspec.structs.replace(case_at(CaseKind.EVENT_PART, Stage.FILED), alarm="XM-SM-0001-T1/lean", members=1)
    [event] = small_city.lean(1, 1_000).events
    after = case_flow.joined(case, event, NOW_NS)
    assert after.members == 2
    assert after.log[-1].note == "XM-TA-0117-T1/lean raised red: tilt 2.17 deg is over 1.5 deg"
    assert (after.log[-1].actor, after.log[-1].act) == ("egret", "raised")


def test_an_alarm_as_a_part_of_a_case(practice: Practice) -> None:
    """The part names alarm, site and sensor, the level it had and when it joined, and is open."""
    [event] = small_city.lean(1, 1_000, Level.ORANGE).events
    part = case_flow.part_of(step(None, event, practice.inventory.tags("XM-TA-0117-T1", "XM-TA-01")), NOW_NS)
    assert (part.member, part.site, part.sensor) == (small_city.LEAN, "XM-TA-0117", "XM-TA-0117-T1")
    assert (part.level, part.joined_ns, part.is_alarm, part.until_ns) == (Level.ORANGE, NOW_NS, True, None)


def test_nothing_that_is_unknown_gets_through_the_door() -> None:
    """An act with an unknown word, a field too many, 366 days of extension or 2001 signs of note is not one."""
    for text in (
        '{"act":"explode"}',
        '{"act":"accept","why":"x"}',
        '{"act":"extend","note":"x","seconds":31622400}',
        '{"act":"extend","note":"x","seconds":0}',
        '{"act":"split","members":[]}',
        '{"act":"close","finding":"merged"}',
        msgspec.json.encode({"act": "note", "note": "x" * 2_001}).decode(),
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=case_acts.AnyAct)


def test_every_act_survives_the_wire() -> None:
    """What is sent as JSON is read as the same act."""
    for act in legal_acts.EXAMPLES:
        assert msgspec.json.decode(msgspec.json.encode(act), type=case_acts.AnyAct) == act
