"""The software zero: how a sensor stood when it was commissioned, kept on the box and never in the sensor.

So the absolute lean survives a sensor that is swapped, and one that was zeroed by accident is seen. The same words hold
what a known tilt has shown.
"""

from collections.abc import Mapping

import msgspec

from edge.field.device import Device
from edge.field.stillness import Spread
from edge.field.walk import Ask, Pose, Tell, Walk
from wire.errors import Unsafe
from wire.profile import Profile
from wire.profile_acts import KNOWN_TILT, ZERO_HERE, Procedure, Still

ZERO_S = 60.0
"""How long a sensor is looked at for its zero: gusts come in seconds, a truck passes in ten (judgement)."""
TILT_STILL_S = 10.0
IN_SENSOR = "zero_device"
"""The procedure of a profile that sets the zero in the sensor itself."""
_DECIMALS = 4
"""Of a degree: a tenth of what the best of these sensors can tell."""


class Zero(msgspec.Struct, frozen=True):
    """`points`: what each was, in its unit; `below`: what its deviation and drift had to stay under.

    `time` is UTC (ISO 8601), `photo` the SHA-256 of the picture of how it was mounted, or empty.
    """

    time: str
    person: str
    for_s: float
    polls: int
    failures: Mapping[str, int]
    below: float
    points: Mapping[str, Spread]
    photo: str = ""

    @property
    def baseline(self) -> Mapping[str, float]:
        """As `zero:` of a sensor in sensors.yaml says it."""
        return {point: round(spread.mean, _DECIMALS) for point, spread in self.points.items()}


class KnownTilt(msgspec.Struct, frozen=True):
    """The sensor was tilted by about what a person was told, and put back; it measured both."""

    time: str
    person: str
    unit: str
    poses: tuple[Pose, ...]


def has_zero(profile: Profile) -> bool:
    """Does the profile say how its zero is taken?"""
    return ZERO_HERE in profile.procedures


def has_known_tilt(profile: Profile) -> bool:
    """Does the profile say how a person proves it?"""
    return KNOWN_TILT in profile.procedures


async def take_zero(device: Device, tell: Tell, *, for_s: float, time: str, person: str) -> Zero:
    """Looks at it for so long; the device's values count from there. Raises CheckFailed where it moved, SourceError."""
    procedure = _procedure(device.profile, ZERO_HERE)
    stills = [step for step in procedure.steps if isinstance(step, Still)]
    device.failures.clear()
    taken = await Walk(device, _nobody, tell, still_s=for_s).through(procedure)
    points = {point: taken.spreads[point] for point in taken.captured}
    zero = Zero(time, person, for_s, taken.polls, dict(device.failures), stills[-1].spread, points)
    device.zeroed(zero.baseline)
    return zero


async def show_known_tilt(
    device: Device, ask: Ask, tell: Tell, *, time: str, person: str, still_s: float = TILT_STILL_S
) -> KnownTilt:
    """Has a person tilt it and put it back. Raises CheckFailed where it does not measure that, SourceError.

    `still_s`: how long it is to rest before.
    """
    taken = await Walk(device, ask, tell, still_s=still_s).through(_procedure(device.profile, KNOWN_TILT))
    return KnownTilt(time, person, device.unit_of(taken.poses[0].name) if taken.poses else "", tuple(taken.poses))


async def zero_in_sensor(device: Device, ask: Ask, tell: Tell) -> None:
    """Has the sensor forget its own zero, as its profile says. Raises as `Walk.through`."""
    await Walk(device, ask, tell).through(_procedure(device.profile, IN_SENSOR))


def _procedure(profile: Profile, name: str) -> Procedure:
    found = profile.procedures.get(name)
    if found is None:
        raise Unsafe(
            f"the profile of {profile.title} does not say how ({name}).",
            where=f"profile {profile.name}",
            fix="leave this step out; a level, a flow and a gas have no zero that a mounting could give them.",
            code="E-FIELD-016",
        )
    return found


async def _nobody(say: str) -> None:
    raise Unsafe(f"a zero asks nobody for anything: {say}.", fix="take that step out.", code="E-FIELD-017")
