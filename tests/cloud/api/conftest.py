"""The real API on the real ledger and the embedded store, served over TCP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import small_city
from litestar import Litestar

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.mapping.map_file import MapFile
from cloud.ports import Store
from cloud.stores import embedded
from wire.inventory import Inventory

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
"""18 November 2026, 11:06:40 UTC."""


@dataclass(frozen=True, slots=True)
class Town:
    """The parts behind a served API, for a test to put things into."""

    inventory: Inventory
    ledger: Ledger
    store: Store
    live: Live
    app: Litestar
    client: httpx.AsyncClient


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A small city in which nothing has happened yet; it is always NOW_NS. Its map would be map.json."""
    inventory = small_city.inventory(tmp_path)
    live = Live()
    async with (
        Ledger(tmp_path / "ledger.db", lambda: NOW_NS, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(tmp_path))) as store,
    ):
        map_file = MapFile(tmp_path / "map.json")
        app = create_app(ledger, store, live, inventory, lambda: NOW_NS, map_file=map_file)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield Town(inventory, ledger, store, live, app, client)


@pytest.fixture
def now_ns() -> int:
    """What the town's clock says."""
    return NOW_NS
