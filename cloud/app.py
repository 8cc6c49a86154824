"""The cloud as one process: ledger, store, lanes and API, wired together and run until told to stop."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from functools import partial
from random import Random

from litestar import Litestar

from cloud import heap
from cloud.access import gate
from cloud.admission import SET_ASIDE, Admission, Overruns, metered
from cloud.alarms import AlarmsLane
from cloud.api import hooks, links, photos
from cloud.api.app import create_app
from cloud.api.doors import open_doors
from cloud.api.quarantine import router as quarantine_routes
from cloud.api.server import serving
from cloud.broker_block import require_files
from cloud.cases.practice import Practice
from cloud.certificate_watch import CertificateWatch
from cloud.config import HOOKS, NOTIFIERS, STORES, CloudConfig
from cloud.ingest import ReadingsLane
from cloud.lane import keep_running
from cloud.ledger import Ledger
from cloud.ledger_news import LedgerNews
from cloud.link import MqttInbox
from cloud.listening import require_demonstration
from cloud.live import Live
from cloud.lookout import Lookout
from cloud.mapping.map_file import MapFile
from cloud.notices import notify
from cloud.notices.action_links import NONCE_BYTES, ActionLinks, load_or_make_secret
from cloud.notices.notice_route import check_districts
from cloud.outage import Outage
from cloud.photos import PhotoFolder
from cloud.poison import PoisonFolder
from cloud.ports import House, Inbox, Notifier, Now, Store
from cloud.quarantine import Quarantine
from cloud.replay import Replay
from cloud.reporting.hook_door import HookDoor
from cloud.statuses import StatusesLane
from wire import topics
from wire.errors import Rejected
from wire.inventory import Inventory

_log = logging.getLogger(__name__)
_RETRY_MOST_S = 15.0
_CANCEL_AGAIN_S = 5.0
LINK_NS = 24 * 3600 * 10**9
"""How long a signed link opens; every notice brings a new one."""
TICK_S = 1.0
"""How often the ledger is asked what is due by the clock."""


class Cloud:
    """One cloud of a configuration and an inventory. `run` is its life."""

    def __init__(self, config: CloudConfig, inventory: Inventory, now: Now, rng: Random) -> None:
        """Builds the parts; nothing is opened. Raises ConfigError when a secret is not there."""
        self._config, self._inventory, self._now, self._rng = config, inventory, now, rng
        require_demonstration(config.http, is_demonstration=inventory.is_demonstration)
        require_files(config.broker)
        self._broker = config.broker
        self._live, self._notices = Live(), asyncio.Event()
        watch = CertificateWatch(config.broker, config.issued, inventory.boxes, now)
        self._lookout, self._certificates = Lookout(Overruns(now), watch), watch
        self._quarantine = Quarantine(
            PoisonFolder(config.data / "quarantine", now),
            Admission("quarantine", SET_ASIDE, inventory.boxes, self._lookout.overruns),
        )
        self._links = ActionLinks([load_or_make_secret(config.data / "link-secret")], config.http.url)
        self._notifiers: dict[str, Notifier] = {
            chosen.name: chosen.module(NOTIFIERS).open_notifier(chosen.settings, self._house(chosen.where))
            for chosen in config.notifiers
        }
        self._hooks = {
            chosen.name: HookDoor(
                chosen.name, chosen.kind, chosen.module(HOOKS).open_hook(chosen.settings, chosen.where), now
            )
            for chosen in config.hooks
        }
        self._store: Store = config.store.module(STORES).open_store(config.store.settings)
        routes = {chosen.name: chosen.route for chosen in config.notifiers}
        check_districts(routes.values(), inventory.districts).raise_any()
        self._ledger = Ledger(config.ledger_place, now, Practice(inventory, config.rules), routes)
        self._readings = ReadingsLane(
            ledger=self._ledger,
            store=self._store,
            live=self._live,
            inventory=inventory,
            quarantine=self._quarantine,
            rng=rng,
        )
        self._alarms = AlarmsLane(ledger=self._ledger, quarantine=self._quarantine, changed=self._changed, rng=rng)
        self._statuses = StatusesLane(ledger=self._ledger, quarantine=self._quarantine, changed=self._changed, rng=rng)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises EgretError when the ledger or the board's port cannot be had.

        A store or a broker that is down is no reason not to start: readings wait in the boxes, alarms
        become cases, and the log says what is missing.
        """
        http = self._config.http
        self._config.data.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._ledger)
            url = await stack.enter_async_context(
                serving(
                    self._api(),
                    host=http.host,
                    port=http.port,
                    certificate=http.certificate,
                    key=http.key,
                    behind_proxy=http.behind_proxy,
                )
            )
            _log.info("the board is at %s", url)
            stack.enter_context(heap.set_apart())
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._store_readings()),
                    tasks.create_task(self._listen("alarms", self._alarms.run)),
                    tasks.create_task(self._listen("status", self._statuses.run)),
                    tasks.create_task(self._statuses.watch()),
                    tasks.create_task(self._notify()),
                    tasks.create_task(self._keep_time()),
                    tasks.create_task(self._certificates.run()),
                    tasks.create_task(LedgerNews(self._ledger.database, self._changed, self._rng).watch()),
                ]
                await stop.wait()
                await _end(running)

    def _api(self) -> Litestar:
        replay = Replay(self._quarantine, self._readings, self._alarms)
        folder = PhotoFolder(self._config.data / "photos")
        more = [
            quarantine_routes(self._quarantine, replay),
            photos.router(folder),
            links.router(self._links, folder),
            links.pages(),
            hooks.router(self._hooks, self._changed),
        ]
        doors = open_doors(self._config.http, gate.on(self._ledger.database, self._now, secrets.token_bytes))
        return create_app(
            self._ledger,
            self._store,
            self._live,
            self._inventory,
            self._now,
            more,
            doors,
            MapFile(self._config.map),
            self._config.grafana,
            self._lookout,
        )

    async def _listen(self, what: topics.What, run: Callable[[Inbox], Awaitable[None]]) -> None:
        """One lane on a session of its own, for ever."""
        inbox = MqttInbox(self._broker, f"egret-cloud-{what}", [topics.topic("+", what)])
        inbox_for_all = metered(inbox, what, self._inventory.boxes, self._lookout.overruns)
        await keep_running(f"{what} lane", inbox_for_all, run, self._rng)

    async def _store_readings(self) -> None:
        """Wait for the store as long as it takes; alarms do not."""
        outage = Outage("readings", self._rng, _RETRY_MOST_S)
        async with AsyncExitStack() as stack:
            await outage.outlast(partial(stack.enter_async_context, self._store))
            self._live.seed(await outage.outlast(self._store.latest))
            await self._listen("readings", self._readings.run)

    async def _keep_time(self) -> None:
        """What is due by the clock: cases climb, shelves and modes end, boxes are gone."""
        outage = Outage("clock", self._rng, _RETRY_MOST_S)
        while True:
            try:
                if await outage.outlast(self._ledger.tick):
                    self._changed()
            except Rejected as error:
                _log.error("what is due by the clock cannot be written: %s", error)
            await asyncio.sleep(TICK_S)

    async def _notify(self) -> None:
        await notify.run(
            ledger=self._ledger,
            notifiers=self._notifiers,
            store=self._store,
            now=self._now,
            rng=self._rng,
            wake=self._notices,
        )

    def _changed(self) -> None:
        """The ledger has news: for those who watch the board, and for the outbox."""
        self._live.wake()
        self._notices.set()

    def _house(self, where: str) -> House:
        """A board that listens on every address of its machine does not know under which of them people reach it."""
        practice = Practice(self._inventory, self._config.rules)
        board_url = self._config.http.url
        return House(self._now, where, board_url, self._case_link, practice.name_of, practice.addresses_of)

    def _case_link(self, number: str, recipient: str) -> str:
        """The page where the recipient acts for a day; the board, for a case that nobody was given yet."""
        url = self._config.http.url
        if not url or not recipient:
            return f"{url}/#/cases/{number}" if url else ""
        return self._links.issue(number, recipient, self._now() + LINK_NS, secrets.token_bytes(NONCE_BYTES))


async def _end(lanes: Collection[asyncio.Task[None]]) -> None:
    """A cancellation is forgotten when a connection is made just then (`wait_for`, Python 3.11): it is said again."""
    left = set(lanes)
    while left:
        for lane in left:
            lane.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)
