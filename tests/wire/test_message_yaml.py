"""Reading a profile of messages: what is said about frames, lines, links and triggers that cannot be."""

import re
from pathlib import Path

import pytest

from wire.errors import ConfigError
from wire.messages import Checksum
from wire.profile_yaml import library_folder, load_profile


def mistakes_after(folder: Path, model: str, old: str, new: str) -> list[str]:
    """What is said about a shipped profile after replacing a text in it, without the folder."""
    text = (library_folder() / model / "profile.yaml").read_text(encoding="utf-8")
    assert old in text
    path = folder / model / "profile.yaml"
    path.parent.mkdir()
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load_profile(path.parent)
    return str(wrong.value).splitlines()


@pytest.mark.parametrize(
    ("model", "old", "new", "said"),
    [
        ("dfrobot-a02yyuw", 'sync: "FF"', 'sync: "F"', "'sync' is no bytes. fix: write bytes such as FF 1A"),
        ("dfrobot-a02yyuw", "size: 4", "size: 1", "'size' 1 is outside 2..260."),
        ("dfrobot-a02yyuw", "at: 1, type: u16", "at: 3, type: u16", "'at' 3 is outside 0..2."),
        ("dfrobot-a02yyuw", "kind: sum8", "kind: crc32", "'kind' 'crc32' is not known."),
        ("dfrobot-a02yyuw", "median: dist", "median: dits", "the median 'dits' is no point of echo. fix: write 'dist'"),
        ("dfrobot-a02yyuw", "range: [0.03, 4.5], ", "", "dist has no range, and the checksum of this device is weak."),
        ("dfrobot-a02yyuw", "serial: stream", "modbus: rtu", "is described by blocks. fix: write the section blocks"),
        ("dfrobot-a02yyuw", "silence: 2s, ", "", "'silence' is missing."),
        ("dfrobot-a02yyuw", 'hex: "FF 07 A1 A8"', 'hex: "FF 07 A1 A"', "'hex' is no hexadecimal bytes."),
        ("winsen-mh-441d", '    ask: "FF 01 86 00 00 00 00 00 {neg8}"\n', "", "asked, and no message says with what."),
        ("gill-windsonic", r'end: "\r\n"', 'end: ""', "'end' is empty."),
        ("gill-windsonic", 'separator: ","', 'separator: "\ufeff"', "'separator' has characters that are no bytes."),
        ("gill-windsonic", "field: 3", "field: 5", "'field' 5 is outside 0..4."),
        ("gill-windsonic", "type: hex", "type: u8", "'type' 'u8' is not known."),
        ("witmotion-bwt901ble", "service: 0000ffe5-0000", "service: ffe5", "is no UUID. fix: write it whole"),
        ("witmotion-bwt901ble", "match: {2: 0x3A", "match: {two: 0x3A", "'two' in match is no place."),
        ("milesight-em300-mcs", "time_at: 0", "time_at: 5", "'time_at' 5 is outside 0..4."),
        (
            "milesight-em300-mcs",
            "size: 8, time_at: 0, every",
            "size: 8, every",
            "temperature is published by two values.",
        ),
        ("witmotion-wt901c-485", "modbus: rtu", "serial: stream", "is described by frames, lines or tlv."),
        (
            "keller-36xw",
            "count: 4, every: 10s",
            "count: 4, every: 10s, before: {reg: 0xFF01, value: 0, wait: 1s}",
            "zero of",
        ),
    ],
)
def test_a_mistake_of_a_message_is_said_with_its_line_and_fix(
    tmp_path: Path, model: str, old: str, new: str, said: str
) -> None:
    """One change to a good profile, and the message that it gets among those that follow from it."""
    found = [line for line in mistakes_after(tmp_path, model, old, new) if said in line]
    assert found
    assert re.search(r"profile\.yaml:\d+: .+ fix: .+ \[E-(PROFILE|FILE)-\d{3}\]$", found[0])


def test_frames_and_lines_do_not_mix(tmp_path: Path) -> None:
    """One stream is cut one way."""
    said = mistakes_after(
        tmp_path, "dfrobot-a02yyuw", "points:", 'lines:\n  text: {begin: R, end: "\\r", fields: 1, every: 1s}\npoints:'
    )
    assert any("all frames, all lines with one end, or all tlv entries" in line for line in said)


def test_a_frame_s_shape_arrives_as_it_is_written() -> None:
    """BWSENSING's frame: its length byte counts all but the start byte, its sum stands last."""
    shape = load_profile(library_folder() / "bwsensing-bwm826").messages["angles"]
    assert (shape.length_at, shape.size, shape.match) == (1, 1, ((1, 0x11), (4, 0x84)))  # type: ignore[union-attr]
    assert shape.check == Checksum("sum8", 1, -1, -1)  # type: ignore[union-attr]
