"""Replies of a device as a bad line delivers them, for the parsers of frames."""

from random import Random

from bench.fuzzing.bending import damaged
from bench.fuzzing.targets import require
from edge.field.sniff import pieces
from edge.modbus_frame import Request, checked_frame, numbers_of
from edge.sim.faults import LineFaults
from edge.sim.modbus_device import ModbusDevice
from edge.sim.sensing import printed_values
from wire.errors import DeviceRefused, FrameError
from wire.profile_yaml import library_folder, load_profile

_PROFILE = load_profile(library_folder() / "witmotion-wt901c-485")
_ASKED = Request(0x50, 3, 0x34, 13)
_DEVICE = ModbusDevice(_PROFILE, _ASKED.unit, lambda: printed_values(_PROFILE))
_REPLY = _DEVICE.unasked()
_NUMBERS = numbers_of(_REPLY, _ASKED, "")

wrong: list[str] = []
"""Damaged replies that were believed and say something else: what a CRC of 16 bits cannot see."""


def garbled(rng: Random) -> bytes:
    """One or two replies with noise and loss, cut, turned, doubled."""
    reply = _REPLY if rng.random() < 0.7 else _REPLY + _REPLY
    faults = LineFaults(noise=rng.choice((0, 0.01, 0.1, 1)), loss=rng.choice((0, 0, 0.01, 0.1)))
    arrived = bytes(octet for octet in faults.damaged(reply, rng) if octet is not None)
    return damaged(rng, arrived) if arrived and rng.random() < 0.4 else arrived


def read_reply(payload: bytes) -> bool:
    """Was it believed?"""
    require(b"".join(piece.octets for piece in pieces(payload)) == payload, "every byte once")
    try:
        numbers = numbers_of(checked_frame(payload, _ASKED, ""), _ASKED, "")
    except (FrameError, DeviceRefused):
        return False
    require(len(numbers) == _ASKED.count, "as many registers as were asked for")
    if numbers != _NUMBERS:
        wrong.append(payload.hex())
    return True
