"""How much of everything there is in the ledger now, for those who watch the cloud itself."""

from collections import Counter

import msgspec
from sqlalchemy import Connection, case, func, select

from cloud.alarming.alarm_load import INTERVAL_NS, Period, repeated
from cloud.alarming.alarm_state import AlarmState
from cloud.cases.case_flow import Stage
from cloud.schema.alarms import alarm_events
from cloud.schema.cases import cases
from cloud.schema.stream import boxes, outbox
from cloud.tables import events
from cloud.tables.alarm_load import by_state_and_level, recent, standing, were_shown
from wire.alarm import Change, Level


class Gauges(msgspec.Struct, frozen=True):
    """Numbers of things by what they are. `raised`: alarms shown in the last ten minutes by the boxes' clocks.

    `chattering` alarms were raised three times within a minute in those ten; `standing` ones for more than a day.
    `overdue` counts open cases whose deadline has passed. `waiting` and `dead` are notices by target.
    """

    alarms: Counter[tuple[AlarmState, Level]]
    raised: Counter[Level]
    chattering: int
    standing: int
    cases: Counter[tuple[Stage, Level]]
    overdue: int
    waiting: dict[str, int]
    dead: dict[str, int]
    online: int
    offline: int
    last_event_id: int


def read(connection: Connection, now_ns: int) -> Gauges:
    """All of one instant."""
    found, overdue = _cases(connection, now_ns)
    ten_minutes = Period(now_ns - INTERVAL_NS + 1, now_ns + 1)
    is_dead = outbox.c.due_ns.is_(None)
    letters = connection.execute(
        select(outbox.c.target, is_dead, func.count()).group_by(outbox.c.target, is_dead)
    ).all()
    states = {
        bool(online): count
        for online, count in connection.execute(select(boxes.c.online, func.count()).group_by(boxes.c.online))
    }
    return Gauges(
        alarms=by_state_and_level(connection),
        raised=_raised(connection, now_ns),
        chattering=len(repeated(recent(connection, ten_minutes)).chattering),
        standing=standing(connection, "", now_ns)[1],
        cases=found,
        overdue=overdue,
        waiting={target: count for target, dead, count in letters if not dead},
        dead={target: count for target, dead, count in letters if dead},
        online=states.get(True, 0),
        offline=states.get(False, 0),
        last_event_id=events.last_id(connection),
    )


def _raised(connection: Connection, now_ns: int) -> Counter[Level]:
    wanted = (
        select(alarm_events.c.level, func.count())
        .where(
            alarm_events.c.time_ns > now_ns - INTERVAL_NS,
            alarm_events.c.time_ns <= now_ns,
            alarm_events.c.change == Change.RAISED.value,
            were_shown(),
        )
        .group_by(alarm_events.c.level)
    )
    return Counter({Level(level): count for level, count in connection.execute(wanted)})


def _cases(connection: Connection, now_ns: int) -> tuple[Counter[tuple[Stage, Level]], int]:
    """Open cases, and how many of them are late; one that is suspended is not."""
    is_late = (cases.c.due_ns < now_ns) & cases.c.suspended_ns.is_(None)
    late = func.sum(case((is_late, 1), else_=0))
    wanted = (
        select(cases.c.stage, cases.c.level, func.count(), late)
        .where(cases.c.closed_ns.is_(None))
        .group_by(cases.c.stage, cases.c.level)
    )
    rows = connection.execute(wanted).all()
    return (
        Counter({(Stage(stage), Level(level)): count for stage, level, count, _ in rows}),
        sum(int(number) for *_, number in rows),
    )
