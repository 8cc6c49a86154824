"""The cloud as one process: ledger, store, lanes and API, wired together and run until told to stop."""

import asyncio
import logging
import secrets
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from random import Random

from cloud import heap
from cloud.admission import SET_ASIDE, Admission, Overruns, metered
from cloud.broker_block import require_files
from cloud.cases.practice import Practice
from cloud.certificate_watch import CertificateWatch
from cloud.config import HOOKS, NOTIFIERS, STORES, CloudConfig
from cloud.duties import Duties
from cloud.holder import holder_name
from cloud.lane import end, keep_running
from cloud.lease_watch import LeaseWatch
from cloud.leases import Leases
from cloud.ledger import Ledger
from cloud.ledger_news import LedgerNews
from cloud.link import MqttInbox
from cloud.listening import require_demonstration
from cloud.live import Live
from cloud.lookout import Lookout
from cloud.notices import notify
from cloud.notices.action_links import NONCE_BYTES, ActionLinks, load_or_make_secret
from cloud.notices.notice_route import check_districts
from cloud.outage import Outage
from cloud.overheard import show
from cloud.poison import PoisonFolder
from cloud.ports import House, Notifier, Now, Store
from cloud.quarantine import Quarantine
from cloud.reporting.hook_door import HookDoor
from cloud.share import Part, Role, require_possible
from wire import topics
from wire.blocking import OneAtATime
from wire.inventory import Inventory

_log = logging.getLogger(__name__)
_EVERYTHING = Role()
LINK_NS = 24 * 3600 * 10**9
"""How long a signed link opens; every notice brings a new one."""


class Cloud:
    """One cloud of a configuration and an inventory. `run` is its life."""

    def __init__(
        self, config: CloudConfig, inventory: Inventory, now: Now, rng: Random, role: Role = _EVERYTHING
    ) -> None:
        """Builds the parts; nothing is opened. `role` is what this process does of it all.

        Raises ConfigError when a secret is not there, or the store cannot be used so.
        """
        self._config, self._inventory, self._now, self._rng, self._role = config, inventory, now, rng, role
        require_possible(role, config.store.kind, is_file=config.is_store_a_file)
        require_demonstration(config.http, is_demonstration=inventory.is_demonstration)
        require_files(config.broker)
        self._live, self._notices = Live(), asyncio.Event()
        watch = CertificateWatch(config.broker, config.issued, inventory.boxes, now)
        self._leases = LeaseWatch()
        self._lookout, self._certificates = Lookout(Overruns(now), watch, self._leases), watch
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
        self._duties = Duties(
            broker=config.broker,
            inventory=inventory,
            ledger=self._ledger,
            store=self._store,
            store_is_open=asyncio.Event(),
            live=self._live,
            quarantine=self._quarantine,
            overruns=self._lookout.overruns,
            notify=self._notify,
            changed=self._changed,
            now=now,
            rng=rng,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises EgretError, alone or in a group, without its ledger or the board's port.

        Who is started again opens the lanes first, for alarms wait, and then the API.
        A store or a broker that is down is no reason not to start: readings wait in the boxes, alarms
        become cases, and the log says what is missing.
        """
        self._config.data.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._ledger)
            holder = stack.enter_context(holder_name(self._config.data, self._role))
            work, retire = self._duties.do, self._duties.forget
            leases = Leases(self._ledger.database, holder, self._role, work, retire, self._rng, self._leases)
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._keep_store()),
                    tasks.create_task(self._overhear()),
                    tasks.create_task(leases.run()),
                    tasks.create_task(self._certificates.run()),
                    tasks.create_task(LedgerNews(self._ledger.database, self._changed, self._rng).watch()),
                ]
                if Part.API in self._role.parts:
                    await self._serve(stack)
                stack.enter_context(heap.set_apart())
                await stop.wait()
                await end(running)

    async def _serve(self, stack: AsyncExitStack) -> None:
        """Off the event loop up to where it is entered: the lanes are not to wait for it."""
        url = await stack.enter_async_context(await OneAtATime()(self._api))
        _log.info("the board is at %s", url)

    def _api(self) -> AbstractAsyncContextManager[str]:
        from cloud.api.whole import Parts, whole  # noqa: PLC0415 - half a second that no lane needs

        return whole(Parts(self._config, self._duties, self._links, self._hooks, self._lookout))

    async def _keep_store(self) -> None:
        """Wait for the store as long as it takes; alarms do not."""
        outage = Outage("readings", self._rng)
        async with AsyncExitStack() as stack:
            await outage.outlast(partial(stack.enter_async_context, self._store))
            self._live.seed(await outage.outlast(self._store.latest))
            self._duties.store_is_open.set()
            await asyncio.Event().wait()

    async def _overhear(self) -> None:
        """Who shows the values of boxes whose readings others write hears these boxes, too."""
        if Part.API not in self._role.parts or (Part.READINGS in self._role.parts and self._role.share.of == 1):
            return
        name = f"egret-cloud-live-{secrets.token_hex(4)}"
        inbox = MqttInbox(self._config.broker, name, [topics.topic("+", "readings")], is_passing=True)
        within_bounds = metered(inbox, "readings", self._inventory.boxes, Overruns(self._now))
        run = partial(show, inventory=self._inventory, live=self._live)
        await keep_running("live values", within_bounds, run, self._rng)

    async def _notify(self, ledger: Ledger) -> None:
        await notify.run(
            ledger=ledger,
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
