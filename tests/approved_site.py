"""An installation that fulfils everything asked of it, to be spoilt in one place at a time."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import small_city

from cloud.compliance.compliance import Measured, watched
from cloud.compliance.presence import INTERVAL_NS, WINDOW_NS, Presence
from cloud.tables.boxes import BoxState
from wire.inventory import Contact, Inventory, Sensor, Site

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
"""18 November 2026, 11:06:40 UTC, 19:06:40 in China."""
END_NS = NOW_NS - NOW_NS % INTERVAL_NS
SITE, SENSOR, BOX = "XM-TA-0117", "XM-TA-0117-T1", "XM-TA-01"
CONTACT = Contact("陈工", "0592-000-0101", "", date(2026, 9, 1))


def inventory(folder: Path) -> Inventory:
    """The small city; one billboard of it has its papers in order: calibrated on 14 March 2026 for a year."""
    city = small_city.inventory(folder)
    city = with_site(city, street="祥平街道", owner="演示广告一公司", permit="演示-0117", contact=CONTACT)
    return with_sensor(city, commissioned=date(2026, 3, 14), calibrated=date(2026, 3, 14), serial="WT-0117")


def with_site(city: Inventory, **changes: object) -> Inventory:
    """The city, the site otherwise."""
    return replace(city, sites={**city.sites, SITE: replace(city.sites[SITE], **changes)})


def with_sensor(city: Inventory, **changes: object) -> Inventory:
    """The city, the site's sensor otherwise."""
    return replace(city, sensors={**city.sensors, SENSOR: replace(city.sensors[SENSOR], **changes)})


def site(city: Inventory) -> Site:
    """The installation."""
    return city.sites[SITE]


def sensor(city: Inventory) -> Sensor:
    """Its only sensor."""
    return city.sensors[SENSOR]


def measured(city: Inventory, *, missing: int = 0, box_online: bool = True, of: str = SITE) -> Measured:
    """Tilt and temperature without a gap for 30 days but for `missing` intervals of 10 min."""
    presence = tuple(
        Presence(one.sensor, one.quantity, END_NS - WINDOW_NS, END_NS, 4_320, 4_320 - missing, END_NS)
        for one in watched(city.sites[of], city)
    )
    return Measured(presence, (box(online=box_online), box("XM-SM-01", online=box_online)))


def box(name: str = BOX, *, online: bool = True, time_ns: int = NOW_NS - 3_600 * small_city.SECOND_NS) -> BoxState:
    """What it last said, an hour ago."""
    return BoxState(name, online, time_ns, "boot-1", "0.1.0", "spool-1", 0, "")
