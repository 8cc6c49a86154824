"""Register numbers as people and manuals write them."""

import pytest

from edge.field.notation import Place, parse
from edge.field.words import Words


@pytest.mark.parametrize(
    ("text", "function", "place"),
    [
        ("0x3D", None, Place(3, 0x3D)),
        ("61", None, Place(3, 61)),
        ("40062", None, Place(3, 61)),
        ("400062", None, Place(3, 61)),
        ("30001", None, Place(4, 0)),
        ("10001", None, Place(2, 0)),
        ("40001", 3, Place(3, 40001)),
        ("0xFFFF", 4, Place(4, 0xFFFF)),
    ],
)
def test_what_a_number_means(text: str, function: int | None, place: Place) -> None:
    """A protocol address, or a number as Modicon counted; with a function code it is always an address."""
    assert parse(text, function) == place


@pytest.mark.parametrize("text", ["0x10000", "-1", "roll", "465537", "40000"])
def test_what_is_no_address(text: str) -> None:
    """Beyond 65535, below 0, a name; Modicon counts from 1."""
    with pytest.raises(ValueError, match=r"such as|an address"):
        parse(text, None)


def test_a_place_is_said_in_all_notations() -> None:
    """The roll angle of a WT901C."""
    assert Place(3, 0x3D).said(Words("en")) == (
        "address 0x003D = 61 · holding register 40062 (Modicon) · 62 where a manual counts from 1"
    )
