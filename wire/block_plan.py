"""Which blocks of a device are read in one request: neighbours with no more than some registers between them.

A request costs its own bytes, two silences and the device's thinking: often more than the registers in a hole. Whether
a device lets the hole be read only its profile knows, so nothing is joined that does not say `max_hole`.
"""

from collections.abc import Iterable
from dataclasses import replace

from wire.profile import Block

COUNT_MAX = 125
"""Registers in one reply (Modbus application protocol V1.1b3, §6.3)."""
BITS_MAX = 2000
"""Coils or discrete inputs in one reply (§6.1)."""


def joined(blocks: Iterable[Block]) -> list[Block]:
    """Blocks to ask for: those of the profile, or larger ones that hold some of them (`Block.parts`), by address."""
    planned: list[Block] = []
    for block in sorted(blocks, key=lambda one: (one.function, one.every_s, one.address)):
        if planned and _can_join(planned[-1], block):
            planned[-1] = _join(planned[-1], block)
        else:
            planned.append(block)
    return planned


def shares(block: Block, numbers: tuple[int, ...]) -> list[tuple[int, ...]]:
    """What was read of `block`, for each of the profile's blocks in it."""
    begins = [(part.address - block.address, part.count) for part in block.parts or (block,)]
    return [numbers[begin : begin + count] for begin, count in begins]


def _can_join(first: Block, second: Block) -> bool:
    if first.max_hole is None or (first.function, first.every_s) != (second.function, second.every_s):
        return False
    if any(block.once or block.before for block in (first, second)):
        return False
    hole = second.address - first.address - first.count
    most = BITS_MAX if first.is_bits else COUNT_MAX
    return 0 <= hole <= first.max_hole and second.address + second.count - first.address <= most


def _join(first: Block, second: Block) -> Block:
    return replace(
        first,
        name=f"{first.name}+{second.name}",
        count=second.address + second.count - first.address,
        max_hole=second.max_hole,
        parts=(*(first.parts or (first,)), second),
    )
