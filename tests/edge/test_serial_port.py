"""What a serial port knows before anything is plugged in."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from edge.serial_port import SerialPort, SerialSettings, refusal

PORT = Path("/dev/ttyS1")


@pytest.mark.parametrize(
    ("baud", "frame", "character_ms", "silence_ms"),
    [(9600, "8N1", 1.0417, 3.6458), (19_200, "8E1", 0.5729, 2.0052), (115_200, "8N1", 0.0868, 1.75)],
)
def test_the_silence_between_frames(baud: int, frame: str, character_ms: float, silence_ms: float) -> None:
    """3.5 characters of 10 or 11 bits, 1.75 ms above 19 200 baud (MODBUS over serial line V1.02, §2.5.1.1)."""
    settings = SerialSettings(baud, frame)
    assert settings.character_s * 1000 == pytest.approx(character_ms, abs=1e-4)
    assert settings.silence_s * 1000 == pytest.approx(silence_ms, abs=1e-4)


def test_a_pseudo_terminal_is_opened_with_any_parity() -> None:
    """It keeps none, and glibc refuses to be asked for nothing else: a box on a line of 8E1 comes back."""
    master, client = os.openpty()

    async def open_in_turn() -> None:
        for frame in ("8N1", "8E1", "8O1"):
            port = SerialPort(Path(os.ttyname(client)), SerialSettings(9600, frame), rs485=False)
            port.reset(SerialSettings(9600, "8N1"))
            port.close()

    asyncio.run(open_in_turn())
    os.close(client)
    os.close(master)


def test_a_forbidden_port_names_the_group() -> None:
    """The usual first mistake on a new box."""
    assert str(refusal(PORT, PermissionError(errno.EACCES, "Permission denied"))) == (
        "port /dev/ttyS1: this user may not open the port. fix: add the user to the group dialout"
        " (sudo usermod -aG dialout $USER) and log in again. [E-BUS-002]"
    )


def test_any_other_refusal_quotes_the_system() -> None:
    """A driver that does not know the baud rate is not guessed at."""
    refused = refusal(PORT, ValueError("Invalid baud rate: 12345"))
    assert refused.code == "E-BUS-004"
    assert "Invalid baud rate: 12345" in str(refused)
