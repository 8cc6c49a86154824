"""Frames, lines and TLV entries in what a line delivers: resynchronising, checksums, medians."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.byte_template import checksum
from wire.errors import FrameError, SourceError
from wire.fields import decode_message, messages_in, typical
from wire.frames import FrameStream
from wire.messages import Checksum, FrameShape, LineShape, TlvShape
from wire.profile import Profile
from wire.profile_yaml import library_folder, load_profile
from wire.text_lines import KEPT_MAX, LineStream
from wire.tlv import split


def device(name: str) -> Profile:
    """A profile of the shipped library."""
    return load_profile(library_folder() / name)


A02YYUW, WINDSONIC, EM300 = device("dfrobot-a02yyuw"), device("gill-windsonic"), device("milesight-em300-mcs")
FRAMES = [shape for shape in A02YYUW.messages.values() if isinstance(shape, FrameShape)]
LINES = [shape for shape in WINDSONIC.messages.values() if isinstance(shape, LineShape)]
ENTRIES = [shape for shape in EM300.messages.values() if isinstance(shape, TlvShape)]
ECHO = bytes.fromhex("FF07A1A7")
TWO_LINES = LineShape("both", "X=", "\r\n", "\r\nY=", 2, "", 1.0, None, "")
WIND = b"\x02Q,229,002.74,M,00,\x0316\r\n"


def test_a_damaged_frame_costs_itself_and_not_its_successor() -> None:
    """One bit flipped in the first of two frames: the second is found all the same."""
    assert [found.octets for found in FrameStream(FRAMES).feed(b"\xff\x07\xa1\xa6" + ECHO)] == [ECHO]


def test_a_start_byte_within_the_noise_delays_nothing_for_ever() -> None:
    """FF FF FF before a frame: each is tried and dropped."""
    assert [found.octets for found in FrameStream(FRAMES).feed(b"\xff\xff\xff" + ECHO)] == [ECHO]


def test_after_an_outage_halves_are_not_joined() -> None:
    """The first half before, the second half after: no frame."""
    stream = FrameStream(FRAMES)
    stream.feed(ECHO[:2])
    stream.forget()
    assert stream.feed(ECHO[2:]) == []


@given(st.lists(st.one_of(st.binary(max_size=6), st.just(ECHO)), max_size=12))
def test_any_bytes_leave_a_stream_that_finds_the_next_frame(pieces: list[bytes]) -> None:
    """What was fed may be anything: nothing is raised, every frame found is sound, and a pause of zeros clears it."""
    stream = FrameStream(FRAMES)
    found = [message for piece in pieces for message in stream.feed(piece)]
    assert all(sum(message.octets[:3]) & 0xFF == message.octets[3] for message in found)
    stream.feed(bytes(8))
    assert [message.octets for message in stream.feed(ECHO)] == [ECHO]


def test_a_line_half_read_is_dropped_with_what_stands_before_its_begin() -> None:
    """The rest of a line, stray bytes, then a whole line."""
    found = LineStream(LINES).feed(b"74,M,00,\x0316\r\n\xff\xff" + WIND)
    assert [message.octets for message in found] == [WIND]


@pytest.mark.parametrize(
    "line",
    [b"\x02Q,229,002.75,M,00,\x0316\r\n", b"\x02Q,229,002.74,M,00,\x03G6\r\n", b"\x02Q,229,M,00,\x03\r\n", b"\r\n"],
)
def test_a_line_that_is_not_whole_and_sound_is_none(line: bytes) -> None:
    """A wrong digit, a checksum of letters, a field missing, nothing at all."""
    assert LineStream(LINES).feed(line) == []


def test_a_line_that_never_ends_is_not_kept() -> None:
    """A babbling device costs half a kilobyte, and the next line is read."""
    stream = LineStream(LINES)
    for _ in range(100):
        stream.feed(b"\x55" * KEPT_MAX)
    assert [message.octets for message in stream.feed(b"\r\n" + WIND)] == [WIND]


@pytest.mark.parametrize(
    ("came", "read", "dropped"),
    [
        (b"X=1\r\nY=2\r\nX=3\r\nY=4\r\n", [b"X=1\r\nY=2\r\n", b"X=3\r\nY=4\r\n"], 0),
        (b"Y=2\r\nX=3\r\nY=4\r\n", [b"X=3\r\nY=4\r\n"], 5),
        (b"X=1\r\nX=3\r\nY=4\r\n", [b"X=3\r\nY=4\r\n"], 5),
        (b"X=1\r\n\r\nY=2\r\nX=3\r\nY=4\r\n", [b"X=3\r\nY=4\r\n"], 12),
    ],
)
def test_a_message_of_two_lines_is_made_of_two_that_follow_each_other(
    came: bytes, read: list[bytes], dropped: int
) -> None:
    """Heard from its begin, from its middle, with a line lost, with one between: an old X is never put to a new Y."""
    stream = LineStream([TWO_LINES])
    found = [message.octets for octet in came for message in stream.feed(bytes([octet]))]
    assert (found, stream.dropped) == (read, dropped)


def test_half_a_message_is_forgotten_with_the_line_that_was_away() -> None:
    """X before the outage, Y after it: nothing, and both are counted as lost."""
    stream = LineStream([TWO_LINES])
    stream.feed(b"X=1\r\n")
    stream.forget()
    assert stream.feed(b"Y=2\r\nX=3\r\n") == []
    assert stream.dropped == len(b"X=1\r\nY=2\r\n")


def test_an_unknown_entry_ends_an_uplink_but_not_what_stood_before_it() -> None:
    """A battery, then a channel of a newer firmware: its length is unknown, so the rest is handed back."""
    found, rest = split(ENTRIES, bytes.fromhex("01755C 0599AABB 060001"))
    assert [message.name for message in found] == ["battery"]
    assert rest == bytes.fromhex("0599AABB060001")


def test_history_comes_with_its_own_time() -> None:
    """Milesight's example was measured on 12 October 2022 at 08:02:38 UTC."""
    ((past,), rest) = split(ENTRIES, bytes.fromhex("20CE9E74466310015D01"))
    assert (past.name, past.time_s, rest) == ("past", 1_665_561_758, b"")


def test_the_message_of_an_interval_is_the_one_with_the_median() -> None:
    """A gull for one frame of five: the median is a frame that came, not a mean with the gull in it."""
    distances = (1953, 1951, 400, 1955, 1952)
    frames = [b"\xff" + mm.to_bytes(2, "big") for mm in distances]
    whole = [frame + bytes([sum(frame) & 0xFF]) for frame in frames]
    assert decode_message(A02YYUW, "echo", typical(A02YYUW, "echo", whole)) == {"dist": 1.952}


def test_what_is_outside_the_range_does_not_move_the_median() -> None:
    """Two frames of 0 mm and 60 m beside one good one."""
    frames = [b"\xff" + mm.to_bytes(2, "big") for mm in (60_000, 1953, 20)]
    whole = [frame + bytes([sum(frame) & 0xFF]) for frame in frames]
    assert decode_message(A02YYUW, "echo", typical(A02YYUW, "echo", whole)) == {"dist": 1.953}


def test_without_a_median_the_last_message_stands_for_the_interval() -> None:
    """A battery level is a battery level."""
    assert typical(EM300, "battery", [b"\x5c", b"\x5b"]) == b"\x5b"


@pytest.mark.parametrize("octets", [ECHO[:3], ECHO + b"\x00", b"\xff\x07\xa1\xa8", b""])
def test_bytes_that_are_no_frame_are_refused_where_they_are_decoded(octets: bytes) -> None:
    """Half a frame, one and a bit, a wrong sum, nothing."""
    with pytest.raises(FrameError):
        decode_message(A02YYUW, "echo", octets)


@given(st.binary(max_size=40))
def test_nothing_that_a_line_delivers_raises_but_what_is_expected(octets: bytes) -> None:
    """Any bytes, any of three protocols: messages or none."""
    for profile in (A02YYUW, WINDSONIC, EM300):
        for message in messages_in(profile, octets):
            try:
                decode_message(profile, message.name, message.octets)
            except SourceError:
                continue


def test_a_checksum_that_stands_beyond_a_short_frame_fits_none() -> None:
    """A length byte that is too small for what the profile says of the frame."""
    shape = FrameShape("any", b"\x77", 1, 1, (), Checksum("sum8", 1, 9, 9), False, 1.0, None, "")
    assert FrameStream([shape]).feed(b"\x77\x02\x00\x00") == []


def test_a_hexadecimal_field_of_any_length_is_no_number() -> None:
    """A babbling device sends a thousand digits: the field has no value."""
    line = b"Q,229,002.74,M," + b"F" * 400 + b","
    whole = b"\x02" + line + b"\x03" + f"{checksum('xor', line):02X}".encode() + b"\r\n"
    assert decode_message(WINDSONIC, "polar", whole)["status"] is None
