"""What may be done to a case and where it leads, written down once more and independently of the product."""

from collections.abc import Mapping

from cloud.cases.case_act import Act, word
from cloud.cases.case_acts import (
    ACTS,
    Accept,
    Arrive,
    Close,
    Dismiss,
    Dispatch,
    Extend,
    FeedBack,
    File,
    Note,
    Refuse,
    Resume,
    SendBack,
    Suspend,
    Verify,
)
from cloud.cases.case_flow import Case
from cloud.cases.case_ties import Decide, Dispute, Done, Duplicate, Merge, Split

ALWAYS = {"close": "closed", "note": ""}
RUNNING = ALWAYS | {"suspend": "", "extend": "", "merge": "closed", "split": "", "duplicate": "closed"}
TABLE: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "event_part": {
        "reported": {
            "file": "filed",
            "dismiss": "closed",
            "close": "closed",
            "merge": "closed",
            "duplicate": "closed",
            "note": "",
        },
        "filed": RUNNING | {"dispatch": "dispatched", "dispute": ""},
        "dispatched": RUNNING
        | {
            "dispatch": "",
            "accept": "handling",
            "arrive": "handling",
            "feed_back": "fed_back",
            "refuse": "filed",
            "dispute": "",
        },
        "handling": RUNNING
        | {"dispatch": "dispatched", "arrive": "", "feed_back": "fed_back", "refuse": "filed", "dispute": ""},
        "fed_back": RUNNING | {"verify": "verification", "send_back": "dispatched"},
        "verification": RUNNING | {"send_back": "dispatched"},
    },
    "coordination": dict.fromkeys(
        ("reported", "filed", "dispatched", "handling", "fed_back", "verification"), ALWAYS | {"decide": "closed"}
    ),
    "special_task": dict.fromkeys(
        ("reported", "filed", "dispatched", "handling", "fed_back", "verification"), ALWAYS | {"done": ""}
    ),
}
"""By kind and stage: the acts that are legal while time runs, and the stage after each; empty when it stays."""

WHILE_SUSPENDED: Mapping[str, frozenset[str]] = {
    "event_part": frozenset({"resume", "note"}),
    "coordination": frozenset({"note"}),
    "special_task": frozenset({"note"}),
}
"""Acts that are legal while time stands still; none moves a case to another stage."""

EXAMPLES: tuple[Act, ...] = (
    File(note="看过"),
    Dismiss(note="测试牌"),
    Dispatch(unit="tongan-ads", person="lin"),
    Accept(),
    Arrive(),
    FeedBack(note="已加固"),
    Refuse(note="不是我们的"),
    Dispute(note="边界不清"),
    Verify(),
    SendBack(note="还在晃"),
    Close(without_sensor="到场看过"),
    Suspend(note="等配件"),
    Resume(),
    Extend(note="等吊车", seconds=3_600.0),
    Merge(into="20261118-00002"),
    Split(members=("XM-TA-0117-T1/lean",)),
    Duplicate(of="20261118-00002"),
    Decide(unit="tongan-ads", note="归广告科"),
    Done(site="XM-TA-0117"),
    Note(note="电话确认"),
)
"""One of each act, with all that it needs."""

assert {type(act) for act in EXAMPLES} == set(ACTS), "one of each"


def legal(case: Case) -> frozenset[str]:
    """The words of the acts that are legal for a case."""
    if case.stage == "closed":
        return frozenset()
    if case.suspended_ns is not None:
        return WHILE_SUSPENDED[case.kind]
    return frozenset(TABLE[case.kind][case.stage])


def leads_to(case: Case, act: Act) -> str:
    """The stage after a legal act."""
    return TABLE[case.kind][case.stage].get(word(type(act)), "") or str(case.stage)
