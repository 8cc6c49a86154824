"""Who of the sensors that report when they like is silent, and what is missed of it."""

import pytest

from edge.presence import Presence
from wire.profile_yaml import library_folder, load_library

HOUR_S = 3600.0


def test_a_device_is_silent_as_a_whole(caplog: pytest.LogCaptureFixture) -> None:
    """Two hours after its last report, and every ten minutes from then; one line in the log each way."""
    presence = Presence({"S": 2 * HOUR_S, "N": 5 * HOUR_S}, 0.0, fix="look.")
    presence.heard("S", ["angles"], 600.0)
    assert presence.due == 600 + 2 * HOUR_S
    assert list(presence.silent(presence.due - 1)) == []
    ((sensor, fault, missed),) = presence.silent(presence.due)
    assert (sensor, missed) == ("S", ("angles",))
    assert "no report for 7200 s" in fault
    assert presence.due == 600 + 2 * HOUR_S + 600
    assert [one for one, _, _ in presence.silent(presence.due)] == ["S"]
    presence.heard("S", ["angles"], 3 * HOUR_S)
    assert [("no report" in one.getMessage(), "is back" in one.getMessage()) for one in caplog.records] == [
        (True, False),
        (False, True),
    ]


def test_what_comes_rarely_is_not_missed() -> None:
    """A battery that is reported every six hours is no fault of a sensor that was silent for two."""
    presence = Presence({"S": 2 * HOUR_S}, 0.0, fix="look.")
    for tenth in range(61):
        things = ["angles", "battery"] if tenth % 36 == 0 else ["angles"]
        presence.heard("S", things, 600.0 * tenth)
    ((_, _, missed),) = presence.silent(presence.due)
    assert missed == ("angles",)


def test_one_that_was_never_heard() -> None:
    """Nobody knows what it would say: it is missed whole."""
    assert [missed for _, _, missed in Presence({"S": 1.0}, 0.0, fix="look.").silent(1.0)] == [()]


def test_the_past_has_no_interval() -> None:
    """A logger's history comes when it likes: delays of limits do not run over a day because of it."""
    library = load_library(library_folder())
    assert set(library["milesight-em500-swl"].intervals_s) == {600.0}
    assert library["witmotion-wt901c-485"].intervals_s
