"""`egret bus sim`, from the command line."""

from pathlib import Path

from click.testing import CliRunner

from edge.commands.bus_sim import sim
from wire.errors import ConfigError


def test_a_device_is_served_at_a_port(tmp_path: Path) -> None:
    """The table says where, which and how; at the end it says what was asked, and the port is gone."""
    port = tmp_path / "tty0"
    shown = CliRunner().invoke(
        sim, ["--device", "witmotion-wt901c-485@0x51", "--port", str(port), "--for", "0.1"], catch_exceptions=False
    )
    assert shown.exit_code == 0
    assert f"{port}" in shown.stdout
    assert "81  9600    8N1    WitMotion WT901C-485 inclinometer" in shown.stdout
    assert "0 requests, 0 replies" in shown.stderr
    assert "seed 1" in shown.stderr
    assert not port.is_symlink()


def test_a_model_that_is_not_in_the_library() -> None:
    """The nearest one is named."""
    shown = CliRunner().invoke(sim, ["--device", "witmotion-wt901c-484"])
    assert isinstance(shown.exception, ConfigError)
    assert "write 'witmotion-wt901c-485'" in str(shown.exception)
