"""How long a broker may be silent: on a good link, a slow one, one far away, and one that only seemed dead."""

import pytest

from wire.patience import LINK_BYTES_S, MOST_S, Patience, Silence

LEAST_S, LOOK_S = 2.0, 0.25
LARGE = 256 * 1024


def test_a_good_link_is_given_up_within_seconds() -> None:
    """Answers come after 50 ms: a silence of two seconds and a bit is the end."""
    patience = Patience(LEAST_S)
    patience.answered(0.05)
    assert patience.lasts_s(0, 500) == pytest.approx(LEAST_S + 0.1 + 500 / LINK_BYTES_S)


@pytest.mark.parametrize("round_trip_s", [0.5, 2.0, 5.0])
def test_a_broker_far_away_is_no_dead_one(round_trip_s: float) -> None:
    """Twice what an answer usually takes is borne on top."""
    patience = Patience(LEAST_S)
    for _ in range(50):
        patience.answered(round_trip_s)
    assert patience.lasts_s(0, 0) == LEAST_S + 2 * round_trip_s


def test_a_large_message_has_the_time_that_it_needs() -> None:
    """256 KiB at 64 kbit/s are 33 s, and teach nothing about how far away the broker is."""
    patience = Patience(LEAST_S)
    patience.answered(LARGE / LINK_BYTES_S + 0.1, LARGE)
    assert patience.lasts_s(0, LARGE) == pytest.approx(LEAST_S + 0.2 + LARGE / LINK_BYTES_S)


def test_a_bad_minute_is_forgotten() -> None:
    """One answer took 10 s; after a hundred quick ones the link counts as good."""
    patience = Patience(LEAST_S)
    patience.answered(10.0)
    assert patience.lasts_s(0, 0) == LEAST_S + 20
    for _ in range(100):
        patience.answered(0.05)
    assert patience.lasts_s(0, 0) < LEAST_S + 0.2


def test_a_link_that_stalls_is_not_given_up_again_and_again() -> None:
    """Each time doubles what is borne in the next hour, up to eight times and 30 s; an hour later all is as before."""
    patience, borne = Patience(LEAST_S), []
    for minute in range(5):
        borne.append(patience.lasts_s(60 * minute, 0))
        patience.end(60 * minute)
    assert borne == [2, 4, 8, 16, 16]
    patience.answered(3.0)
    assert patience.lasts_s(300, 0) == MOST_S
    patience.answered(0.05)
    assert patience.lasts_s(2 * 3600, 0) < 10


def looked(*looks: tuple[float, bool, bool]) -> float:
    """Seconds of silence after looks at (time, something is due, something was heard)."""
    silence = Silence()
    for now_s, is_due, is_news in looks:
        silence.look(now_s, 2 * LOOK_S, is_due=is_due, is_news=is_news)
    return silence.seconds


def test_silence_counts_while_an_answer_is_due() -> None:
    """Not before, and any byte ends it."""
    due = [(LOOK_S * number, True, False) for number in range(9)]
    assert looked(*due) == 8 * LOOK_S
    assert looked((0, False, False), (0.25, False, False), (0.5, True, False), (0.75, True, False)) == 0.25
    assert looked(*due, (2.25, True, True)) == 0
    assert looked(*due, (2.25, False, False), (2.5, True, False)) == 0


def test_who_was_frozen_has_heard_nothing_for_want_of_listening() -> None:
    """A minute in which nobody looked counts as half a second."""
    assert looked((0, True, False), (60, True, False)) == 2 * LOOK_S
