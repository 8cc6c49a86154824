"""EXIF as cameras write it, and as nobody should: facts or nothing, never an error."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from wire import exif
from wire.exif import Taken

XIAMEN_NORTH = (24.0, 43.0, 37.92)
"""24.7272° N in degrees, minutes, seconds."""
XIAMEN_EAST = (118.0, 8.0, 31.92)
"""118.1422° E."""
MORNING_NS = 1_795_479_300 * 10**9
"""2026-11-24 08:15:00 in Xiamen, 00:15:00 UTC."""


def block(
    taken: str | None = None,
    zone: str | None = None,
    gps: dict[int, object] | None = None,
    orientation: int | None = None,
) -> bytes:
    """An EXIF block as Pillow writes it."""
    written = Image.Exif()
    if orientation is not None:
        written[ExifTags.Base.Orientation] = orientation
    if taken is not None:
        written.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    if zone is not None:
        written.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = zone
    written.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return written.tobytes()


def position(
    north: tuple[float, ...], north_side: str, east: tuple[float, ...], east_side: str, datum: str = "WGS-84"
) -> dict[int, object]:
    """The GPS tags of a position."""
    return {1: north_side, 2: north, 3: east_side, 4: east, 0x12: datum}


def test_time_place_and_orientation() -> None:
    """A phone in Xiamen: 24.7272° N, 118.1422° E, at 08:15 Chinese time, held upright."""
    taken = exif.read(block("2026:11:24 08:15:00", "+08:00", position(XIAMEN_NORTH, "N", XIAMEN_EAST, "E"), 6))
    assert taken.time_ns == MORNING_NS
    assert taken.latitude == pytest.approx(24.7272, abs=1e-7)
    assert taken.longitude == pytest.approx(118.1422, abs=1e-7)
    assert taken.orientation == 6


@pytest.mark.parametrize(
    ("zone", "hours_ahead"), [(None, 8), ("+08:00", 8), ("+00:00", 0), ("-03:00", -3), ("+99:00", 8), ("soon", 8)]
)
def test_the_zone_of_a_time(zone: str | None, hours_ahead: int) -> None:
    """The camera's offset holds; without one, or with nonsense, it is Chinese time."""
    taken = exif.read(block("2026:11:24 08:15:00", zone))
    assert taken.time_ns == MORNING_NS + (8 - hours_ahead) * 3_600 * 10**9


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2026-11-24", "9999:12:31 23:59:59", "1969:01:01 00:00:00"]
)
def test_no_time_is_better_than_a_wrong_one(text: str) -> None:
    """A camera whose clock was never set, and years that nanoseconds since 1970 cannot hold, say nothing."""
    assert exif.read(block(text)).time_ns is None


def test_the_other_hemispheres() -> None:
    """Valparaíso lies at 33.0472° S, 71.6127° W: both are negative."""
    taken = exif.read(block(gps=position((33.0, 2.0, 49.92), "S", (71.0, 36.0, 45.72), "W")))
    assert taken.latitude == pytest.approx(-33.0472, abs=1e-7)
    assert taken.longitude == pytest.approx(-71.6127, abs=1e-7)


def test_decimal_minutes() -> None:
    """Some cameras write minutes with decimals and no seconds: 43.632 minutes north of 24°."""
    taken = exif.read(block(gps=position((24.0, 43.632, 0.0), "N", (118.0, 8.532, 0.0), "E")))
    assert taken.latitude == pytest.approx(24.7272, abs=1e-7)


@pytest.mark.parametrize(
    "gps",
    [
        position((91.0, 0.0, 0.0), "N", XIAMEN_EAST, "E"),
        position((24.0, 75.0, 0.0), "N", XIAMEN_EAST, "E"),
        position(XIAMEN_NORTH, "N", (180.0, 0.0, 1.0), "E"),
        position(XIAMEN_NORTH, "", XIAMEN_EAST, "E"),
        position(XIAMEN_NORTH, "E", XIAMEN_EAST, "N"),
        position(XIAMEN_NORTH, "N", XIAMEN_EAST, "E", datum="TOKYO"),
        position((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E"),
        position((24.0, 43.0), "N", XIAMEN_EAST, "E"),
        {1: "N", 2: XIAMEN_NORTH},
    ],
)
def test_half_a_position_is_none(gps: dict[int, object]) -> None:
    """91° N, 75 minutes, no hemisphere, another datum, 0° 0°: no place at all."""
    taken = exif.read(block(gps=gps))
    assert (taken.longitude, taken.latitude) == (None, None)


def test_a_denominator_of_zero() -> None:
    """24/0 degrees, which receivers write while they have no fix, are no position."""
    whole = block(gps=position(XIAMEN_NORTH, "N", XIAMEN_EAST, "E"))
    broken = whole.replace(struct.pack(">2L", 24, 1), struct.pack(">2L", 24, 0))
    assert broken != whole
    assert exif.read(broken).latitude is None


@given(st.binary(max_size=400))
@example(b"Exif\x00\x00")
@example(b"II*\x00\xff\xff\xff\xff")
@example(b"MM\x00*\x00\x00\x00\x08\xff\xff")
def test_noise_is_nothing(noise: bytes) -> None:
    """Bytes that are no EXIF, also behind a good beginning, are read without an error."""
    for data in (noise, b"II*\x00\x08\x00\x00\x00" + noise, b"Exif\x00\x00MM\x00*\x00\x00\x00\x08" + noise):
        assert 1 <= exif.read(data).orientation <= 8


@given(st.data())
def test_a_damaged_block_never_fails(data: st.DataObject) -> None:
    """Any three bytes changed, and the end cut off anywhere: a fact is lost or wrong, nothing else."""
    whole = bytearray(block("2026:11:24 08:15:00", "+08:00", position(XIAMEN_NORTH, "N", XIAMEN_EAST, "E"), 6))
    for _ in range(3):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    taken = exif.read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    assert taken.latitude is None or -90 <= taken.latitude <= 90
    assert taken.longitude is None or -180 <= taken.longitude <= 180


def test_a_directory_that_points_at_itself() -> None:
    """A block whose camera and GPS directories are its main one ends: directories are never followed."""
    entries = b"".join(
        tag.to_bytes(2, "little") + b"\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00" for tag in (0x8769, 0x8825)
    )
    assert exif.read(b"II*\x00\x08\x00\x00\x00\x02\x00" + entries) == Taken()
