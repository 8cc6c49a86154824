"""What a sensor's device is to keep, as sensors.yaml writes it: settings of its profile, in the profile's words."""

from wire.located import Block, nearest
from wire.profile import Profile
from wire.profile_acts import BAUD_SETTING, UNIT_SETTING


def read_settings(block: Block, profile: Profile | None) -> dict[str, int]:
    """Raw values by name, of the section `settings`; it may be absent.

    Where a device answers is said elsewhere, by `unit` and by its line; what a message tells it cannot be read back.
    """
    entries = block.mapping("settings", optional=True)
    words = {name: entries.text(name) for name in entries}
    if profile is None:
        return {}  # which is said at its own place
    kept = (one for one in profile.settings.values() if one.register is not None)
    settings = {one.name: one for one in kept if one.name not in (UNIT_SETTING, BAUD_SETTING)}
    found: dict[str, int] = {}
    for name, word in words.items():
        if name not in settings:
            what = f"profile {profile.name} has no setting {name!r} that its device keeps."
            entries.wrong(name, what, nearest(name, sorted(settings)), "E-CITY-026")
            continue
        try:
            found[name] = settings[name].raw(word)
        except ValueError as error:
            entries.wrong(name, f"{word!r} is nothing that {name!r} can be.", f"write {error}", "E-CITY-027")
    return found
