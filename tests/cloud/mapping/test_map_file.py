"""map.json: whole or not at all, and read again when it changes."""

import logging
import os
from pathlib import Path

import pytest
import small_map

from cloud.mapping.map_file import MapFile, Served, write
from wire.errors import ConfigError


def test_a_map_that_is_built_later_is_served(tmp_path: Path) -> None:
    """And one that is built anew, under another mark; the same one keeps it."""
    path = tmp_path / "data" / "map.json"
    file = MapFile(path)
    assert file.newest() == Served()
    write(path, small_map.document())
    first = file.newest()
    assert first.city_map == small_map.document()
    assert file.newest() is first
    write(path, small_map.document(accuracy_m=500.0))
    second = file.newest()
    assert second.mark != first.mark
    write(path, small_map.document())
    assert file.newest().mark == first.mark
    path.unlink()
    assert file.newest() == Served()


def test_a_broken_map_is_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, and no map; a folder in its place is no better."""
    path = tmp_path / "map.json"
    path.write_text("{")
    file = MapFile(path)
    with caplog.at_level(logging.WARNING):
        assert [file.newest() for _ in range(3)] == [Served()] * 3
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["the board has no map"]
    assert "E-MAP-003" in caplog.text
    path.unlink()
    path.mkdir()
    assert file.newest() == Served()


def test_no_file_at_all() -> None:
    """A server without a configuration has no map."""
    assert MapFile().newest() == Served()


def test_a_map_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fails on the way, the old one stays and nothing is left beside it."""
    path = tmp_path / "map.json"
    write(path, small_map.document())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        write(path, small_map.document(accuracy_m=500.0))
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.json"]
    assert MapFile(path).newest().city_map == small_map.document()


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    """A file where a folder should be: named, with what to do."""
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigError) as caught:
        write(tmp_path / "data" / "map.json", small_map.document())
    assert caught.value.code == "E-MAP-018"


def test_others_may_read_it(tmp_path: Path) -> None:
    """Who builds it need not be who serves it."""
    write(tmp_path / "map.json", small_map.document())
    assert (tmp_path / "map.json").stat().st_mode & 0o044 == 0o044 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
