"""What is heard over Bluetooth, which models of the library it may be, and what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.ble.radio import Advert, Radio
from wire.addresses import is_ble
from wire.errors import CheckFailed, SourceError, SourceTimeout
from wire.fields import decode_message, messages_in
from wire.messages import Message
from wire.profile import Profile
from wire.registers import Value


@dataclass
class Model:
    """One that a device may be; `values` are the points that its adverts have said."""

    profile: Profile
    values: dict[str, Value] = field(default_factory=dict)

    def shown(self) -> list[tuple[str, Value, str]]:
        """Name, value and unit of each point that has said something."""
        units = {point.name: point.unit for point in self.profile.points}
        return [(name, value, units.get(name, "")) for name, value in self.values.items() if value is not None]


@dataclass
class Heard:
    """One device. `advert` is its last; `models` those that it may be, by name."""

    advert: Advert
    count: int = 0
    models: dict[str, Model] = field(default_factory=dict)

    @property
    def model(self) -> Model | None:
        """The first of them; None for a device that the library does not know."""
        return next(iter(self.models.values()), None)


class Survey:
    """All that is heard, by address."""

    def __init__(self, library: Iterable[Profile]) -> None:
        """Nobody was heard."""
        self._profiles = [profile for profile in library if profile.link.ble]
        self.heard: dict[str, Heard] = {}

    def hear(self, advert: Advert) -> None:
        """One advert. What an earlier one has told stays."""
        one = self.heard.setdefault(advert.address, Heard(advert))
        one.advert, one.count = advert, one.count + 1
        for profile in self._profiles:
            if may_be(profile, advert):
                model = one.models.setdefault(profile.name, Model(profile))
                for message in said(profile, advert):
                    model.values |= message

    def by_signal(self) -> list[Heard]:
        """The nearest first."""
        return sorted(self.heard.values(), key=lambda one: -one.advert.rssi_dbm)


@dataclass(frozen=True, slots=True)
class Sought:
    """One device by its address or name, as a model of the library: the named one, or else the first that it may be."""

    known_by: str
    library: Mapping[str, Profile]
    profile: Profile | None = None

    def is_it(self, advert: Advert) -> bool:
        """By its address or its name."""
        return self.known_by.upper() == advert.address if is_ble(self.known_by) else self.known_by == advert.name

    def models(self, advert: Advert) -> list[Profile]:
        """What it may be by this advert."""
        return [self.profile] if self.profile else [one for one in self.library.values() if may_be(one, advert)]


async def identified(radio: Radio, sought: Sought) -> tuple[Advert, Profile]:
    """Raises SourceTimeout when it is not heard, CheckFailed when nobody knows what it is, SourceError."""
    where, heard, models = f"Bluetooth {sought.known_by}", list[Advert](), list[Profile]()

    def is_it(advert: Advert) -> bool:
        if not sought.is_it(advert):
            return False
        heard.append(advert)
        models.extend(sought.models(advert))
        return bool(models)

    try:
        return await radio.find(is_it, where), models[0]
    except SourceTimeout as error:
        if not heard:
            raise
        fix = "name its --profile, or add one (docs/develop/profiles.md)."
        raise CheckFailed("it is no model of the library.", where=where, fix=fix, code="E-BLE-011") from error


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
