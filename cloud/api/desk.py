"""What every route of the API answers from."""

from dataclasses import dataclass

from litestar.params import SkipValidation

from cloud.api.problems import RequestError
from cloud.cases.casebook import Casebook
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.lookout import Lookout
from cloud.mapping.map_file import MapFile
from cloud.ports import Now, Store
from wire.inventory import Inventory, Site


@dataclass(frozen=True, slots=True)
class Desk:
    """Alarms and cases (ledger), history (store), newest values (live), the city, the clock, and the city's map.

    `lookout`: what a maintainer should see.
    """

    ledger: Ledger
    store: Store
    live: Live
    inventory: Inventory
    now: Now
    map_file: MapFile
    lookout: Lookout

    @property
    def casebook(self) -> Casebook:
        """What people do to alarms, cases and modes."""
        return Casebook(self.ledger)


OnDesk = SkipValidation[Desk]
"""How a route asks for it: a parameter `desk: OnDesk`."""


def site_named(desk: Desk, site: str) -> Site:
    """The site with this id. Raises RequestError."""
    known = desk.inventory.sites.get(site)
    if known is None:
        fix = "GET /api/v1/city lists the sites."
        raise RequestError(f"there is no site {site!r}.", status=404, fix=fix, code="E-SITE-001")
    return known
