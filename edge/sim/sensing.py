"""What a simulated sensor measures of the world, in the points of its profile."""

from collections.abc import Mapping

from edge.sim.world import SECOND_NS, World
from wire.fields import decode_message, messages_in
from wire.inventory import Sensor
from wire.profile import Profile
from wire.registers import Value, decode_block

_GRAVITY = 9.80665
_PASCAL_A_BAR = 100_000
_FRESH_WATER = 998.2
"""kg/m³ at 20 °C."""
_HEARTBEAT_S = 5
_EXPOSURE = {"billboard": 1.0, "bridge": 0.2}
"""To wind and sun, by the kind of the site; whatever is not named stands in the ground."""

Measured = dict[str, Value]
"""By quantity, or by name for a point that has none."""


def point_values(world: World, sensor: Sensor, site_kind: str, time_ns: int) -> Mapping[str, Value]:
    """The points of `sensor` at `time_ns`; a point the world knows nothing about is left out.

    A sensor of a kind that the world has none of measures what its manual prints.
    """
    measured: Measured = {"temperature": world.temperature_c(sensor.site, time_ns)}
    match sensor.profile.kind:
        case "tilt":
            measured |= _tilt(world, sensor, _EXPOSURE.get(site_kind, 0.0), time_ns)
        case "gas":
            measured |= _gas(world, sensor, time_ns)
        case "level":
            measured |= _level(world, sensor, time_ns)
        case "vibration":
            measured |= _vibration(world, sensor, time_ns)
        case _:
            return printed_values(sensor.profile)
    return {
        point.name: measured[point.quantity or point.name]
        for point in sensor.profile.points
        if (point.quantity or point.name) in measured
    }


def printed_values(profile: Profile) -> dict[str, Value]:
    """What a device of this model measures in the first vector of each block or message: its manual prints them."""
    values: dict[str, Value] = {}
    for spoken in reversed(profile.vectors if profile.messages else ()):
        for message in messages_in(profile, spoken.octets):
            values |= decode_message(profile, message.name, message.octets)
    for block in profile.blocks:
        vector = next((found for found in profile.vectors if found.block == block), None)
        if vector:
            values |= decode_block(profile, block, vector.registers)
    return values


def _tilt(world: World, sensor: Sensor, exposure: float, time_ns: int) -> Measured:
    """Angles count from the zero of the site's commissioning."""
    across, along = world.tilt_deg(sensor.site, time_ns, exposure)
    zeros = {point.quantity: sensor.zero.get(point.name, 0.0) for point in sensor.profile.points}
    return {"tilt_x": zeros.get("tilt_x", 0.0) + across, "tilt_y": zeros.get("tilt_y", 0.0) + along, "acc_z": 1.0}


def _gas(world: World, sensor: Sensor, time_ns: int) -> Measured:
    lel = world.gas_lel(sensor.site, time_ns)
    beat = float(time_ns // SECOND_NS // _HEARTBEAT_S % 65_536)
    return {"gas": lel, "gas_lel": lel, "mode": "normal", "gas_unit": "%{LEL}", "beat": beat}


def _level(world: World, sensor: Sensor, time_ns: int) -> Measured:
    """A probe feels the water above it, one that hangs in the air feels nothing; a gauge above it looks down."""
    level = world.water_level_m(sensor.site, time_ns)
    depth = max(0.0, level - sensor.constants.get("sensor_height", 0.0))
    above = sensor.constants.get("sensor_height", 0.0) - level
    density = sensor.constants.get("water_density", _FRESH_WATER)
    return {"dist": above, "water_level": level, "pressure": depth * density * _GRAVITY / _PASCAL_A_BAR}


def _vibration(world: World, sensor: Sensor, time_ns: int) -> Measured:
    across, along, vertical = world.acceleration_m_s2(sensor.site, time_ns)
    return {"accel_x": across, "accel_y": along, "accel_z": vertical}
