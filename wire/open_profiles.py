"""Sensors whose device is none of the library: a recording's, or another platform's."""

from wire.profile import Evidence, LinkSettings, Profile, Timing


def _open(name: str, title: str) -> Profile:
    """No device of the library: what is measured, and when, is said with the values."""
    return Profile(
        name=name,
        kind=name,
        title=title,
        evidence=Evidence("none", title, ()),
        link=LinkSettings(0, "", 1),
        timing=Timing(0.0, 0.0, 0.0, 0.0),
        blocks={},
        points=(),
        derived=(),
        checks=(),
        stuck=(),
        vectors=(),
    )


RECORDED = _open("recorded", "a sensor of a recording")
"""`profile: recorded` in sensors.yaml, for a line of source `replay`."""
REPORTED = _open("reported", "a sensor of another platform")
"""`profile: reported`, for a line of source `mqtt_json`."""
OPEN = {profile.name: profile for profile in (RECORDED, REPORTED)}
