"""The map document: what it is, and what is refused."""

from pathlib import Path

import msgspec
import pytest
import small_map

from wire import city_map
from wire.errors import ConfigError


def refusal(path: Path) -> str:
    """What is said of this file."""
    with pytest.raises(ConfigError) as caught:
        city_map.read(path)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The same document."""
    path = tmp_path / "map.json"
    path.write_bytes(city_map.encode(small_map.document()))
    assert city_map.read(path) == small_map.document()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """And what to do."""
    expected = "map.json: cannot read this map: No such file or directory. fix: make it anew with `egret map build`"
    assert refusal(tmp_path / "map.json") == f"{expected} [E-MAP-001]"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'{"schema', b'"schema'),
        (b"egret.map/1", b"egret.map/2"),
        (b'"WGS-84"', b'"GCJ-02"'),
        (b"118.05,24.42,118.2", b"118.05,118.2"),
        (b"118.05,24.42,118.2,24.42", b"181.05,24.42,118.2,24.42"),
        (b"118.05,24.42,118.2,24.42", b"null,24.42,118.2,24.42"),
        (b"118.05,24.42]]", b"118.05,24.43]]"),
    ],
    ids=["json", "schema", "crs", "odd", "range", "null", "open"],
)
def test_what_is_no_map(tmp_path: Path, good: bytes, bad: bytes) -> None:
    """Another version, another system, rings that are none."""
    path = tmp_path / "map.json"
    content = city_map.encode(small_map.document())
    assert good in content
    path.write_bytes(content.replace(good, bad, 1))
    assert refusal(path).endswith("[E-MAP-003]")


def test_a_document_of_any_size_is_not_read(tmp_path: Path) -> None:
    """It goes to every browser."""
    path = tmp_path / "map.json"
    path.write_bytes(b" " * (city_map.SIZE_MAX + 1))
    assert refusal(path).endswith("[E-MAP-002]")


def test_the_document_says_what_it_is() -> None:
    """For programs that read it without us."""
    found = msgspec.json.decode(city_map.encode(small_map.document()))
    assert (found["schema"], found["crs"]) == ("egret.map/1", "WGS-84")
