"""The cloud as one process: ledger, store, lanes and API, wired together and run until told to stop."""

import asyncio
import logging
from contextlib import AsyncExitStack
from random import Random

from cloud import notify
from cloud.alarms import AlarmsLane
from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.config import NOTIFIERS, STORES, CloudConfig
from cloud.ingest import ReadingsLane
from cloud.lane import keep_running
from cloud.ledger import Ledger
from cloud.link import MqttInbox
from cloud.live import Live
from cloud.ports import Notifier, Now, Store
from cloud.quarantine import Quarantine
from wire import topics
from wire.backoff import delays
from wire.broker import parse
from wire.errors import Unavailable
from wire.inventory import Inventory

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 0.5, 15.0


class Cloud:
    """One cloud of a configuration and an inventory. `run` is its life."""

    def __init__(self, config: CloudConfig, inventory: Inventory, now: Now, rng: Random) -> None:
        """Builds the parts; nothing is opened. Raises ConfigError when a secret is not there."""
        self._config, self._inventory, self._now, self._rng = config, inventory, now, rng
        self._broker = parse(config.broker)
        self._live, self._notices = Live(), asyncio.Event()
        self._quarantine = Quarantine(config.data / "quarantine", now)
        self._notifiers: dict[str, Notifier] = {
            chosen.name: chosen.module(NOTIFIERS).open_notifier(chosen.settings, now, chosen.where)
            for chosen in config.notifiers
        }
        self._store: Store = config.store.module(STORES).open_store(config.store.settings)
        self._ledger = Ledger(config.data / "ledger.sqlite", now, inventory, tuple(self._notifiers))

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises EgretError when the ledger or the board's port cannot be had.

        A store or a broker that is down is no reason not to start: readings wait in the boxes, alarms
        become cases, and the log says what is missing.
        """
        http = self._config.http
        self._config.data.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._ledger)
            app = create_app(self._ledger, self._store, self._live, self._inventory, self._now)
            url = await stack.enter_async_context(serving(app, host=http.host, port=http.port))
            _log.info("the board is at %s", url)
            async with asyncio.TaskGroup() as lanes:
                running = [lanes.create_task(lane) for lane in (self._readings(), self._alarms(), self._notify())]
                await stop.wait()
                for lane in running:
                    lane.cancel()

    async def _readings(self) -> None:
        async with AsyncExitStack() as stack:
            await self._open_store(stack)
            lane = ReadingsLane(
                ledger=self._ledger,
                store=self._store,
                live=self._live,
                inventory=self._inventory,
                quarantine=self._quarantine,
                rng=self._rng,
            )
            inbox = MqttInbox(self._broker, "egret-cloud-readings", [topics.topic("+", "readings")])
            await keep_running("readings lane", inbox, lane.run, self._rng)

    async def _alarms(self) -> None:
        lane = AlarmsLane(ledger=self._ledger, quarantine=self._quarantine, changed=self._changed, rng=self._rng)
        filters = [topics.topic("+", "alarms"), topics.topic("+", "status")]
        await keep_running("alarms lane", MqttInbox(self._broker, "egret-cloud-alarms", filters), lane.run, self._rng)

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

    async def _open_store(self, stack: AsyncExitStack) -> None:
        """Wait for the store as long as it takes; alarms do not."""
        pauses = delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng)
        is_gone = False
        while True:
            try:
                await stack.enter_async_context(self._store)
                break
            except Unavailable as error:
                if not is_gone:
                    _log.warning("the store is not there, readings wait in the boxes: %s", error)
                is_gone = True
                await asyncio.sleep(next(pauses))
        if is_gone:
            _log.warning("the store is there")
        self._live.seed(await self._store.latest())
