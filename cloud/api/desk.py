"""What every route of the API answers from."""

from dataclasses import dataclass

from litestar.params import SkipValidation

from cloud.cases.casebook import Casebook
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.ports import Now, Store
from wire.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Desk:
    """Alarms and cases (ledger), history (store), newest values (live), the city, and the clock."""

    ledger: Ledger
    store: Store
    live: Live
    inventory: Inventory
    now: Now

    @property
    def casebook(self) -> Casebook:
        """What people do to alarms, cases and modes."""
        return Casebook(self.ledger)


OnDesk = SkipValidation[Desk]
"""How a route asks for it: a parameter `desk: OnDesk`."""
