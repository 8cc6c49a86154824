"""A case from its alarm to its end, as values: what it is called, what it takes from events, how it closes."""

from pathlib import Path

import pytest
import small_city

from cloud import case_codes, case_flow
from cloud.alarm_state import Alarm, step
from cloud.case_flow import Case, Stage
from wire.alarm import AlarmEvent, Change, Level
from wire.errors import CaseClosed
from wire.inventory import Inventory

NOW_NS = 1_795_000_000_000_000_000


@pytest.fixture
def city(tmp_path: Path) -> Inventory:
    """Four sites."""
    return small_city.inventory(tmp_path)


def lean(level: Level = Level.BLUE, change: Change = Change.RAISED) -> AlarmEvent:
    """The billboard XM-TA-0117 leans 2.17°."""
    return small_city.lean(1, 1_000, level, change).events[0]


def fault(sensor: str = "XM-TA-0117-T1") -> AlarmEvent:
    """A sensor gives no answer."""
    return AlarmEvent(
        alarm=f"{sensor}/fault",
        sensor=sensor,
        rule="fault",
        quantity="tilt",
        change=Change.RAISED,
        level=Level.YELLOW,
        value=None,
        limit=None,
        time_ns=1_000,
        reason="tilt gives no answer for 60 s",
    )


def opened(city: Inventory, event: AlarmEvent) -> Case:
    """The case of an event that is new."""
    alarm: Alarm = step(None, event, city.tags(event.sensor, "XM-TA-01").site)
    return case_flow.opened("20261118-00001", alarm, event, city, NOW_NS)


def test_a_leaning_billboard_opens_a_case_with_name_place_and_code(city: Inventory) -> None:
    """Who reads the case knows what, where and how bad, in both languages."""
    case = opened(city, lean(Level.RED))
    assert case.title == "环城西路南段落地电子屏：合成倾角超限，2.17°"
    assert case.title_en == "Huancheng Road West: resultant tilt over its limit, 2.17°"
    assert (case.latitude, case.longitude) == (24.7272, 118.1422)
    assert (case.kind, case.code, case.stage, case.level) == ("event_part", "0390", Stage.FILED, Level.RED)
    assert [(line.time_ns, line.actor, line.note) for line in case.log] == [
        (NOW_NS, "egret", "raised red: tilt 2.17 deg is over 1.5 deg")
    ]


def test_a_sensor_at_fault_opens_a_case_for_maintenance(city: Inventory) -> None:
    """The billboard is not said to be in danger; somebody must look after its sensor."""
    case = opened(city, fault())
    assert case.code == case_codes.table()["sensor"].code
    assert case.title == "环城西路南段落地电子屏：传感器 XM-TA-0117-T1 故障"
    assert case.title_en == "Huancheng Road West: sensor XM-TA-0117-T1 at fault"


def test_an_unregistered_sensor_opens_a_case_without_a_place(city: Inventory) -> None:
    """An alarm of a sensor that nobody registered is an alarm all the same."""
    case = opened(city, fault("NEW-1"))
    assert (case.site, case.longitude, case.latitude) == ("_unregistered", None, None)
    assert case.title_en == "unregistered sensor NEW-1: sensor NEW-1 at fault"


def test_a_case_keeps_its_worst_level(city: Inventory) -> None:
    """Escalation makes a case worse; a lower level and the return to normal are only written down."""
    case = opened(city, lean(Level.BLUE))
    changes = [(Change.ESCALATED, Level.RED), (Change.LOWERED, Level.YELLOW), (Change.CLEARED, Level.YELLOW)]
    for change, level in changes:
        case = case_flow.noted(case, lean(level, change), NOW_NS + 1)
    assert (case.level, case.stage, case.closed_ns) == (Level.RED, Stage.FILED, None)
    assert [line.note.partition(":")[0] for line in case.log] == [
        "raised blue",
        "escalated red",
        "lowered yellow",
        "cleared yellow",
    ]


def test_a_person_closes_a_case_once(city: Inventory) -> None:
    """The second of two operators is told who was first."""
    closed = case_flow.closed(opened(city, lean()), "wang", "re-anchored", NOW_NS + 5)
    assert (closed.stage, closed.closed_ns, closed.log[-1].note) == (Stage.CLOSED, NOW_NS + 5, "re-anchored")
    with pytest.raises(CaseClosed, match=r"20261118-00001 was closed before, by wang.*E-CASE-002"):
        case_flow.closed(closed, "li", "", NOW_NS + 6)


def test_every_code_names_one_thing() -> None:
    """Four digits, unique among parts and among events, and a row for sensors and for all else."""
    codes = case_codes.table()
    assert {"sensor", "other"} <= codes.keys()
    assert len({(row.code_class, row.code) for row in codes.values()}) == len(codes)
    assert all(len(row.code) == 4 and row.code.isdigit() and row.zh and row.en for row in codes.values())


def test_every_kind_of_site_with_limits_has_a_code() -> None:
    """A limit set is a kind of site whose alarms people must be able to tell apart."""
    limits = Path(case_codes.__file__).parents[1] / "wire" / "limits"
    assert {path.stem for path in limits.glob("*.yaml")} <= case_codes.table().keys()
