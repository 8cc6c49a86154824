"""The demonstration's books can fail: a lost, a doubled and an invented reading are each found."""

from pathlib import Path

from edge.demo import account
from edge.demo.account import Balance, Ending, ending
from edge.demo.cloud_view import StoredPoint
from edge.spool import Spool
from wire.reading import Reading

SECOND_NS = 1_000_000_000
NOW_NS = 1_795_000_000 * SECOND_NS
SERIES = ("XM-TA-0117-T1", "tilt_x")
SERVED = [(number * SECOND_NS, 0.1 * number) for number in range(10)]
"""A reply a second, each another value."""


def stored(*numbers: int) -> list[StoredPoint]:
    """These replies as the store holds them."""
    return [StoredPoint(SERVED[number][0], SERVED[number][1], 0) for number in numbers]


def balance(stored: list[StoredPoint], *endings: Ending) -> Balance:
    """The books of the ten replies."""
    return account.balance(SERIES, SERVED, stored, endings)


def test_all_there() -> None:
    """Ten served, ten stored, nothing wrong."""
    assert balance(stored(*range(10))) == Balance(sampled=10, stored=10)


def test_lost() -> None:
    """The sixth is missing in the middle, the last at the end: both are lost."""
    assert balance(stored(0, 1, 2, 3, 4, 6, 7, 8)).lost == 2


def test_doubled() -> None:
    """One reading stored twice is a duplicate, at the same time or at another."""
    assert balance([*stored(*range(10)), *stored(9)]).duplicated == 1
    moved = StoredPoint(SERVED[9][0] + 1, SERVED[9][1], 0)
    assert balance([*stored(*range(10)), moved]).duplicated == 1


def test_invented() -> None:
    """A value that no device served is a surplus and the true one is lost."""
    wrong = [*stored(0, 1, 2), StoredPoint(SERVED[3][0], 99.0, 0), *stored(4, 5, 6, 7, 8, 9)]
    assert (balance(wrong).lost, balance(wrong).duplicated) == (1, 1)


def test_recorded_silence_is_no_loss() -> None:
    """A reply that came too late for its poll stands in the store as a stale reading without a value."""
    silent = [*stored(0, 1, 2), StoredPoint(SERVED[3][0], None, 4), *stored(4, 5, 6, 7, 8, 9)]
    assert balance(silent) == Balance(sampled=10, stored=9, stale=1)


def test_a_reply_later_than_its_profile_allows_is_taken_for_the_next() -> None:
    """Replies 3 and 4 are behind by one poll after a silence: both are there, late; without one they are wrong."""
    behind = [StoredPoint(SERVED[at + 1][0], SERVED[at][1], 0) for at in (3, 4)]
    silence = StoredPoint(SERVED[3][0], None, 4)
    rest = stored(6, 7, 8, 9)
    assert balance([*stored(0, 1, 2), silence, *behind, *rest]) == Balance(10, 9, stale=1, late=2)
    found = balance([*stored(0, 1, 2), *behind, *rest])
    assert (found.lost, found.duplicated, found.late) == (3, 2, 0)


def test_in_flight_is_what_no_spool_had() -> None:
    """Killed after its seventh reply, with the sixth as the newest in its spool: the seventh is in flight."""
    killed_ns = SERVED[6][0] + SECOND_NS // 2
    missing_seventh = stored(0, 1, 2, 3, 4, 5, 7, 8, 9)
    assert balance(missing_seventh, Ending(killed_ns, {SERIES: SERVED[5][0]})) == Balance(10, 9, in_flight=1)
    assert balance(missing_seventh, Ending(killed_ns, {SERIES: SERVED[6][0]})).lost == 1, "the spool had it"
    assert balance(stored(0, 1, 2, 3, 4, 6, 7, 8, 9), Ending(killed_ns, {})).lost == 1, "later ones were committed"


async def test_the_spool_of_a_killed_box_is_read_in_a_copy(tmp_path: Path) -> None:
    """Sealed or not, the newest reading of each series counts; the box's own file stays as it was."""
    spool = Spool(tmp_path / "box")
    async with spool:
        await spool.add([Reading("A-T1", "tilt", 0.1, NOW_NS), Reading("A-T1", "tilt", 0.2, NOW_NS + 1)])
        await spool.flush()
    before = (tmp_path / "box" / "spool.sqlite").read_bytes()
    assert ending(tmp_path / "box", tmp_path, 5).kept_ns == {("A-T1", "tilt"): NOW_NS + 1}
    assert (tmp_path / "box" / "spool.sqlite").read_bytes() == before


def test_equal_neighbours_are_told_apart_by_their_times() -> None:
    """A still sensor says 0.5 six times; its box is killed with two in the spool: the third is in flight, none lost."""
    served = [(number * SECOND_NS, 0.5) for number in range(6)]
    kept = [
        StoredPoint(time_ns + 40_000_000, value, 0) for number, (time_ns, value) in enumerate(served) if number != 2
    ]
    end = Ending(served[2][0] + SECOND_NS // 2, {SERIES: kept[1].time_ns})
    assert account.balance(SERIES, served, kept, [end]) == Balance(6, 5, in_flight=1)
    assert account.balance(SERIES, served, kept[:-1], [end]) == Balance(6, 4, lost=1, in_flight=1)


def test_a_gap_among_values_that_repeat_is_one_gap() -> None:
    """A value that swings between two says so ten times; without the sixth one is lost, and none is doubled."""
    served = [(number * SECOND_NS, (0.1, 0.2)[number % 2]) for number in range(10)]
    kept = [
        StoredPoint(time_ns + 40_000_000, value, 0) for number, (time_ns, value) in enumerate(served) if number != 5
    ]
    assert account.balance(SERIES, served, kept) == Balance(10, 9, lost=1)
