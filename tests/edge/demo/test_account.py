"""The demonstration's books can fail: a lost, a doubled and an invented reading are each found."""

from edge.demo.account import UNCOMMITTED_NS, Balance, Ending, balance
from edge.demo.cloud_view import StoredPoint

SECOND_NS = 1_000_000_000
SERVED = [(number * SECOND_NS, 0.1 * number) for number in range(10)]
"""A reply a second, each another value."""


def stored(*numbers: int) -> list[StoredPoint]:
    """These replies as the store holds them."""
    return [StoredPoint(SERVED[number][0], SERVED[number][1], 0) for number in numbers]


def test_all_there() -> None:
    """Ten served, ten stored, nothing wrong."""
    assert balance(SERVED, stored(*range(10))) == Balance(sampled=10, stored=10)


def test_lost() -> None:
    """The sixth is missing in the middle, the last at the end: both are lost."""
    assert balance(SERVED, stored(0, 1, 2, 3, 4, 6, 7, 8)).lost == 2


def test_doubled() -> None:
    """One reading stored twice is a duplicate, at the same time or at another."""
    assert balance(SERVED, [*stored(*range(10)), *stored(9)]).duplicated == 1
    moved = StoredPoint(SERVED[9][0] + 1, SERVED[9][1], 0)
    assert balance(SERVED, [*stored(*range(10)), moved]).duplicated == 1


def test_invented() -> None:
    """A value that no device served is a surplus and the true one is lost."""
    wrong = [*stored(0, 1, 2), StoredPoint(SERVED[3][0], 99.0, 0), *stored(4, 5, 6, 7, 8, 9)]
    assert (balance(SERVED, wrong).lost, balance(SERVED, wrong).duplicated) == (1, 1)


def test_recorded_silence_is_no_loss() -> None:
    """A reply that came too late for its poll stands in the store as a stale reading without a value."""
    silent = [*stored(0, 1, 2), StoredPoint(SERVED[3][0], None, 4), *stored(4, 5, 6, 7, 8, 9)]
    assert balance(SERVED, silent) == Balance(sampled=10, stored=9, stale=1)


def test_in_flight_at_an_ending_only() -> None:
    """What a killed box had read in its last moment is in flight; what it had read before that is lost."""
    ending = Ending(SERVED[6][0] + UNCOMMITTED_NS // 2, SERVED[6][0] + SECOND_NS // 2)
    missing_six = balance(SERVED, stored(0, 1, 2, 3, 4, 5, 7, 8, 9), [ending])
    assert (missing_six.lost, missing_six.in_flight) == (0, 1)
    missing_five = balance(SERVED, stored(0, 1, 2, 3, 4, 6, 7, 8, 9), [ending])
    assert (missing_five.lost, missing_five.in_flight) == (1, 0)
