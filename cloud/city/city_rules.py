"""How a city works its cases, as cloud.yaml writes it.

    calendar: {base: china}                  # cloud/city/working_time.py
    codes: etc/codes.yaml                    # cloud/city/case_codes.py; without it the shipped table
    units: {…}                               # cloud/city/organisation.py
    command_centre: command-centre
    routing: […]                             # cloud/city/routing.py
    duty: {…}                                # cloud/city/duty.py
    good_for: 10min

`good_for`: how long a sensor must have been good before its case is closed on its word. Nothing must be
written: then everything is the command centre's, and people dispatch it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from cloud.city import case_codes, duty, organisation, routing, working_time
from cloud.city.case_codes import CodeTable, shipped
from cloud.city.duty import Rota
from cloud.city.organisation import Organisation
from cloud.city.routing import Rule
from cloud.city.working_time import Calendar
from wire.errors import ConfigError
from wire.located import Block

GOOD_FOR_S = 600.0
"""Ten minutes (judgement): longer than a lull between two gusts."""


@dataclass(frozen=True, slots=True)
class CityRules:
    """Calendar, codes with their time limits, who is responsible, and when a sensor's word counts."""

    calendar: Calendar = field(default_factory=Calendar)
    codes: CodeTable = field(default_factory=shipped)
    organisation: Organisation = field(default_factory=Organisation)
    routing: tuple[Rule, ...] = ()
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    good_for_s: float = GOOD_FOR_S


def read(root: Block) -> CityRules:
    """These sections of cloud.yaml; mistakes are collected."""
    calendar = working_time.read(root.mapping("calendar", optional=True))
    units = organisation.read(root)
    return CityRules(
        calendar=calendar,
        codes=_codes(root),
        organisation=units,
        routing=routing.read(root, units),
        rotas=duty.read(root, units, ZoneInfo(calendar.zone)),
        good_for_s=root.duration("good_for", 0.0, 86_400.0, default=GOOD_FOR_S),
    )


def _codes(root: Block) -> CodeTable:
    file = root.text("codes", "")
    if not file:
        return shipped()
    try:
        return case_codes.extended(Path(file), root.mistakes)
    except ConfigError as error:
        root.mistakes.extend(error.mistakes)
        return shipped()


SCHEMA: dict[str, object] = {
    "calendar": working_time.SCHEMA,
    "codes": {"type": "string", "description": "a file of case codes laid over the shipped table"},
    **organisation.SCHEMA,
    **routing.SCHEMA,
    **duty.SCHEMA,
    "good_for": {"type": "string", "pattern": r"^\d+(\.\d+)? ?(ms|s|min|h|d)$", "default": "10min"},
}
"""JSON Schema of these sections, by key."""
