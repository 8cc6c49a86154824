"""Readings on the wire: lossless, small, and hard to poison."""

import math
import struct
from random import Random

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from wire import batch as wire_batch
from wire.batch import VALUES_MAX, Batch, Series, columns, decode, encode
from wire.errors import WireError
from wire.reading import Quality, Reading

START_NS = 1_795_480_000_000_000_000
"""2026-11-24 in UTC."""


def a_batch(*series: Series) -> Batch:
    """The first batch of a spool."""
    return Batch("XM-TA-01", "k3v9q2ma", 1, 0, series)


def packed(frame: object) -> bytes:
    """Any msgpack object, compressed as a batch would be."""
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(frame))


values = st.one_of(
    st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-40000, 40000).map(lambda n: n / 1000)
)
rows = st.tuples(st.integers(0, 2**62), values, st.integers(0, 255))


@given(st.lists(st.lists(rows, min_size=1, max_size=20), min_size=1, max_size=6))
def test_comes_back_as_it_went(table: list[list[tuple[int, float | None, int]]]) -> None:
    """Every double, every time and every flag is the same bit for bit, in any order."""
    sent = a_batch(
        *(
            Series(f"S-{number}", "tilt", *(tuple(column) for column in zip(*one, strict=True)))
            for number, one in enumerate(table)
        )
    )
    received = decode(encode(sent))
    assert received == sent
    for before, after in zip(sent.series, received.series, strict=True):
        assert [v if v is None else struct.pack("d", v) for v in before.values] == [
            v if v is None else struct.pack("d", v) for v in after.values
        ]


def test_rows_become_columns_in_order() -> None:
    """Readings of one sensor and quantity stay in order of sampling; quantities are kept apart."""
    readings = [
        Reading("A-T1", "tilt", 0.031, START_NS),
        Reading("A-T1", "temperature", 21.5, START_NS),
        Reading("A-T1", "tilt", None, START_NS + 10**9, Quality.STALE),
    ]
    tilt, temperature = columns(readings)
    assert tilt == Series("A-T1", "tilt", (START_NS, START_NS + 10**9), (0.031, None), (0, Quality.STALE))
    assert temperature.values == (21.5,)
    assert list(tilt.readings()) == [readings[0], readings[2]]


def test_sequences_count_readings() -> None:
    """A batch of 3 readings that begins at 1 ends at 3."""
    batch = a_batch(Series("A-T1", "tilt", (1, 2), (0.1, 0.2), (0, 0)), Series("A-T1", "tilt_x", (1,), (0.1,), (0,)))
    assert (batch.count, batch.last_sequence) == (3, 3)


def test_a_second_of_eight_tilt_sensors_is_small() -> None:
    """8 sensors at 10 Hz with 0.01° noise: under 3 bytes a value for 1 s, under 2 bytes for 10 s."""
    rng = Random(1)
    for seconds, most in ((1, 3.0), (10, 2.0)):
        readings = [
            Reading(
                f"XM-TA-{sensor:04d}-T1",
                quantity,
                round(rng.gauss(0.2, 0.01), 3),
                START_NS + tick * 100_000_000 + rng.randrange(3) * 1_000_000,
            )
            for sensor in range(8)
            for tick in range(10 * seconds)
            for quantity in ("tilt_x", "tilt_y", "tilt")
        ]
        assert len(encode(a_batch(*columns(readings)))) / len(readings) < most


@pytest.mark.parametrize(
    "frame",
    [
        "no frame",
        [2, "B", "s", 1, 0, [], []],
        [1, "B", "s", 1, 0, [], []],
        [1, "B", "s", 0, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [1], []]]],
        [1, "B", "s", 5, 5, [[1, 1, []]], [["A", "tilt", 0, 3, [1], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 1, 3, [1], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [1, 2], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 99, [1], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [None], []]]],
        [1, "B", "s", 1, 0, [[1, 7, []]], [["A", "tilt", 0, 3, [1], []]]],
        [1, "B", "s", 1, 0, [[-1, 1, []]], [["A", "tilt", 0, 3, [1], []]]],
        [1, "B", "s", 1, 0, [[2**63 - 1, 1_000_000, [1]]], [["A", "tilt", 0, 3, [1, 1], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, -1, [math.nan], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, -1, [math.inf], []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [1], [4, 2]]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [1], [4]]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [1], [2**31, 1]]]],
        [1, "B", "s", 1, 0, [[1, 1, []]], [["A", "tilt", 0, 3, [2**64 - 1] * 2, []]]],
        [1, "B", "s", 1, 0, [[1, 1, []]] * 100_000, [["A", "tilt", 0, 3, [1] * 2, []]]],
        [1, "B", "s", 1, 0, [[1, 1, [0] * VALUES_MAX]], [["A", "tilt", 0, 3, [1] * (VALUES_MAX + 1), []]]],
    ],
)
def test_poison_is_named(frame: object) -> None:
    """Whatever is no batch raises WireError with a reason, never anything else."""
    with pytest.raises(WireError, match="this is no batch of readings"):
        decode(packed(frame))


@pytest.mark.parametrize(
    ("sensor", "quantity", "why"),
    [
        ("", "tilt", "no id of a sensor"),
        ("A\nB", "tilt", "no id of a sensor"),
        ("\u0391", "tilt", "no id of a sensor"),  # a Greek letter that looks like A
        ("A" * 65, "tilt", "no id of a sensor"),
        ("A", "tilt\x00", "no name of a quantity"),
        ("A", "tilt\u202e", "no name of a quantity"),  # what follows is written from right to left
        ("A", "t" * 65, "no name of a quantity"),
    ],
)
def test_names_are_what_they_look_like(sensor: str, quantity: str, why: str) -> None:
    """A sensor has an id as the contract says; nothing in a name hides."""
    with pytest.raises(WireError, match=why):
        decode(packed([1, "B", "s", 1, 0, [[1, 1, []]], [[sensor, quantity, 0, 3, [1], []]]]))


@pytest.mark.parametrize("deep", [b"\x91" * 900_000, b"\x97" + b"\x91" * 900_000])
def test_what_is_nested_too_deep_is_refused(deep: bytes) -> None:
    """900 000 arrays in each other, as the frame or in its place for the version."""
    with pytest.raises(WireError, match="this is no batch of readings"):
        decode(zstandard.ZstdCompressor().compress(deep))


def test_a_bomb_is_not_unpacked() -> None:
    """A few bytes that would unpack to 64 MiB are refused by their announced size."""
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * 2**20))
    assert len(bomb) < 10_000
    with pytest.raises(WireError, match="unpacks to 67108864 bytes"):
        decode(bomb)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    """Random bytes, plain or compressed, raise WireError."""
    for payload in (noise, zstandard.ZstdCompressor().compress(noise)):
        with pytest.raises(WireError):
            wire_batch.decode(payload)
