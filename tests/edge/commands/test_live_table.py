"""The table of `egret bus live` and `egret ble live` on a terminal."""

import json
import math
import os
import shutil
import sys

import pytest

from edge.commands.live_table import LiveTable, in_json
from edge.field.watch import Shown


def test_it_stays_where_it_is_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No row is longer than the 40 columns, so that as many lines are gone up as there are."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 24)))
    table = LiveTable("WitMotion WT901C-485, port /dev/serial/by-id/usb-FTDI_FT232R_A1")
    for _ in range(2):
        table.show("3 polls, 0 damaged, 0 silent, 0 refused; 16 ms", [Shown("roll", 1.5, "deg", 1.5, 0.01)])
    first, second = capsys.readouterr().out.split("\x1b[3A\x1b[J")
    assert first == second
    assert [len(row) for row in first.splitlines()] == [40, 40, 40]


def test_a_word_has_no_mean() -> None:
    """It is null for programs: a strict reader refuses NaN."""
    said = json.dumps(in_json([Shown("state", "normal", "", math.nan, math.nan)]), allow_nan=False)
    assert json.loads(said) == {"state": {"last": "normal", "mean": None, "sigma": None}}
