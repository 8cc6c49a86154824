"""Gaps on the wire: in front of a batch, understood by new readers, passed over by those of before."""

import msgspec
import pytest
import zstandard

from wire.batch import Batch, Series, decode, encode
from wire.errors import WireError
from wire.gap import GAPS_MAX, Gap, Reason, after

START_NS = 1_795_480_000_000_000_000
GONE = Gap(1, 6, START_NS, START_NS + 5, Reason.SIZE, {"A-T1": 4, "B-T1": 2})
MORE = Gap(7, 9, START_NS + 6, START_NS + 9, Reason.DISK, {"A-T1": 3})


def following(*gaps: Gap, first: int = 10) -> Batch:
    """The batch after some gaps."""
    return Batch("XM-TA-01", "k3v9q2ma", first, 0, (Series("A-T1", "tilt", (START_NS,), (0.1,), (0,)),), gaps)


def frame(batch: Batch) -> list[object]:
    """What is inside the payload."""
    return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(encode(batch)), type=list[object])


def test_gaps_travel_with_the_batch_that_follows_them() -> None:
    """They come back as they went; the batch begins where they begin."""
    batch = following(GONE, MORE)
    assert decode(encode(batch)) == batch
    assert (batch.begins, batch.first_sequence) == (1, 10)
    assert frame(batch)[7] == [
        [1, 6, START_NS, START_NS + 5, "size", {"A-T1": 4, "B-T1": 2}],
        [7, 9, START_NS + 6, START_NS + 9, "disk", {"A-T1": 3}],
    ]


def test_a_gap_travels_alone_when_nothing_follows_it() -> None:
    """A batch without readings says what is gone; one that says nothing at all is refused."""
    alone = Batch("XM-TA-01", "k3v9q2ma", 10, 0, (), (GONE, MORE))
    assert decode(encode(alone)) == alone
    assert (alone.begins, alone.last_sequence) == (1, 9)
    with pytest.raises(WireError, match="no readings"):
        decode(encode(msgspec.structs.replace(alone, gaps=())))


def test_a_frame_without_gaps_is_the_one_of_before() -> None:
    """Seven members, so a reader that counts them is not surprised; a reader of before passes over an eighth."""

    class FrameOfBefore(msgspec.Struct, array_like=True):
        version: int
        box: str
        spool_id: str
        first_sequence: int
        trimmed_through: int
        clocks: list[object]
        series: list[object]

    assert len(frame(following())) == 7
    with_gaps = zstandard.ZstdDecompressor().decompress(encode(following(GONE, MORE)))
    assert msgspec.msgpack.decode(with_gaps, type=FrameOfBefore).first_sequence == 10


def test_gaps_are_joined_and_cut() -> None:
    """One that goes on is one; of one that was stored in part, the rest is missing."""
    joined = GONE.then(MORE)
    assert joined == Gap(1, 9, START_NS, START_NS + 9, Reason.DISK, {"A-T1": 7, "B-T1": 2})
    assert joined.count == 9
    assert after((GONE, MORE), 0) == (GONE, MORE)
    assert after((GONE, MORE), 4) == (msgspec.structs.replace(GONE, first_sequence=5), MORE)
    assert after((GONE, MORE), 6) == (MORE,)
    assert after((GONE, MORE), 9) == ()


@pytest.mark.parametrize(
    ("gaps", "why"),
    [
        ((GONE,), "a gap 1..6 in front of 10"),
        ((MORE, GONE), "a gap 1..6 in front of 10"),
        ((msgspec.structs.replace(MORE, first_sequence=0),), "a gap 0..9 in front of 10"),
        ((msgspec.structs.replace(MORE, first_sequence=12),), "a gap 12..9 in front of 10"),
        ((msgspec.structs.replace(MORE, first_ns=-1),), "a time outside 1970"),
        ((msgspec.structs.replace(MORE, last_ns=START_NS),), "a time outside 1970"),
        ((msgspec.structs.replace(MORE, sensors={"A-T1": 0}),), "none of a sensor's readings"),
        ((msgspec.structs.replace(MORE, sensors={f"S{at}": 1 for at in range(5_001)}),), "too many sensors"),
        (tuple(msgspec.structs.replace(MORE, first_sequence=at, last_sequence=at) for at in range(1, 10)), "9 gaps"),
    ],
)
def test_gaps_that_cannot_be_are_refused(gaps: tuple[Gap, ...], why: str) -> None:
    """They would make readings vanish, or the ledger large."""
    with pytest.raises(WireError, match=rf"{why}.*E-WIRE-003"):
        decode(encode(following(*gaps)))


def test_as_many_gaps_as_there_may_be() -> None:
    """Eight, one reading each; a reason that nobody knows yet is taken."""
    gaps = tuple(Gap(at, at, 0, 0, "moon", {}) for at in range(1, GAPS_MAX + 1))
    assert decode(encode(following(*gaps, first=GAPS_MAX + 1))).gaps == gaps
