"""Kinds: the file's name is the word in the config, the dataclass is the only place of keys and defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from wire import kinds
from wire.errors import ConfigError
from wire.located import Mistakes, parse


@dataclass(frozen=True, slots=True)
class Login:
    """A block within the block."""

    user: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """One field of every type a kind may use."""

    port: str
    baud: int = 9600
    timeout_s: float = 0.3
    factor: float = 1.0
    live: bool = False
    parity: Literal["none", "even"] = "none"
    label: str | None = None
    topics: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    login: Login | None = None


def build(text: str, mistakes: Mistakes) -> Config:
    """From a block in a file named sensors.yaml."""
    return kinds.build(Config, parse(text, "sensors.yaml", mistakes), mistakes)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package `stage` with two kinds and one private helper."""
    (tmp_path / "stage").mkdir()
    for name in ("__init__", "modbus_rtu", "modbus_tcp", "_shared"):
        (tmp_path / "stage" / f"{name}.py").write_text(f"NAME = {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "stage"


def test_the_kinds_are_the_files_of_the_package(package: str) -> None:
    """Nothing is registered: a file is enough, and a leading underscore hides one."""
    assert kinds.names(package) == ("modbus_rtu", "modbus_tcp")
    assert kinds.find(package, "modbus_tcp").NAME == "modbus_tcp"


def test_an_unknown_kind_is_told_the_nearest(package: str) -> None:
    """A misspelt kind is the user's mistake, at the user's line."""
    with pytest.raises(ConfigError) as caught:
        kinds.find(package, "modbus_rtuu", where="sensors.yaml:12")
    assert str(caught.value) == (
        "sensors.yaml:12: there is no stage kind 'modbus_rtuu'. fix: write 'modbus_rtu' [E-KIND-001]"
    )


def test_every_field_type_is_read() -> None:
    """Times lose their `_s` in the file and gain a unit; the rest is written as named."""
    mistakes = Mistakes()
    text = """
port: /dev/ttyS1
baud: 19200
timeout: 500ms
factor: 0.5
live: true
parity: even
label: 北
topics: [a, b]
headers: {X-Key: "1"}
login: {user: egret}
"""
    built = build(text, mistakes)
    mistakes.raise_any()
    assert built == Config(
        "/dev/ttyS1", 19200, 0.5, 0.5, True, "even", "北", ("a", "b"), {"X-Key": "1"}, Login("egret")
    )


def test_defaults_are_the_dataclass_s() -> None:
    """A block with the required field only."""
    mistakes = Mistakes()
    assert build("port: /dev/ttyS1\nlabel:\n", mistakes) == Config("/dev/ttyS1")
    mistakes.raise_any()


def test_all_mistakes_of_a_block_are_collected() -> None:
    """Missing, wrong, unknown: with their lines."""
    mistakes = Mistakes()
    build("baud: fast\ntimeout: 5\nprot: /dev/ttyS1\nlogin: {pass: x}\n", mistakes)
    assert [str(mistake) for mistake in mistakes.sorted()] == [
        "sensors.yaml:1: 'port' is missing. fix: write port: and a text [E-FILE-011]",
        "sensors.yaml:1: 'baud' is 'fast'. fix: write a whole number such as 80 or 0x50 [E-FILE-012]",
        "sensors.yaml:2: 'timeout' is '5'. fix: write a time with its unit: 5s or 5ms [E-FILE-012]",
        "sensors.yaml:3: unknown key 'prot'. fix: write 'port' [E-FILE-010]",
        "sensors.yaml:4: 'user' is missing. fix: write user: and a text [E-FILE-011]",
        "sensors.yaml:4: unknown key 'pass'. fix: write 'password' [E-FILE-010]",
    ]


def test_a_block_may_come_from_a_program() -> None:
    """The demonstration's own lines are plain mappings; mistakes name where they come from."""
    mistakes = Mistakes()
    assert kinds.build(Config, {"port": "/dev/pts/3", "baud": 19200}, mistakes).baud == 19200
    kinds.build(Config, {"baud": 1}, mistakes, where="the demonstration")
    assert [mistake.where for mistake in mistakes.sorted()] == ["the demonstration"]
