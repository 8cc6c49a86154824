"""The mode of a city: which switch holds where, what it changes, and which switch is refused."""

import msgspec
import pytest
from busy_city import HOUR_NS, at

from cloud.city import mode
from cloud.city.mode import LONGEST_NS, Effects, Mode, ModeError, ModeName
from wire.alarm import Level

NOW_NS = at("2026-09-30 17:59")
CITY = Mode(
    id=1,
    district="",
    mode=ModeName.TYPHOON,
    level=Level.ORANGE,
    reason="台风 12 号",
    actor="zhao",
    since_ns=NOW_NS - HOUR_NS,
    until_ns=NOW_NS + HOUR_NS,
)
TONGAN = msgspec.structs.replace(CITY, id=2, district="tongan", mode=ModeName.WATCH, since_ns=NOW_NS - 2 * HOUR_NS)


def test_in_normal_times_nothing_is_changed() -> None:
    """No switch stands: full deadlines, every alarm its own case, no drill."""
    assert mode.effects([], "tongan", NOW_NS) == Effects("normal", 1.0, 0, is_drill=False)


def test_a_districts_own_mode_holds_before_the_citys() -> None:
    """Even when the city's is newer; the other districts have the city's."""
    assert mode.in_force([CITY, TONGAN], "tongan", NOW_NS) is TONGAN
    assert mode.in_force([CITY, TONGAN], "siming", NOW_NS) is CITY
    assert mode.in_force([TONGAN], "siming", NOW_NS) is None
    assert mode.in_force([CITY, TONGAN], "", NOW_NS) is CITY


def test_of_two_of_one_district_the_newer_holds() -> None:
    """By the time of the switch, and by its id when two came at once."""
    newer = msgspec.structs.replace(CITY, id=3, since_ns=CITY.since_ns + 1)
    twin = msgspec.structs.replace(CITY, id=4)
    assert mode.in_force([newer, CITY], "", NOW_NS) is newer
    assert mode.in_force([twin, CITY], "", NOW_NS) is twin


def test_a_mode_is_over_at_its_end() -> None:
    """At that instant, also before anybody has written it down; and as soon as a person ends it."""
    assert mode.in_force([CITY], "", CITY.until_ns - 1) is CITY
    assert mode.in_force([CITY], "", CITY.until_ns) is None
    assert mode.in_force([msgspec.structs.replace(CITY, ended_ns=NOW_NS)], "", NOW_NS) is None


@pytest.mark.parametrize(
    ("name", "factors", "group_within_s"),
    [
        (ModeName.NORMAL, [1.0, 1.0, 1.0, 1.0], 0),
        (ModeName.WATCH, [0.75, 0.75, 1.0, 1.0], 600),
        (ModeName.TYPHOON, [0.5, 0.5, 0.75, 1.0], 1_800),
        (ModeName.RAIN, [0.5, 0.5, 0.75, 1.0], 1_800),
    ],
)
def test_what_each_mode_does(name: ModeName, factors: list[float], group_within_s: float) -> None:
    """Factors on deadlines for a red, orange, yellow and blue warning, and for how long alarms are grouped."""
    switches = [msgspec.structs.replace(CITY, mode=name, level=level) for level in Level]
    found = [mode.effects([switch], "", NOW_NS) for switch in switches]
    assert [effects.deadline for effects in found] == factors
    assert {effects.group_within_s for effects in found} == {group_within_s}


def test_every_mode_is_told_in_two_languages_and_only_tightens() -> None:
    """Factors on deadlines, sampling and delays lie in 0..1, a worse warning gives no more time, storms open tasks."""
    document = mode.document()
    assert set(document) == set(ModeName)
    for name, rules in document.items():
        factors = [rules.deadline.get(level, 1.0) for level in Level]
        assert factors == sorted(factors)
        assert all(0 < factor <= 1 for factor in (*factors, rules.overlay.every, rules.overlay.on_delay))
        assert rules.zh
        assert rules.en
        assert rules.opens_task is (name in {ModeName.TYPHOON, ModeName.RAIN})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"district": "atlantis"}, "E-MODE-001"),
        ({"reason": " \n"}, "E-MODE-002"),
        ({"until_ns": NOW_NS}, "E-MODE-003"),
        ({"until_ns": NOW_NS - 1}, "E-MODE-003"),
    ],
)
def test_a_switch_that_is_refused(change: dict[str, object], code: str) -> None:
    """An unknown district, no reason, an end in the past."""
    with pytest.raises(ModeError) as refused:
        mode.check(msgspec.structs.replace(CITY, **change), ["siming", "tongan"], [], NOW_NS)
    assert refused.value.code == code


@pytest.mark.parametrize("own", [CITY, TONGAN], ids=["city", "district"])
def test_a_real_mode_holds_before_a_drill(own: Mode) -> None:
    """A drill of the district is newer, and all the same the alarms there are those of the storm."""
    drill = msgspec.structs.replace(TONGAN, id=3, is_drill=True, since_ns=NOW_NS)
    assert mode.in_force([drill, own], "tongan", NOW_NS) is own
    assert mode.in_force([drill], "tongan", NOW_NS) is drill


@pytest.mark.parametrize(("district", "standing"), [("", CITY), ("tongan", CITY), ("tongan", TONGAN)])
def test_a_drill_does_not_begin_in_a_storm(district: str, standing: Mode) -> None:
    """Neither in the city nor in a district that the city's mode holds in; where none stands it does."""
    drill = msgspec.structs.replace(CITY, district=district, is_drill=True)
    with pytest.raises(ModeError, match=r"in earnest \(台风 12 号\)\.") as refused:
        mode.check(drill, ["siming", "tongan"], [standing], NOW_NS)
    assert refused.value.code == "E-MODE-004"
    mode.check(msgspec.structs.replace(drill, district="siming"), ["siming", "tongan"], [TONGAN], NOW_NS)


def test_a_switch_is_for_seven_days_at_most() -> None:
    """To the nanosecond."""
    mode.check(msgspec.structs.replace(CITY, until_ns=NOW_NS + LONGEST_NS), ["siming"], [], NOW_NS)
    with pytest.raises(ModeError) as refused:
        mode.check(msgspec.structs.replace(CITY, until_ns=NOW_NS + LONGEST_NS + 1), ["siming"], [], NOW_NS)
    assert refused.value.code == "E-MODE-003"
