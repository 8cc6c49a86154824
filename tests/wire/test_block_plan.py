"""Which blocks are read in one request, and what each of them gets of the reply."""

import pytest

from wire.block_plan import COUNT_MAX, joined, shares
from wire.profile import Block, Trigger

FIRST = Block("first", 3, 0x34, 3, 1.0, max_hole=4)
NEAR, FAR = Block("near", 3, 0x3B, 2, 1.0), Block("far", 3, 0x3C, 2, 1.0)


def test_neighbours_are_read_at_once_and_stay_answers_of_their_own() -> None:
    """Three registers, a hole of four, two registers: nine in one request."""
    (block,) = joined([NEAR, FIRST])
    assert (block.name, block.address, block.count) == ("first+near", 0x34, 9)
    assert block.parts == (FIRST, NEAR)
    assert shares(block, tuple(range(9))) == [(0, 1, 2), (7, 8)]
    assert shares(NEAR, (7, 8)) == [(7, 8)]


@pytest.mark.parametrize(
    "other",
    [
        FAR,
        Block("near", 4, 0x3B, 2, 1.0),
        Block("near", 3, 0x3B, 2, 5.0),
        Block("near", 3, 0x3B, 2, 1.0, once=True),
        Block("near", 3, 0x3B, 2, 1.0, before=Trigger(1, 1, 0.1)),
        Block("near", 3, 0x36, 2, 1.0),
        Block("near", 3, 0x37, COUNT_MAX - 2, 1.0),
    ],
)
def test_what_is_read_alone(other: Block) -> None:
    """A larger hole, another function or interval, a read that changes the device, an overlap, too many registers."""
    assert {block.name for block in joined([FIRST, other])} == {"first", other.name}


def test_without_max_hole_nothing_is_joined() -> None:
    """Not even neighbours without a hole: a device may refuse it."""
    blocks = [Block("one", 3, 0, 2, 1.0), Block("two", 3, 2, 2, 1.0)]
    assert joined(blocks) == blocks


def test_three_in_a_row() -> None:
    """Each says how far the next may be."""
    row = [Block(name, 3, 10 * place, 5, 1.0, max_hole=5) for place, name in enumerate("abc")]
    (block,) = joined(row)
    assert (block.name, block.count, [part.name for part in block.parts]) == ("a+b+c", 25, ["a", "b", "c"])
