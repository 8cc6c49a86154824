"""What is heard over Bluetooth, which model of the library it may be, and what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.ble.radio import Advert
from wire.errors import SourceError
from wire.fields import decode_message, messages_in
from wire.messages import Message
from wire.profile import Profile
from wire.registers import Value


@dataclass
class Heard:
    """One device. `advert` is its last; `profile` the model that it may be, `values` its points."""

    advert: Advert
    count: int = 0
    profile: Profile | None = None
    values: dict[str, Value] = field(default_factory=dict)

    def shown(self) -> list[tuple[str, Value, str]]:
        """Name, value and unit of each point that has said something."""
        units = {point.name: point.unit for point in self.profile.points} if self.profile else {}
        return [(name, value, units.get(name, "")) for name, value in self.values.items() if value is not None]


class Survey:
    """All that is heard, by address."""

    def __init__(self, library: Iterable[Profile]) -> None:
        """Nobody was heard."""
        self._models = [profile for profile in library if profile.link.ble]
        self.heard: dict[str, Heard] = {}

    def hear(self, advert: Advert) -> None:
        """One advert. What an earlier one has told stays."""
        one = self.heard.setdefault(advert.address, Heard(advert))
        one.advert, one.count = advert, one.count + 1
        for profile in self._models:
            if one.profile not in (None, profile) or not may_be(profile, advert):
                continue
            one.profile = profile
            one.values |= {name: value for message in said(profile, advert) for name, value in message.items()}

    def by_signal(self) -> list[Heard]:
        """The nearest first."""
        return sorted(self.heard.values(), key=lambda one: -one.advert.rssi_dbm)


def may_be(profile: Profile, advert: Advert) -> bool:
    """By a message of its maker that the profile can read, or by how its name begins."""
    link = profile.link.ble
    if link is None:
        return False
    by_name = bool(link.device) and advert.name.startswith(link.device)
    return by_name if link.notify else bool(said(profile, advert))


def messages_of(profile: Profile, advert: Advert) -> list[Message]:
    """Those in its adverts; none of a model that is connected to."""
    link = profile.link.ble
    payload = advert.data.get(link.company) if link and not link.notify else None
    return messages_in(profile, bytes(payload)) if payload is not None else []


def said(profile: Profile, advert: Advert) -> list[Mapping[str, Value]]:
    """The points of each; a message that shows another model says nothing."""
    found: list[Mapping[str, Value]] = []
    for message in messages_of(profile, advert):
        try:
            found.append(decode_message(profile, message.name, message.octets))
        except SourceError:
            continue
    return found
