"""Whatever boxes, people and time do to alarms, in whatever order: the ledger agrees with a table.

The reference knows no code of the ledger: the diagram of ISA-18.2 as a dictionary, and six plain rules
beside it (what shelves, box states and tests do). After every step the ledger must stand as it says.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import many_boards
import small_city
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, event, func, select

from cloud.alarming import alarmwork
from cloud.alarming.alarm_state import Alarm
from cloud.alarming.alarmwork import Acknowledge, AlarmAct, PutBack, Shelve, TakeOut, Unshelve
from cloud.cases.case_acts import Close
from cloud.cases.casebook import Casebook
from cloud.cases.practice import Practice
from cloud.database import Database
from cloud.ledger import Ledger
from cloud.schema.cases import cases
from cloud.schema.stream import outbox
from cloud.tables import alarms, watermarks
from cloud.tables.outbox import STORE
from wire.alarm import AlarmEvent, Change, Level
from wire.receipt import BoxStatus, Lane

T = TypeVar("T")
START_S = 1_795_000_000
BOX_OF = {"XM-SM-0001-T1": "XM-SM-01", "XM-SM-0002-T1": "XM-SM-01", "XM-TA-0117-T1": "XM-TA-01"}
BOXES = ("XM-SM-01", "XM-TA-01")
ALARMS = ("XM-SM-0001-T1/lean", "XM-SM-0002-T1/fault", "XM-TA-0117-T1/lean", "XM-TA-0117-T1/fault")
OFFLINE = tuple(f"{box}/offline" for box in BOXES)
TESTS = ("XM-TA-0117-T1/test",)
EVERYTHING = (*ALARMS, *OFFLINE, *TESTS)
SEVERITY = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}

SHOWN = {
    # state: (it is active and no worse, it is active and worse, it cleared)
    "normal": ("unacknowledged", "unacknowledged", "normal"),
    "unacknowledged": ("unacknowledged", "unacknowledged", "returned_unacknowledged"),
    "acknowledged": ("acknowledged", "unacknowledged", "normal"),
    "returned_unacknowledged": ("unacknowledged", "unacknowledged", "returned_unacknowledged"),
}
HELD = ("shelved", "suppressed", "out_of_service")
SEEN = {"unacknowledged": "acknowledged", "returned_unacknowledged": "normal"}
PUT = {
    # act: (code of the refusal, states in which it is done)
    "acknowledge": ("E-ALARM-002", tuple(SEEN)),
    "shelve": ("E-ALARM-003", tuple(SHOWN)),
    "take_out": ("E-ALARM-003", tuple(SHOWN)),
    "unshelve": ("E-ALARM-004", ("shelved",)),
    "put_back": ("E-ALARM-004", ("out_of_service",)),
}
ACTS: dict[str, AlarmAct] = {
    "acknowledge": Acknowledge(),
    "shelve": Shelve(note="crane beside it", seconds=600),
    "take_out": TakeOut(note="being repaired"),
    "unshelve": Unshelve(),
    "put_back": PutBack(),
}


@dataclass
class Expected:
    """One alarm, by the plainest possible rules."""

    name: str
    state: str = "normal"
    level: str = ""
    active: bool = False
    raised: int = 0
    has_case: bool = False
    cases: int = 0
    shelf_ends_s: int = 0
    shelf_level: str = ""
    raised_s: int = 0

    @property
    def is_silence(self) -> bool:
        """Is it explained by its box being gone?"""
        return self.name.endswith("/fault")

    def hear(self, change: str, level: str, now_s: int, *, box_is_gone: bool) -> None:
        """An event that counts."""
        was_shown = self.active and self.state not in HELD
        is_worse = not was_shown or SEVERITY[level] > SEVERITY[self.level]
        outgrows = self.state == "shelved" and SEVERITY[level] > SEVERITY[self.shelf_level]
        active = change != "cleared"
        self.raised += active and not self.active
        if self.state == "shelved" and active and outgrows:
            self.state = "unacknowledged"
        elif self.state not in HELD:
            self.state = SHOWN[self.state][2 if not active else 1 if is_worse else 0]
        self.level, self.active, self.raised_s = level, active, now_s
        if box_is_gone and self.is_silence and active and self.state not in HELD:
            self.state = "suppressed"
        self.need_case(is_news=active and is_worse)

    def release(self, *, box_is_gone: bool) -> None:
        """It is held no more."""
        self.state = "unacknowledged" if self.active else "normal"
        if box_is_gone and self.is_silence and self.active:
            self.state = "suppressed"
        self.need_case(is_news=self.active)

    def need_case(self, *, is_news: bool) -> None:
        """What is news, and is shown, and is no test, has a case from now on."""
        if is_news and self.state not in HELD and not self.has_case and self.name not in TESTS:
            self.has_case, self.cases = True, self.cases + 1


@dataclass
class Spool:
    """What a box has yet to be receipted for."""

    events: list[AlarmEvent] = field(default_factory=list)
    watermark: int = 0
    is_gone: bool = False
    gone_s: int | None = None


_ROOM = tempfile.TemporaryDirectory()


@cache
def beginning() -> tuple[Path, Practice]:
    """A ledger in which nothing has happened, and the city: both are dear to make anew for each story."""
    place = Path(_ROOM.name) / "empty.sqlite"
    database = Database(place)
    database._open()
    database._engine.dispose()
    return place, small_city.practice(Path(_ROOM.name))


def unhurried(connection: Any, _record: object) -> None:
    """What a crash leaves is another test's story; here nothing waits for the disk."""
    connection.execute("PRAGMA synchronous = OFF")


def look(connection: Connection) -> tuple[dict[str, Alarm], list[tuple[str, str, int | None]], int, int]:
    """Alarms that are not normal by id; (alarm, number, end) of cases; points for the store; the cloud's watermark."""
    wanted = select(cases.c.alarm, cases.c.number, cases.c.closed_ns).order_by(cases.c.number)
    points = select(func.count()).select_from(outbox).where(outbox.c.target == STORE)
    return (
        {alarm.id: alarm for alarm in alarms.not_normal(connection)},
        [(row.alarm, row.number, row.closed_ns) for row in connection.execute(wanted)],
        connection.execute(points).scalar_one(),
        watermarks.of(connection, *alarmwork.SPOOL, Lane.ALARMS),
    )


class Alarms(RuleBasedStateMachine):
    """Three sensors on two boxes, a person at the desk, and a clock."""

    @initialize(names=st.lists(st.sampled_from(ALARMS), min_size=1, max_size=2, unique=True))
    def begin(self, names: list[str]) -> None:
        """Nothing has happened; the story is of one or two alarms, so that much happens to each."""
        self.names = names
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        place = Path(self.folder.name)
        self.now_s, self.own, self.counted = START_S, 0, 0
        self.spools = {box: Spool() for box in BOXES}
        self.expected = {name: Expected(name) for name in EVERYTHING}
        empty, practice = beginning()
        shutil.copy(empty, place / "ledger.sqlite")
        self.ledger = Ledger(place / "ledger.sqlite", lambda: self.now_s * 10**9, practice)
        event.listen(self.ledger.database._engine, "connect", unhurried)
        self.run(self.ledger.__aenter__())
        self.people = Casebook(self.ledger)

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """To its end."""
        return self.loop.run_until_complete(act)

    def is_explained(self, name: str) -> bool:
        """Does the ledger hold the box of this alarm for gone?"""
        return self.expected[f"{BOX_OF.get(name.partition('/')[0], name.partition('/')[0])}/offline"].active

    def hear(self, name: str, change: str, level: str) -> None:
        """An event counts."""
        self.counted += 1
        self.expected[name].hear(change, level, self.now_s, box_is_gone=self.is_explained(name))

    @rule(data=st.data(), change=st.sampled_from(Change), level=st.sampled_from(Level), again=st.integers(0, 3))
    def a_box_speaks(self, data: st.DataObject, change: Change, level: Level, again: int) -> None:
        """A new event, with some that are sent again before it; then the same message once more."""
        name = data.draw(st.sampled_from(self.names))
        sensor, _, word = name.partition("/")
        spool = self.spools[BOX_OF[sensor]]
        said = many_boards.leans(sensor, spool.watermark + 1, self.now_s * 10**9, level, change, rule=word)
        spool.events.append(said)
        message = many_boards.message(spool.events[-1 - again :], box=BOX_OF[sensor])
        spool.watermark += 1
        self.hear(name, change.value, level.value)
        for _ in range(2):
            assert self.run(self.ledger.take_alarms(message)).stored_through == spool.watermark

    def may_be_done(self) -> list[tuple[str, str]]:
        """Alarms and what a person may do to them now."""
        known = [one for one in self.expected.values() if one.level]
        return [(one.name, act) for one in known for act, (_, states) in PUT.items() if one.state in states]

    @precondition(lambda self: self.may_be_done())
    @rule(data=st.data())
    def a_person_does_what_they_may(self, data: st.DataObject) -> None:
        """Something that is in order."""
        self.a_person_acts(*data.draw(st.sampled_from(self.may_be_done())))

    @rule(name=st.sampled_from(EVERYTHING), act=st.sampled_from(sorted(ACTS)))
    def a_person_acts(self, name: str, act: str) -> None:
        """On any alarm, in any state: done or refused, as the table says."""
        expected = self.expected[name]
        [done] = self.run(self.people.act_on_alarms([name], ACTS[act], small_city.person()))
        code, states = PUT[act]
        if not expected.level:
            assert done.code == "E-ALARM-001"
        elif expected.state not in states:
            assert done.code == code
        else:
            assert done.code == ""
            self.is_done(expected, act)

    def is_done(self, expected: Expected, act: str) -> None:
        """What the act makes of the alarm."""
        if act == "acknowledge":
            is_test = expected.name in TESTS
            expected.state = "normal" if is_test else SEEN[expected.state]
            expected.active = expected.active and not is_test
        elif act == "shelve":
            expected.state, expected.shelf_level = "shelved", expected.level
            expected.shelf_ends_s = self.now_s + 600
        elif act == "take_out":
            expected.state = "out_of_service"
        else:
            expected.release(box_is_gone=self.is_explained(expected.name))

    @rule(level=st.sampled_from(Level))
    def a_person_tests(self, level: Level) -> None:
        """That alarms arrive."""
        [name] = TESTS
        self.own += 1
        self.hear(name, "raised", level.value)
        asked = alarmwork.Test(sensor=name.partition("/")[0], level=level)
        assert self.run(self.people.test_alarm(asked, small_city.person())).id == name

    @precondition(lambda self: any(expected.has_case for expected in self.expected.values()))
    @rule(data=st.data())
    def a_person_closes(self, data: st.DataObject) -> None:
        """The case of an alarm, which may stand all the same."""
        name = data.draw(st.sampled_from([name for name, one in self.expected.items() if one.has_case]))
        [case] = [case for case in self.run(self.ledger.open_cases()) if case.alarm == name]
        self.run(small_city.act(self.ledger, case.number, Close(without_sensor="seen")))
        self.expected[name].has_case = False

    @rule(box=st.sampled_from(BOXES), online=st.booleans())
    def a_box_comes_or_goes(self, box: str, *, online: bool) -> None:
        """It says so itself, or the broker does; the ledger looks at it when it ticks."""
        spool = self.spools[box]
        if online:
            spool.gone_s, spool.is_gone = None, False
        elif not spool.is_gone:
            spool.gone_s, spool.is_gone = self.now_s, True
        status = BoxStatus(box, online=online, time_ns=self.now_s * 10**9, boot="b", version="0.1.0")
        self.run(self.ledger.save_status(status))
        self.spools[box].is_gone = not online

    @rule(seconds=st.sampled_from([1, 59, 60, 120, 540, 1_740, 86_400]))
    def time_passes(self, seconds: int) -> None:
        """And the ledger ticks: boxes first, then tests, then shelves."""
        self.now_s += seconds
        self.run(self.ledger.tick())
        for box in BOXES:
            self.look_at(box)
        for name in TESTS:
            one = self.expected[name]
            if one.state != "normal" and one.raised_s <= self.now_s - 600:
                one.state, one.active = "normal", False
        for name, one in self.expected.items():
            if one.state == "shelved" and one.shelf_ends_s <= self.now_s:
                one.release(box_is_gone=self.is_explained(name))

    def look_at(self, box: str) -> None:
        """A box that is gone is yellow after 120 s and orange after 1800 s; it explains the silence of its sensors."""
        spool, offline = self.spools[box], self.expected[f"{box}/offline"]
        if spool.gone_s is None:
            if not offline.active:
                return
            self.own += 1
            self.hear(offline.name, "cleared", offline.level)
        else:
            gone_s = self.now_s - spool.gone_s
            level = "orange" if gone_s >= 1_800 else "yellow" if gone_s >= 120 else ""
            if not level or (offline.active and SEVERITY[offline.level] >= SEVERITY[level]):
                return
            self.own += 1
            self.hear(offline.name, "escalated" if offline.active else "raised", level)
        for name in ALARMS:
            one = self.expected[name]
            if BOX_OF[name.partition("/")[0]] != box or not one.is_silence:
                continue
            if offline.active and one.state == "unacknowledged":
                one.state = "suppressed"
            elif not offline.active and one.state == "suppressed":
                one.release(box_is_gone=False)

    @invariant()
    def the_ledger_agrees(self) -> None:
        """Each alarm stands and has its cases as expected, and each event counts once."""
        found, filed, points, watermark = self.run(self.ledger.read(look))
        self.stand_as_expected(found)
        for name, one in self.expected.items():
            ends = [closed_ns for alarm, _, closed_ns in filed if alarm == name]
            assert (len(ends), ends.count(None)) == (one.cases, one.has_case)
        latest = {alarm: number for alarm, number, _ in filed}
        assert [alarm.case for alarm in found.values()] == [latest.get(name, "") for name in found]
        assert (points, watermark) == (self.counted, self.own)

    def stand_as_expected(self, found: dict[str, Alarm]) -> None:
        """State, level, whether it is active, how often it became so; and what is normal is not on the list."""
        assert {
            name: (alarm.state.value, alarm.level.value, alarm.is_active, alarm.raised) for name, alarm in found.items()
        } == {
            name: (one.state, one.level, one.active, one.raised)
            for name, one in self.expected.items()
            if one.state != "normal"
        }
        assert all((alarm.shelved_until_ns is None) is (alarm.state != "shelved") for alarm in found.values())

    def teardown(self) -> None:
        """After every story."""
        self.run(self.ledger.__aexit__(None, None, None))
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


TestAlarms = Alarms.TestCase
TestAlarms.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
