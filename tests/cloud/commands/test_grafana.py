"""`egret grafana build` and `check`: files, words and exit codes. `apply` and `export`: tests/cloud/grafana."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cloud.grafana import dashboards
from wire.errors import ConfigError, EgretError
from wire.main import root


def egret(*words: str) -> Result:
    """The command as a program calls it: `return_value` is its exit code."""
    return CliRunner().invoke(root, ["grafana", *words], standalone_mode=False)


@pytest.mark.parametrize("verb", ["build", "check", "apply", "export"])
def test_every_verb_shows_an_example(verb: str) -> None:
    """And has `--json`."""
    shown = CliRunner().invoke(root, ["grafana", verb, "--help"]).stdout
    assert "Example:  egret grafana" in shown
    assert "--json" in shown


def test_build_writes_what_differs_and_nothing_else(tmp_path: Path) -> None:
    """Thirteen files, and the second time none; with another board all dashboards, and no provisioning file."""
    first = egret("build", "--out", str(tmp_path))
    assert first.stdout.count("wrote") == 13
    assert egret("build", "--out", str(tmp_path)).stdout.count("unchanged") == 13
    again = json.loads(egret("build", "--out", str(tmp_path), "--board", "https://b.example", "--json").stdout)
    assert {one["file"] for one in again if one["is_new"]} == {
        str(tmp_path / f"{uid}.json") for uid in (one.uid for one in dashboards.build("zh", ""))
    }


@pytest.mark.parametrize("board", ["egret.city.example", "javascript:alert(1)", "https://a b"])
def test_the_board_has_an_address_that_a_browser_opens(board: str, tmp_path: Path) -> None:
    """Anything else would be a dead link in every panel, or worse."""
    error = egret("build", "--board", board, "--out", str(tmp_path)).exception
    assert isinstance(error, ConfigError)
    assert "[E-GRAF-031]" in str(error)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "file").write_text("")
    error = egret("build", "--out", str(tmp_path / "file" / "folder")).exception
    assert isinstance(error, EgretError)
    assert error.code == "E-GRAF-032"


def test_without_a_schema_and_a_store_nothing_is_checked_and_that_is_said(tmp_path: Path) -> None:
    """It is an error, and no success."""
    error = egret("check", "--schema", str(tmp_path / "none.json")).exception
    assert isinstance(error, EgretError)
    assert str(error).startswith(f"{tmp_path}/none.json: nothing can be checked: there is no")
    assert error.code == "E-GRAF-003"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """All of the user's files are read before anything is checked."""
    error = egret("check", str(tmp_path / "mine.json")).exception
    assert isinstance(error, ConfigError)
    assert "[E-GRAF-002]" in str(error)
