"""A city behind the board, for tests in a browser: the real API, ledger and store, with units, a rota and photos."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import busy_city
import many_boards
import small_city
from litestar import Litestar

from cloud.api import handovers, photos
from cloud.api.app import create_app
from cloud.api.doors import DEMONSTRATION, Doors
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.mapping.map_file import MapFile
from cloud.photos import PhotoFolder
from cloud.ports import Store
from cloud.stores import embedded
from wire.alarm import Change, Level
from wire.inventory import Inventory
from wire.receipt import BoxStatus

SITE = "XM-TA-0117"
FIRST_S = 300
"""For so long the billboard has been measuring."""


@dataclass(slots=True)
class City:
    """A served city; `app` makes its API anew, for a server that is started again."""

    url: str
    ledger: Ledger
    live: Live
    inventory: Inventory
    app: Callable[[], Litestar]
    sequence: int = 0

    async def lean(self, level: Level = Level.RED, change: Change = Change.RAISED) -> None:
        """The ledger takes an alarm of the billboard, as the alarms lane does."""
        self.sequence += 1
        await self.ledger.take_alarms(small_city.lean(self.sequence, time.time_ns(), level, change))
        self.live.wake()

    async def flood(self, *numbers: int, level: Level = Level.RED) -> None:
        """The billboards of `many_boards` with these numbers lean all at once."""
        events = [many_boards.leans(many_boards.sensor_of(number), number, number, level) for number in numbers]
        await self.ledger.take_alarms(many_boards.message(events))
        self.live.wake()

    async def case(self) -> str:
        """The number of the one case there is."""
        [case] = await self.ledger.cases()
        return case.number


@asynccontextmanager
async def served(
    folder: Path,
    inventory: Inventory | None = None,
    *,
    doors: Doors = DEMONSTRATION,
    store: Store | None = None,
    grafana: str = "",
) -> AsyncIterator[City]:
    """The small city, or another; its billboard has measured for five minutes, one box is online, one is gone.

    A `store` that is given is asked as it is: it was not opened.
    """
    city = inventory or small_city.inventory(folder)
    live, start_ns = Live(), time.time_ns() - FIRST_S * small_city.SECOND_NS
    practice = Practice(city, busy_city.rules())
    async with (
        Ledger(folder / "ledger.db", time.time_ns, practice) as ledger,
        nullcontext(store) if store else embedded.open_store(embedded.Config(folder=str(folder))) as kept,
    ):
        if store is None and f"{SITE}-T1" in city.sensors:
            batch = small_city.tilt_batch(city, f"{SITE}-T1", start_ns, (0.05, 0.06) * (FIRST_S // 2))
            await kept.write([batch])
            live.put(batch.columns)
        for box, is_online in zip(city.boxes, (False, True), strict=False):
            await ledger.save_status(BoxStatus(box, online=is_online, time_ns=start_ns, boot="b", version="0.1.0"))
        pictures = PhotoFolder(folder / "photos")
        more = [photos.router(pictures), *handovers.routers(pictures)]
        map_file = MapFile(folder / "map.json")
        app = partial(create_app, ledger, kept, live, city, time.time_ns, more, doors, map_file, grafana)
        async with serving(app()) as url:
            yield City(url, ledger, live, city, app)
