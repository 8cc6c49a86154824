"""Identity, settings and what may never be written: the words of a profile against raw registers."""

from pathlib import Path

import pytest

from wire import byte_template
from wire.profile_acts import Effect, Identity, Protected, Setting
from wire.profile_yaml import load_profile

WT901C = load_profile(Path(__file__).parents[2] / "firmware-configs" / "witmotion-wt901c-485")


def test_the_other_family_of_witmotion_is_told_by_one_register() -> None:
    """0x40 is 25.00 degrees in the standard family, and the high word of a small angle in the high-precision one."""
    family = next(proof for proof in WT901C.identity if proof.is_proof)
    assert family.is_met(2500)
    assert not family.is_met(0)
    assert not family.is_met(0xFFFF)


def test_a_register_that_proves_nothing_is_met_by_anything() -> None:
    """A firmware version is shown, not judged."""
    version = Identity("version", 3, 0x2E, False, 0xFFFF, 0, (), (), None, "firmware version")
    assert not version.is_proof
    assert version.is_met(7)


def test_a_masked_identity_looks_at_its_bits_only() -> None:
    """Honeywell's id is the high byte: 0x26 is an XRL, 0x25 an XCD."""
    ident = Identity("ident", 3, 100, False, 0xFF00, 8, (0x26,), (), None, "model")
    assert ident.is_met(0x2605)
    assert not ident.is_met(0x2505)


def test_a_setting_is_written_in_words() -> None:
    """9600 baud is code 2 of a WT901C, and code 7 is 230400; what is not listed names what is."""
    baud = WT901C.settings["baud"]
    assert (baud.raw("9600"), baud.said(7), baud.said(99)) == (2, "230400", "code 99")
    with pytest.raises(ValueError, match="one of 4800, 9600"):
        baud.raw("1200")


@pytest.mark.parametrize("wanted", ["0", "128", "1e999", "eighty"])
def test_a_number_outside_what_the_device_takes_is_refused(wanted: str) -> None:
    """A WT901C has addresses 1..127."""
    with pytest.raises(ValueError, match=r"a number 1\.\.127"):
        WT901C.settings["unit"].raw(wanted)


def test_a_scaled_setting_is_written_in_its_unit() -> None:
    """0.5 s is the raw value 5 of a register in tenths of a second."""
    rate = Setting("rate", 1, 6, None, {}, (1, 600), 0.1, "s", Effect.IMMEDIATE, "")
    assert (rate.raw("0.5"), rate.said(5)) == (5, "0.5")


def test_calibration_registers_are_forbidden_but_for_one_value() -> None:
    """0x05..0x0D are the maker's offsets; 0x01 starts calibrations, of which only the angle reference (8) may be."""
    assert WT901C.protection(0x05, 0) is not None
    assert WT901C.protection(0x0D, 0) is not None
    assert WT901C.protection(0x01, 1) is not None
    assert WT901C.protection(0x01, 8) is None
    assert WT901C.protection(0x1A, 81) is None
    assert Protected("one", 4, 1, (), "").forbid(4, "$value")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("77 05 {unit} 04 {sum8}", "77 05 50 04 59"),
        ("FF 01 86 00 00 00 00 00 {neg8}", "FF 01 86 00 00 00 00 00 79"),
        ("FF AA 03 {value} 00", "FF AA 03 34 00"),
        ("01 {value_high} {value_low} {xor}", "01 12 34 26"),
    ],
)
def test_a_template_is_filled_in(text: str, sent: str) -> None:
    """The sums are over what stands before them, without the start byte (Winsen MH-441D data sheet p.5: 79)."""
    assert byte_template.parse(text).render(unit=0x50, value=0x1234) == bytes.fromhex(sent)
