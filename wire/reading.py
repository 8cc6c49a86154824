"""A sample as it leaves a source, a reading as it travels, and what its quality says."""

from dataclasses import dataclass
from enum import IntFlag

import msgspec


class Quality(IntFlag):
    """Why a reading may not be what it seems; no flag means good. Words after NAMUR NE 107.

    The numbers are stored with the readings: never renumber, only add.
    """

    GOOD = 0
    OUT_OF_SPAN = 1  # outside what the sensor can measure (NE 107: out of specification)
    STUCK = 2  # has not changed for longer than the profile allows (failure)
    STALE = 4  # the sensor gave no answer; there is no value
    CLOCK_UNSURE = 8  # the box did not know the time well
    CALIBRATING = 16  # warm-up, inhibit or calibration (function check)
    FAILURE = 32  # the sensor itself reports a fault (failure)
    MAINTENANCE = 64  # still right, but the sensor asks for service (maintenance required)
    UNCERTAIN = 128  # plausible, not trusted: shock, loose mount, statistics with samples missing


UNUSABLE = Quality.OUT_OF_SPAN | Quality.STUCK | Quality.STALE | Quality.CALIBRATING | Quality.FAILURE
"""With any of these a structure rule neither raises nor clears."""

FAULTY = Quality.OUT_OF_SPAN | Quality.STUCK | Quality.STALE | Quality.FAILURE
"""With any of these, lasting, the sensor itself is in alarm."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of a device, before decoding: the registers of one block, or why there are none.

    `time_ns` is UTC at sampling, truncated to whole milliseconds, which is finer than a serial
    line can tell. `registers` (16-bit, as read) belong to the profile's block `block`;
    `values` carries already named quantities instead (a recording, a third party's JSON).
    `moved_ns`: by how much the clock that stamped it had been set since the box's agent started.
    `fault` is empty, or says in one line why there is neither; `values` then names what has none. `is_past`: it came
    after a newer one, or late by intent, and is kept and judged by no rule. `request` and `reply` are the Modbus frames
    that the registers came with, CRC included; where `block` is a message of the profile, `reply` is it.
    """

    sensor: str
    time_ns: int
    block: str = ""
    registers: tuple[int, ...] = ()
    values: tuple[tuple[str, float], ...] = ()
    fault: str = ""
    clock_unsure: bool = False
    moved_ns: int = 0
    request: bytes = b""
    reply: bytes = b""
    is_past: bool = False


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one quantity of one sensor.

    `value` is in the quantity's unit (`wire.quantities`), or None when the sensor gave none
    (`Quality.STALE`): silence is recorded, an old value is never repeated.
    """

    sensor: str
    quantity: str
    value: float | None
    time_ns: int
    quality: int = 0

    @property
    def is_usable(self) -> bool:
        """May a structure rule judge by it?"""
        return self.value is not None and not self.quality & UNUSABLE
