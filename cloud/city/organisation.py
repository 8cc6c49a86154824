"""Who there is: the responsible units (责任单位) of the city, their people, and who answers to whom.

    units:
      command-centre:
        name: 市指挥中心
        name_en: City command centre
        people:
          zhao: {name: 赵主任, phone: "+86 592 555 0100"}
      tongan-chengguan:
        {name: 同安区城管局, name_en: Tong'an urban management, district: tongan, supervisor: command-centre}
      tongan-ads:
        name: 同安区城管局广告科
        name_en: Tong'an urban management, billboards
        district: tongan
        supervisor: tongan-chengguan
        people:
          lin: {name: 林工, phone: "+86 592 555 0111", email: lin@tongan.example, dingtalk: "+86-13800001111"}
          chen: {name: 陈工, phone: "+86 592 555 0112", wecom: chen}
          wang: {name: 王工, phone: "+86 592 555 0113", feishu: ou_0113}
    command_centre: command-centre

A unit without `district` works in the whole city; one without `supervisor` answers to the command
centre alone. `dingtalk` is a mobile number, `wecom` a userid, `feishu` an open_id or user_id: by it the
robot of that service calls a person when a case is theirs, or their unit's. People are listed in the order in
which they are called while their unit has no rota (`cloud/city/duty.py`).

With none of this written there is one unit, the command centre, and everything is its.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from wire.located import Block, Mistakes, nearest
from wire.topics import IDENTIFIER

Chat: TypeAlias = Literal["dingtalk", "wecom", "feishu"]
ADDRESSES: Mapping[Chat, re.Pattern[str]] = {
    "dingtalk": re.compile(r"(\+?\d{1,4}-)?\d{5,15}"),
    "wecom": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"),
    "feishu": re.compile(r"[A-Za-z0-9_-]{1,64}"),
}
"""By what the robot of each service calls somebody. It becomes part of a message's markup, and holds none itself."""
_EXAMPLES: Mapping[Chat, str] = {"dingtalk": "13800001111", "wecom": "zhangsan", "feishu": "ou_7d8a6e6df762"}
COMMAND_CENTRE = "command-centre"
"""The built-in unit's id, and the default of `command_centre`."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be asked; an empty address is one that nobody has told us. `id` is unique in its unit."""

    id: str
    unit: str
    name: str
    phone: str = ""
    email: str = ""
    dingtalk: str = ""
    wecom: str = ""
    feishu: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A responsible unit. Empty `district`: the whole city; empty `supervisor`: none but the command centre.

    `people` in the order of the file. `where` is its line, that of its district if it has one.
    """

    id: str
    name: str
    name_en: str = ""
    district: str = ""
    supervisor: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    where: str = field(default="", compare=False)


_BUILT_IN = Unit(COMMAND_CENTRE, "市指挥中心", "City command centre")


@dataclass(frozen=True, slots=True)
class Organisation:
    """All units by id, and which of them is the command centre: it is always among them."""

    units: Mapping[str, Unit] = field(default_factory=lambda: {COMMAND_CENTRE: _BUILT_IN})
    command_centre: str = COMMAND_CENTRE

    def unit(self, unit_id: str) -> Unit:
        """The unit; for an id that is empty, or has left the file since, the command centre."""
        return self.units.get(unit_id) or self.units[self.command_centre]

    def climb(self, unit_id: str) -> tuple[Unit, ...]:
        """The unit, its supervisor, that one's supervisor, …; the command centre is last, and nobody is twice."""
        found: dict[str, Unit] = {}
        unit = self.unit(unit_id)
        while unit.id not in found and unit.id != self.command_centre:
            found[unit.id] = unit
            unit = self.unit(unit.supervisor)
        return (*found.values(), self.units[self.command_centre])


def contacts(organisation: Organisation, unit_id: str, person_id: str) -> tuple[Person, ...]:
    """Whom a step of the chain means: this person, or everybody of the unit when it names none we know."""
    people = organisation.unit(unit_id).people
    named = people.get(person_id) if unit_id in organisation.units else None
    return (named,) if named else tuple(people.values())


def addresses(organisation: Organisation, chat: Chat, unit_id: str, person_id: str) -> tuple[str, ...]:
    """By what the robot in a chat service calls those whom a step of the chain means; nobody of whom it is not told."""
    people = contacts(organisation, unit_id, person_id)
    return tuple(filter(None, (getattr(person, chat) for person in people)))


def read(root: Block) -> Organisation:
    """`units` and `command_centre` of cloud.yaml; mistakes are collected."""
    units = {name: _unit(name, block) for name, block in root.mapping("units", optional=True).blocks()}
    centre = root.text("command_centre", COMMAND_CENTRE)
    if centre not in units and (units or centre != COMMAND_CENTRE):
        what = f"there is no unit {centre!r} to be the command centre."
        root.wrong("command_centre", what, _nearest_unit(centre, units), "E-ORG-002")
    if centre not in units:
        units, centre = {**units, COMMAND_CENTRE: _BUILT_IN}, COMMAND_CENTRE
    organisation = Organisation(units, centre)
    for name, block in root.mapping("units", optional=True).blocks():
        _check_supervisor(block, units[name], organisation)
    return organisation


def check_unit(block: Block, key: str, unit_id: str, organisation: Organisation) -> None:
    """A mistake at `key` unless there is such a unit; for the sections that name units."""
    if unit_id and unit_id not in organisation.units:
        fix = _nearest_unit(unit_id, organisation.units)
        block.wrong(key, f"there is no unit {unit_id!r}.", fix, "E-ORG-003")


def check_districts(organisation: Organisation, districts: Iterable[str]) -> Mistakes:
    """Units in districts that sensors.yaml does not have."""
    mistakes, known = Mistakes(), list(districts)
    for unit in organisation.units.values():
        if unit.district and unit.district not in known:
            what = f"sensors.yaml has no district {unit.district!r}."
            mistakes.add(unit.where, what, nearest(unit.district, known), "E-ORG-004")
    return mistakes


def _unit(name: str, block: Block) -> Unit:
    _check_identifier(block, name)
    people = {key: _person(key, name, entry) for key, entry in block.mapping("people", optional=True).blocks()}
    unit = Unit(
        id=name,
        name=block.text("name"),
        name_en=block.text("name_en", ""),
        district=block.text("district", ""),
        supervisor=block.text("supervisor", ""),
        people=people,
        where=block.place("district"),
    )
    block.done()
    return unit


def _person(name: str, unit: str, block: Block) -> Person:
    _check_identifier(block, name)
    person = Person(
        id=name,
        unit=unit,
        name=block.text("name"),
        phone=block.text("phone", ""),
        email=block.text("email", ""),
        dingtalk=block.text("dingtalk", ""),
        wecom=block.text("wecom", ""),
        feishu=block.text("feishu", ""),
    )
    if person.email and not all(person.email.partition("@")):
        block.wrong("email", f"{person.email!r} is no e-mail address.", "write name@domain", "E-ORG-005")
    for chat, allowed in ADDRESSES.items():
        address = getattr(person, chat)
        if address and not allowed.fullmatch(address):
            fix = f"write it as {_EXAMPLES[chat]}, without spaces"
            block.wrong(chat, f"nobody can be called {address!r} there.", fix, "E-ORG-008")
    block.done()
    return person


def _check_identifier(block: Block, name: str) -> None:
    """Ids of units and people stand in addresses of the API and in logs."""
    if not IDENTIFIER.fullmatch(name):
        fix = "use 1 to 64 letters, digits, - and _, and write the name in `name:`"
        block.mistakes.add(block.where, f"the id {name!r} is not allowed.", fix, "E-ORG-001")


def _check_supervisor(block: Block, unit: Unit, organisation: Organisation) -> None:
    check_unit(block, "supervisor", unit.supervisor, organisation)
    if unit.supervisor and unit.id == organisation.command_centre:
        fix = "remove its supervisor, or name the unit above it as command_centre"
        block.wrong("supervisor", "the command centre answers to nobody.", fix, "E-ORG-006")
        return
    above = tuple(_above(unit, organisation))
    # Everybody of a loop sees it; it is told once, at the first of them by name.
    if unit.id in above and unit.id == min(above):
        circle = " → ".join((unit.id, *above))
        fix = "let one of them answer to the command centre: remove its supervisor"
        block.wrong("supervisor", f"these supervise each other: {circle}.", fix, "E-ORG-007")


def _above(unit: Unit, organisation: Organisation) -> Iterator[str]:
    """The supervisors, up to the command centre or to the first that comes again."""
    seen: set[str] = set()
    while (above := organisation.units.get(unit.supervisor)) and above.id not in seen:
        if above.id == organisation.command_centre:
            return
        seen.add(above.id)
        yield above.id
        unit = above


def _nearest_unit(unit_id: str, units: Mapping[str, Unit]) -> str:
    return nearest(unit_id, units) if units else "describe it under `units:`"


_TEXT: dict[str, object] = {"type": "string"}
_IDENTIFIERS: dict[str, object] = {"pattern": f"^{IDENTIFIER.pattern}$"}
_ADDRESS: dict[str, object] = {chat: {**_TEXT, "pattern": f"^({one.pattern})?$"} for chat, one in ADDRESSES.items()}
_PERSON: dict[str, object] = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "phone": _TEXT,
        "email": {**_TEXT, "pattern": "^.+@.+$"},
        **_ADDRESS,
    },
    "required": ["name"],
    "additionalProperties": False,
}
_UNIT: dict[str, object] = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "name_en": _TEXT,
        "district": {**_TEXT, "description": "a district of sensors.yaml; without it, the whole city"},
        "supervisor": {**_TEXT, "description": "the unit that is asked when nobody here accepts a case"},
        "people": {"type": "object", "propertyNames": _IDENTIFIERS, "additionalProperties": _PERSON},
    },
    "required": ["name"],
    "additionalProperties": False,
}
SCHEMA: dict[str, dict[str, object]] = {
    "units": {"type": "object", "propertyNames": _IDENTIFIERS, "additionalProperties": _UNIT},
    "command_centre": {**_TEXT, "default": COMMAND_CENTRE},
}
"""JSON Schema of each of the sections that `read` reads."""
