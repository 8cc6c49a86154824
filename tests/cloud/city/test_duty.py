"""Duty: who is on duty at any instant, and whom a case climbs to while nobody accepts it."""

import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloud.city import duty, organisation, routing
from cloud.city.duty import TURNS, Reason, Rota, Step, chain
from cloud.city.organisation import Organisation, Person, Unit
from wire.errors import ConfigError
from wire.located import Mistakes, parse

XIAMEN = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR_NS = 3_600 * 10**9
UNITS_PAGE, ROUTING_PAGE, DUTY_PAGE = (
    textwrap.dedent((module.__doc__ or "").split("\n\n")[1]) for module in (organisation, routing, duty)
)
EXAMPLE = f"{UNITS_PAGE}\n{ROUTING_PAGE}\n{DUTY_PAGE}"
DAILY = Rota(XIAMEN, time(8), TURNS["1d"], date(2026, 1, 5), ("lin", "chen", "wang"))


def read(text: str) -> tuple[Organisation, dict[str, Rota]]:
    """The text as cloud.yaml."""
    mistakes = Mistakes()
    root = parse(textwrap.dedent(text), "cloud.yaml", mistakes)
    units = organisation.read(root)
    routing.read(root, units)
    rotas = duty.read(root, units, XIAMEN)
    root.done()
    mistakes.raise_any()
    return units, rotas


def mistakes_of(text: str) -> list[str]:
    """What is said of a wrong file."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value).splitlines()


def at(text: str, zone: ZoneInfo = XIAMEN) -> int:
    """UTC nanoseconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 10**9


def test_the_example_in_the_manual_pages_is_right() -> None:
    """The pages of units, routing and duty are one good file; the schema agrees with the reader."""
    _, rotas = read(EXAMPLE)
    assert rotas == {
        "tongan-ads": Rota(
            XIAMEN,
            time(8),
            timedelta(days=1),
            date(2026, 1, 5),
            ("lin", "chen", "wang"),
            {date(2026, 10, 1): "chen"},
        )
    }
    validator = jsonschema_rs.validator_for({"type": "object", "properties": duty.SCHEMA})
    written = {"turn": "1d", "from": "2026-01-05", "order": ["lin"], "hand_over": "08:00"}
    assert validator.is_valid(yaml.load(DUTY_PAGE, Loader=yaml.BaseLoader))
    assert validator.is_valid({"duty": {"ads": written}})
    assert not validator.is_valid({"duty": {"ads": {**written, "turn": "2d"}}})


@pytest.mark.parametrize(
    ("local", "called"),
    [
        ("2026-01-05T08:00:00", ("lin", "chen", "wang")),
        ("2026-01-06T07:59:59", ("lin", "chen", "wang")),
        ("2026-01-06T08:00:00", ("chen", "wang", "lin")),
        ("2026-01-07T23:00:00", ("wang", "lin", "chen")),
        ("2026-01-08T08:00:00", ("lin", "chen", "wang")),
        ("2026-01-05T07:59:59", ("wang", "lin", "chen")),
    ],
)
def test_turns_change_at_the_hand_over(local: str, called: tuple[str, ...]) -> None:
    """At 08:00 in Xiamen, from Monday 5 January 2026; a second before the beginning the last has the turn."""
    assert DAILY.on_duty(at(local)) == called


def test_a_turn_of_twelve_hours_has_a_night() -> None:
    """Two people share the day at 08:00 and 20:00; the third begins the next one."""
    rota = Rota(XIAMEN, time(8), TURNS["12h"], date(2026, 1, 5), ("lin", "chen", "wang"))
    assert rota.on_duty(at("2026-01-05T19:59"))[0] == "lin"
    assert rota.on_duty(at("2026-01-05T20:00"))[0] == "chen"
    assert rota.on_duty(at("2026-01-06T08:00"))[0] == "wang"
    assert rota.turn_at(at("2026-01-05T21:00")) == duty.Turn(at("2026-01-05T20:00"), at("2026-01-06T08:00"), "chen")


def test_a_swap_wins_for_the_day_that_begins_on_its_date() -> None:
    """Lin's week: Chen has it from Wednesday 08:00 to Thursday 08:00, Wang is the deputy, Lin is asked last."""
    swaps = {date(2026, 1, 7): "chen"}
    rota = Rota(XIAMEN, time(8), TURNS["1w"], date(2026, 1, 5), ("lin", "wang", "chen"), swaps)
    assert rota.on_duty(at("2026-01-07T07:59")) == ("lin", "wang", "chen")
    assert rota.on_duty(at("2026-01-07T08:00")) == ("chen", "wang", "lin")
    assert rota.on_duty(at("2026-01-08T07:59")) == ("chen", "wang", "lin")
    assert rota.on_duty(at("2026-01-08T08:00")) == ("lin", "wang", "chen")


def test_a_swap_may_bring_somebody_who_is_not_on_the_rota() -> None:
    """A fourth colleague of the unit has the first of October; a swap with oneself changes nothing."""
    rota = Rota(XIAMEN, time(8), TURNS["1d"], date(2026, 9, 30), ("lin", "chen"), {date(2026, 10, 1): "zhao"})
    assert rota.on_duty(at("2026-10-01T12:00")) == ("zhao", "lin", "chen")
    own = Rota(XIAMEN, time(8), TURNS["1d"], date(2026, 9, 30), ("lin", "chen"), {date(2026, 9, 30): "lin"})
    assert own.on_duty(at("2026-09-30T12:00")) == ("lin", "chen")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28T12:00", 23), ("2026-10-24T12:00", 25), ("2026-06-01T12:00", 24)]
)
def test_the_clock_on_the_wall_counts(day: str, hours: int) -> None:
    """Where clocks change, the turn over that night has 23 or 25 hours, and hand-over stays at 08:00."""
    rota = Rota(BERLIN, time(8), TURNS["1d"], date(2026, 1, 5), ("lin", "chen"))
    turn = rota.turn_at(at(day, BERLIN))
    assert turn.end_ns - turn.start_ns == hours * HOUR_NS
    assert datetime.fromtimestamp(turn.end_ns // 10**9, BERLIN).time() == time(8)


def test_an_hour_that_comes_twice_has_one_hand_over() -> None:
    """02:30 comes twice on 25 October 2026 in Berlin: the turn changes at the first and does not change back."""
    rota = Rota(BERLIN, time(2, 30), TURNS["1d"], date(2026, 10, 24), ("lin", "chen"))
    first = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()) * 10**9
    minutes = [rota.on_duty(first + minute * 60 * 10**9)[0] for minute in range(-60, 120)]
    assert minutes == ["lin"] * 60 + ["chen"] * 120


def test_an_hour_that_is_missing_still_has_its_hand_over() -> None:
    """02:30 does not exist on 29 March 2026 in Berlin: the turn changes at 01:30 UTC, when clocks show 03:30."""
    rota = Rota(BERLIN, time(2, 30), TURNS["1d"], date(2026, 3, 28), ("lin", "chen"))
    change = int(datetime(2026, 3, 29, 1, 30, tzinfo=UTC).timestamp()) * 10**9
    assert [rota.on_duty(change + offset)[0] for offset in (-HOUR_NS, -1, 0, HOUR_NS)] == ["lin", "lin", "chen", "chen"]


ROTAS = st.builds(
    Rota,
    zone=st.just(XIAMEN),
    hand_over=st.times().map(lambda found: found.replace(second=0, microsecond=0)),
    turn=st.sampled_from(list(TURNS.values())),
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    order=st.lists(st.sampled_from(["lin", "chen", "wang", "zhao"]), min_size=1, max_size=5).map(tuple),
    swaps=st.dictionaries(st.dates(date(2025, 12, 1), date(2026, 2, 1)), st.sampled_from(["lin", "liu"])),
)
INSTANTS = st.integers(at("2025-12-01T00:00"), at("2026-02-01T00:00"))


@given(ROTAS, INSTANTS)
def test_exactly_one_is_first_at_every_instant(rota: Rota, now_ns: int) -> None:
    """Somebody is always on duty, everybody of the order is called, and nobody twice."""
    called = rota.on_duty(now_ns)
    assert called
    assert len(set(called)) == len(called)
    assert set(rota.order) <= set(called) <= {*rota.order, *rota.swaps.values()}
    assert called[0] == rota.turn_at(now_ns).person


@given(ROTAS, INSTANTS)
def test_turns_leave_no_gap_and_are_one_person_s(rota: Rota, now_ns: int) -> None:
    """In Xiamen, where clocks never change: this turn holds now, whole or cut by a swap, and the next one follows."""
    turn = rota.turn_at(now_ns)
    assert turn.start_ns <= now_ns < turn.end_ns
    assert turn.end_ns - turn.start_ns <= int(rota.turn.total_seconds()) * 10**9
    assert (turn.end_ns - turn.start_ns) % min(24 * HOUR_NS, int(rota.turn.total_seconds()) * 10**9) == 0
    assert rota.turn_at(turn.start_ns) == rota.turn_at(turn.end_ns - 1) == turn
    assert {rota.on_duty(instant)[0] for instant in (turn.start_ns, now_ns, turn.end_ns - 1)} == {turn.person}
    assert rota.turn_at(turn.end_ns).start_ns == turn.end_ns


@given(ROTAS.map(lambda rota: replace(rota, swaps={})), INSTANTS)
def test_without_swaps_turns_are_whole_and_go_round(rota: Rota, now_ns: int) -> None:
    """Each as long as the file says, and the next in order begins when it ends."""
    turn, *others = rota.turns(now_ns, now_ns + 3 * int(rota.turn.total_seconds()) * 10**9)
    assert {one.end_ns - one.start_ns for one in [turn, *others]} == {int(rota.turn.total_seconds()) * 10**9}
    if len(set(rota.order)) == len(rota.order):
        following = rota.order[(rota.order.index(turn.person) + 1) % len(rota.order)]
        assert others[0].person == following


def test_a_week_with_swaps_on_a_calendar() -> None:
    """Lin's week from Monday 08:00; Chen has Wednesday and Thursday, Wang Saturday: five pieces, then Wang's week."""
    swaps = {date(2026, 1, 7): "chen", date(2026, 1, 8): "chen", date(2026, 1, 10): "wang"}
    rota = Rota(XIAMEN, time(8), TURNS["1w"], date(2026, 1, 5), ("lin", "wang"), swaps)
    turns = list(rota.turns(at("2026-01-06T00:00"), at("2026-01-13T00:00")))
    assert turns == [
        duty.Turn(at("2026-01-05T08:00"), at("2026-01-07T08:00"), "lin"),
        duty.Turn(at("2026-01-07T08:00"), at("2026-01-09T08:00"), "chen"),
        duty.Turn(at("2026-01-09T08:00"), at("2026-01-10T08:00"), "lin"),
        duty.Turn(at("2026-01-10T08:00"), at("2026-01-11T08:00"), "wang"),
        duty.Turn(at("2026-01-11T08:00"), at("2026-01-12T08:00"), "lin"),
        duty.Turn(at("2026-01-12T08:00"), at("2026-01-19T08:00"), "wang"),
    ]


@given(st.integers(at("2026-03-25T00:00"), at("2026-11-01T00:00")), st.times(), st.sampled_from(list(TURNS.values())))
def test_turns_leave_no_gap_where_clocks_change(now_ns: int, hand_over: time, turn: timedelta) -> None:
    """In Berlin a turn is an hour shorter or longer at most, and every instant lies in exactly one."""
    rota = Rota(BERLIN, hand_over.replace(second=0, microsecond=0), turn, date(2026, 3, 1), ("lin", "chen"))
    found = rota.turn_at(now_ns)
    assert found.start_ns <= now_ns < found.end_ns
    assert abs(found.end_ns - found.start_ns - int(turn.total_seconds()) * 10**9) <= HOUR_NS
    assert rota.turn_at(found.end_ns).start_ns == found.end_ns


def test_a_case_climbs_from_the_rota_to_the_command_centre() -> None:
    """Tuesday noon: Chen, then Wang, then the supervisor, which has no people, then the command centre's Zhao."""
    units, rotas = read(EXAMPLE)
    assert chain(units, rotas, "tongan-ads", at("2026-01-06T12:00")) == (
        Step("tongan-ads", "chen", Reason.ON_DUTY),
        Step("tongan-ads", "wang", Reason.DEPUTY),
        Step("tongan-chengguan", "", Reason.SUPERVISOR),
        Step("command-centre", "zhao", Reason.COMMAND_CENTRE),
    )


def test_an_unknown_unit_is_the_command_centre() -> None:
    """With nothing configured, and for a unit that has left the file, somebody is still asked."""
    assert chain(Organisation(), {}, "tongan-ads", 0) == (Step("command-centre", "", Reason.ON_DUTY),)
    units, rotas = read(EXAMPLE)
    assert chain(units, rotas, "", at("2026-01-06T12:00")) == (Step("command-centre", "zhao", Reason.ON_DUTY),)


NAMES = ["a", "b", "c", "d"]
UNITS = st.fixed_dictionaries({name: st.tuples(st.sampled_from(["", *NAMES]), st.integers(0, 3)) for name in NAMES})


@given(UNITS, st.sampled_from(["", *NAMES]), INSTANTS)
def test_a_chain_asks_nobody_twice_and_ends_at_the_command_centre(
    shape: dict[str, tuple[str, int]], unit: str, now_ns: int
) -> None:
    """Whatever supervises whatever, loops too: at most five steps for four units."""
    units = {
        name: Unit(name, name, supervisor=above, people={key: Person(key, name, key) for key in NAMES[:count]})
        for name, (above, count) in shape.items()
    }
    steps = chain(Organisation(units, "a"), {"b": DAILY}, unit, now_ns)
    asked = [(step.unit, step.person) for step in steps]
    assert len(set(asked)) == len(asked) <= len(NAMES) + 1
    assert steps[-1].unit == "a"
    assert steps[0].reason is Reason.ON_DUTY


def test_all_mistakes_are_told_at_once() -> None:
    """Each with its line and what to write instead."""
    units = "units:\n  command-centre: {name: 中心}\n  ads: {name: 科, people: {lin: {name: 林}, chen: {name: 陈}}}\n"
    assert mistakes_of(
        units
        + textwrap.dedent("""\
        duty:
          ad:
            {hand_over: "08:00", turn: 1d, from: 2026-01-05, order: [lin]}
          ads:
            hand_over: "8 Uhr"
            turn: 1m
            from: 2026-02-30
            order: [lin, chan]
            swaps:
              - {date: 2026-10-01, on: lin}
              - {date: 2026-10-01, on: chen}
              - {date: 1 May, on: lim, at: "08:00"}
          command-centre:
            {hand_over: "24:00", turn: 12h, from: 2026-01-05, order: []}
        """)
    ) == [
        "cloud.yaml:5: there is no unit 'ad'. fix: write 'ads' [E-ORG-003]",
        "cloud.yaml:8: '8 Uhr' is no time of day. fix: write hours and minutes: \"08:00\" [E-ORG-022]",
        "cloud.yaml:9: 'turn' '1m' is not known. fix: use one of: 8h, 12h, 1d, 1w [E-FILE-014]",
        "cloud.yaml:10: '2026-02-30' is no date. fix: write year, month and day: 2026-10-01 [E-ORG-023]",
        "cloud.yaml:11: unit ads has no person 'chan'. fix: write 'chen' [E-ORG-020]",
        "cloud.yaml:14: 2026-10-01 is swapped twice. fix: keep one; the other gives the day to lin [E-ORG-024]",
        "cloud.yaml:15: '1 May' is no date. fix: write year, month and day: 2026-10-01 [E-ORG-023]",
        "cloud.yaml:15: unit ads has no person 'lim'. fix: write 'lin' [E-ORG-020]",
        "cloud.yaml:15: unknown key 'at'. fix: write 'date' [E-FILE-010]",
        "cloud.yaml:17: nobody is on this rota. fix: name the people of the unit, in their order [E-ORG-021]",
        "cloud.yaml:17: '24:00' is no time of day. fix: write hours and minutes: \"08:00\" [E-ORG-022]",
    ]


def test_people_must_be_described_before_they_have_duty() -> None:
    """A unit without people cannot have a rota."""
    text = 'duty:\n  command-centre: {hand_over: "08:00", turn: 1d, from: 2026-01-05, order: [zhao]}\n'
    assert mistakes_of(text) == [
        (
            "cloud.yaml:2: unit command-centre has no person 'zhao'."
            " fix: describe the people of command-centre under `units:` [E-ORG-020]"
        )
    ]
