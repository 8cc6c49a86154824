"""Tong'an with as many billboards as a test needs, all on the box XM-TA-01, and what that box says of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import small_city

from cloud.cases.practice import Practice
from wire.alarm import AlarmEvent, Change, Level
from wire.alarm_message import AlarmMessage
from wire.inventory import Inventory

BOX, SECOND_BOX = "XM-TA-01", "XM-TA-02"


def site_of(number: int) -> str:
    """XM-TA-1001 and so on."""
    return f"XM-TA-{1_000 + number}"


def sensor_of(number: int) -> str:
    """The one sensor of a board."""
    return f"{site_of(number)}-T1"


def inventory(folder: Path, count: int) -> Inventory:
    """The small city with boards 1 to `count` beside XM-TA-0117, and a second box in Tong'an."""
    city = small_city.inventory(folder)
    board, tilt = city.sites["XM-TA-0117"], city.sensors["XM-TA-0117-T1"]
    numbers = range(1, count + 1)
    sites = {site_of(n): replace(board, id=site_of(n), name=f"{n} 号牌", sensors=(sensor_of(n),)) for n in numbers}
    sensors = {sensor_of(n): replace(tilt, id=sensor_of(n), site=site_of(n)) for n in numbers}
    boxes = {**city.boxes, SECOND_BOX: replace(city.boxes[BOX], id=SECOND_BOX)}
    return replace(city, boxes=boxes, sites={**city.sites, **sites}, sensors={**city.sensors, **sensors})


def practice(folder: Path, count: int) -> Practice:
    """With nothing configured."""
    return Practice(inventory(folder, count))


def leans(
    sensor: str,
    sequence: int,
    time_ns: int,
    level: Level = Level.RED,
    change: Change = Change.RAISED,
    *,
    rule: str = "lean",
) -> AlarmEvent:
    """A board leans 2.17°; of the rule `fault`: its sensor gives no answer."""
    is_fault = rule == "fault"
    return AlarmEvent(
        alarm=f"{sensor}/{rule}",
        sensor=sensor,
        rule=rule,
        quantity="tilt",
        change=change,
        level=level,
        value=None if is_fault else 2.17,
        limit=None if is_fault else 1.5,
        time_ns=time_ns,
        reason="no answer for 60 s" if is_fault else "tilt 2.17 deg is over 1.5 deg",
        sequence=sequence,
    )


def message(events: Sequence[AlarmEvent], spool_id: str = "spool-1", box: str = BOX) -> AlarmMessage:
    """What one box says at once."""
    return AlarmMessage(box, spool_id, 0, tuple(events))


def gust(count: int, time_ns: int, first: int = 1) -> AlarmMessage:
    """Boards `first` and the next lean, one millisecond after the other."""
    numbers = range(first, first + count)
    return message([leans(sensor_of(n), n, time_ns + n * 10**6) for n in numbers])
