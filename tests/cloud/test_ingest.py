"""The readings lane: in order and once, whatever the broker loses, repeats or reorders."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
import small_city
from broker_session import BrokerSession
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.cases.practice import Practice
from cloud.ingest import Place, ReadingsLane, place, read
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.poison import PoisonFolder
from cloud.ports import Delivery
from cloud.quarantine import Quarantine
from cloud.stores import embedded
from wire import batch as wire_batch
from wire.batch import Batch, Series
from wire.errors import WireError
from wire.receipt import decode_receipt

BOX, SPOOL = "XM-TA-01", "k3v9q2ma"
SENSOR = "XM-TA-0117-T1"
SIZE = 3
"""Readings in a batch."""
START_NS = 1_795_480_000_000_000_000


def batch(number: int, trimmed_through: int = 0) -> Batch:
    """The number-th batch of the spool, from 0: three readings, a second apart."""
    first = number * SIZE + 1
    times = tuple(START_NS + sequence * small_city.SECOND_NS for sequence in range(first, first + SIZE))
    series = Series(
        SENSOR, "tilt", times, tuple(sequence / 1000 for sequence in range(first, first + SIZE)), (0,) * SIZE
    )
    return Batch(BOX, SPOOL, first, trimmed_through, (series,))


@pytest.mark.parametrize(
    ("number", "trimmed_through", "watermark", "expected"),
    [
        (0, 0, 0, Place.NEXT),
        (1, 0, 3, Place.NEXT),
        (1, 3, 3, Place.NEXT),
        (0, 0, 3, Place.KNOWN),
        (0, 0, 9, Place.KNOWN),
        (1, 0, 0, Place.BEYOND_A_HOLE),
        (2, 3, 0, Place.BEYOND_A_HOLE),
        (1, 3, 0, Place.NEXT),  # the cloud lost its watermark, the box its memory of 1..3
        (1, 0, 4, Place.NEXT),  # astride: what is stored of it the store knows by its key
    ],
)
def test_where_a_batch_stands(number: int, trimmed_through: int, watermark: int, expected: Place) -> None:
    """Sequences 1..3, 4..6, 7..9 against what is stored of their spool."""
    assert place(batch(number, trimmed_through), watermark) is expected


async def arrive(folder: Path, groups: Sequence[Sequence[int]], batches: int) -> list[float | None]:
    """Take groups of batch numbers, then all in order; what the store holds then."""
    inventory, quarantine = (
        small_city.inventory(folder),
        Quarantine(PoisonFolder(folder / "quarantine", lambda: START_NS)),
    )
    through = 0
    async with (
        Ledger(folder / "ledger.sqlite", lambda: START_NS, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
    ):
        for group in [*groups, range(batches)]:
            lane = ReadingsLane(  # a new lane each time: what it remembers must not matter
                ledger=ledger, store=store, live=Live(), inventory=inventory, quarantine=quarantine, rng=Random(1)
            )
            stored = (await lane.take([batch(number) for number in group]))[BOX, SPOOL]
            assert stored >= through, "a watermark never falls"
            through = stored
        points = await store.readings(SENSOR, "tilt", 0, 2**62, 10_000)
    assert through == batches * SIZE
    return [point.value for point in points]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=6), max_size=6))
def test_stored_once_and_in_order(tmp_path_factory: pytest.TempPathFactory, groups: list[list[int]]) -> None:
    """Duplicates, holes and disorder, over restarts: each reading is stored once, in order, and receipted."""
    values = asyncio.run(arrive(tmp_path_factory.mktemp("ingest"), groups, 5))
    assert values == [sequence / 1000 for sequence in range(1, 5 * SIZE + 1)]


async def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """A batch beyond a hole is answered with the watermark, and that something is missed; then all is well again."""
    session, inventory = BrokerSession(), small_city.inventory(tmp_path)
    quarantine = Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: START_NS))
    async with (
        Ledger(tmp_path / "ledger.sqlite", lambda: START_NS, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(tmp_path))) as store,
    ):
        lane = ReadingsLane(
            ledger=ledger, store=store, live=Live(), inventory=inventory, quarantine=quarantine, rng=Random(1)
        )
        running = asyncio.create_task(lane.run(session))
        for number in (0, 2, 1, 2):
            topic = f"egret/v1/{BOX}/readings"
            session.published.put_nowait(Delivery(topic, wire_batch.encode(batch(number)), lambda: None))
            answers = len(session.sent) + 1
            async with asyncio.timeout(30):
                while len(session.sent) < answers:
                    await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    said = [decode_receipt(payload) for _, payload, _ in session.sent]
    assert [(one.stored_through, one.is_missed) for one in said] == [(3, False), (3, True), (6, False), (9, False)]


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("egret/v1/XM-SM-01/readings", wire_batch.encode(batch(0)), "box 'XM-TA-01' published on"),
        ("egret/v1/XM-TA-01/readings", b"noise", "this is no batch of readings"),
        ("egret/v1/XM-TA-01/readings", bytes(300_000), "300000 bytes are too many"),
        ("egret/v2/XM-TA-01/readings", wire_batch.encode(batch(0)), "is not egret/v1/<box>/<what>"),
    ],
)
def test_poison_is_named(topic: str, payload: bytes, why: str) -> None:
    """What a box may not send is refused with its reason, which quarantine keeps."""
    with pytest.raises(WireError, match=why):
        read(topic, payload)
