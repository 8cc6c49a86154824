"""What boxes had to let go, in the ledger: once, and only what was not stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
import small_city

from cloud.cases.practice import Practice
from cloud.ingest import Place, ReadingsLane, place
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.poison import PoisonFolder
from cloud.quarantine import Quarantine
from cloud.stores import embedded
from cloud.tables import gaps as gaps_table
from wire.batch import Batch, Series
from wire.gap import Gap, Reason
from wire.receipt import Lane

BOX, SPOOL, SENSOR = "XM-TA-01", "k3v9q2ma", "XM-TA-0117-T1"
START_NS = 1_795_480_000_000_000_000


def batch(first: int, count: int = 3, *gaps: Gap, spool: str = SPOOL, trimmed: int = 0) -> Batch:
    """Readings of one sensor, a second apart."""
    times = tuple(START_NS + sequence * small_city.SECOND_NS for sequence in range(first, first + count))
    series = Series(SENSOR, "tilt", times, tuple(at / 1000 for at in range(first, first + count)), (0,) * count)
    return Batch(BOX, spool, first, trimmed, (series,), gaps)


def gap(first: int, last: int) -> Gap:
    """Sequences first..last had to go."""
    times = (START_NS + first * small_city.SECOND_NS, START_NS + last * small_city.SECOND_NS)
    return Gap(first, last, *times, Reason.SIZE, {SENSOR: last - first + 1})


@asynccontextmanager
async def receiving(folder: Path) -> AsyncIterator[tuple[ReadingsLane, Ledger]]:
    """A readings lane with its ledger and store."""
    inventory = small_city.inventory(folder)
    quarantine = Quarantine(PoisonFolder(folder / "quarantine", lambda: START_NS))
    async with (
        Ledger(folder / "ledger.sqlite", lambda: START_NS, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
    ):
        yield (
            ReadingsLane(
                ledger=ledger, store=store, live=Live(), inventory=inventory, quarantine=quarantine, rng=Random(1)
            ),
            ledger,
        )


def missing(known: object) -> list[tuple[int, int, int]]:
    """First, last and count of what the ledger has, in order of sequences."""
    assert isinstance(known, tuple)
    return sorted((one.first_sequence, one.last_sequence, one.count) for one in known)


@pytest.mark.parametrize(
    ("watermark", "expected"),
    [(0, Place.BEYOND_A_HOLE), (3, Place.NEXT), (5, Place.NEXT), (9, Place.NEXT), (12, Place.KNOWN)],
)
def test_a_gap_is_the_place_of_its_batch(watermark: int, expected: Place) -> None:
    """Gap 4..9, batch 10..12."""
    assert place(batch(10, 3, gap(4, 9)), watermark) is expected


async def test_a_gap_that_comes_alone_is_receipted_and_known(tmp_path: Path) -> None:
    """The batch that follows it later says it again, and it is still one gap."""
    alone = Batch(BOX, SPOOL, 7, 0, (), (gap(1, 6),))
    async with receiving(tmp_path) as (lane, ledger):
        assert await lane.take([alone]) == {(BOX, SPOOL): 6}
        assert await lane.take([batch(7, 3, gap(1, 6))]) == {(BOX, SPOOL): 9}
        assert missing(await ledger.gaps(BOX, 10)) == [(1, 6, 6)]


async def test_a_gap_is_receipted_and_known(tmp_path: Path) -> None:
    """The watermark goes on over it; sent again, also after a restart, it is still one gap."""
    for _ in range(2):
        async with receiving(tmp_path) as (lane, ledger):
            for _ in range(2):
                stored = await lane.take([batch(1), batch(10, 3, gap(4, 9), trimmed=9), batch(13)])
                assert stored == {(BOX, SPOOL): 15}
            [known] = await ledger.gaps(BOX, 10)
    assert (known.box, known.spool_id, known.first_sequence, known.last_sequence) == (BOX, SPOOL, 4, 9)
    assert (known.count, known.reason, known.sensors, known.known_ns) == (6, "size", {SENSOR: 6}, START_NS)


async def test_what_was_stored_before_it_had_to_go_is_not_missing(tmp_path: Path) -> None:
    """The receipts for 1..6 were lost on their way, the box let go 1..9: 7..9 are missing. Then it let go more."""
    async with receiving(tmp_path) as (lane, ledger):
        await lane.take([batch(1), batch(4)])
        await lane.take([batch(10, 3, gap(1, 9))])
        await lane.take([batch(10, 3, gap(1, 9))])
        await lane.take([batch(20, 3, gap(1, 19))])
        assert missing(await ledger.gaps(BOX, 10)) == [(7, 9, 3), (13, 19, 7)]
        assert await ledger.watermark(BOX, SPOOL, Lane.READINGS) == 22
        await lane.take([batch(1, 3, spool="another")])
        await lane.take([batch(9, 3, gap(4, 8), spool="another"), batch(15, 3, gap(12, 14), spool="another")])
        assert missing(await ledger.gaps(BOX, 10)) == [(4, 8, 5), (7, 9, 3), (12, 14, 3), (13, 19, 7)]
        assert await ledger.gaps("XM-SM-01", 10) == ()


async def test_gaps_of_a_box_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box whose link is too slow for ever says one with every batch; the newest are known."""
    monkeypatch.setattr(gaps_table, "KEPT", 5)
    now = [START_NS]
    async with Ledger(tmp_path / "ledger.sqlite", lambda: now[0], Practice(small_city.inventory(tmp_path))) as ledger:
        for number in range(20):
            now[0] += 1
            await ledger.advance_many(
                [(BOX, SPOOL, Lane.READINGS, 10 * number + 9)], {(BOX, SPOOL): [gap(10 * number + 1, 10 * number + 5)]}
            )
        assert [known.first_sequence for known in await ledger.gaps(BOX, 100)] == [191, 181, 171, 161, 151]
        assert [known.first_sequence for known in await ledger.gaps(BOX, 2)] == [191, 181]
