"""The box's way to the broker: connected again and again, for ever, publishing and saying how the box is.

The log has one line when the broker goes, one for each other reason that keeps it away (a certificate that was taken
back shows itself so), and one when it is back. Meanwhile everything is kept.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from random import Random

import msgspec
from msgspec import UNSET, UnsetType

from edge.answers import Answers
from edge.clock import BoxClock
from edge.configuration import Configuration
from edge.data_use import DataMeter
from edge.identity import Identity
from edge.metered_link import MeteredLink
from edge.ports import Delivery, Link
from edge.publish import publish
from edge.spool import Spool
from wire import receipt, topics
from wire.backoff import delays
from wire.errors import EgretError, LinkError, NotAuthorised, Refused, first_of
from wire.receipt import BoxStatus, Kept

_log = logging.getLogger(__name__)
_RETRY_FIRST_S, _RETRY_MOST_S = 0.5, 2.0
"""Judgement: everybody is back 5 s after the broker. An attempt that nobody answers is 100 bytes, of a day 6 MB."""
_REFUSED_MOST_S = 60.0
"""One that is refused has cost a TLS handshake, 5 kB."""
_STATUS_S = 10.0
_KEPT_EVERY = 6
"""In one status of so many: what is kept changes slowly, and each costs the SIM card fifty bytes more."""
_FAREWELL_S = 2.0

OpenLink = Callable[[bytes], Link]
"""A link that is not connected yet, from the will that the broker publishes when the box is cut off."""


class Uplink:
    """One box's connection. `status` is its offline form, without what changes."""

    def __init__(
        self,
        open_link: OpenLink,
        spool: Spool,
        status: BoxStatus,
        clock: BoxClock,
        rng: Random,
        configuration: Configuration | None = None,
        meter: DataMeter | None = None,
    ) -> None:
        """Nothing is connected yet; `spool` is open.

        `configuration` hears what it is to be, and is reported; `meter` counts what goes over the link.
        """
        self._open_link, self._spool, self._status, self._clock, self._rng = open_link, spool, status, clock, rng
        self._configuration = configuration
        self._meter = meter or DataMeter(0, clock.now)
        self.answers: Answers | None = None
        """Hears what the box is asked."""
        self.is_linked = False
        """Does a connection stand?"""
        self._gone_at: float | None = None
        self._reasons: set[type[Exception]] = set()
        """Of this absence, those that the log has."""
        self._is_leaving = False

    @property
    def is_gone(self) -> bool:
        """Is the broker known not to answer?"""
        return self._gone_at is not None

    def leave(self) -> None:
        """Connect no more. A cancellation alone is forgotten by TaskGroup (3.11) when the link is lost just then."""
        self._is_leaving = True

    async def run(self) -> None:
        """Until cancelled; then the box is said to be offline."""
        clock = asyncio.get_running_loop().time
        pauses, refusals = self._pauses()
        while not self._is_leaving:
            began, is_refused = math.inf, False
            try:
                async with MeteredLink(self._open_link(self._form(is_online=False)), self._meter) as link:
                    began = clock()
                    await self._serve(link)
            except* EgretError as errors:  # the broker's, or the spool's: what is kept cannot be read just now
                is_refused = isinstance(reason := first_of(errors), Refused | NotAuthorised)
                self._gone_at = clock() if self._gone_at is None else self._gone_at
                if type(reason) not in self._reasons:
                    self._reasons.add(type(reason))
                    _log.warning("%s Everything is kept on disk meanwhile.", reason)
            if clock() - began > _RETRY_MOST_S:  # a link that never lasts is not knocked at faster
                pauses, refusals = self._pauses()
            await asyncio.sleep(next(refusals if is_refused else pauses))

    def _pauses(self) -> tuple[Iterator[float], Iterator[float]]:
        """Seconds between attempts, where nobody answers and where the broker says no."""
        return delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng), delays(_RETRY_FIRST_S, _REFUSED_MOST_S, self._rng)

    async def _serve(self, link: Link) -> None:
        """Over one connection, until it is lost. Raises LinkError, in a group."""
        await self._say(link, is_online=True, kept=await self._spool.kept())
        if self._gone_at is not None:
            _log.warning("the broker is back after %.0f s", asyncio.get_running_loop().time() - self._gone_at)
            self._gone_at = None
            self._reasons.clear()
        self.is_linked = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(publish(self._status.box, self._spool, link, self._rng, self._hear))
                tasks.create_task(self._report(link))
                if self._configuration:
                    tasks.create_task(self._say_configuration(link, self._configuration))
                    if self._configuration.identity:
                        tasks.create_task(self._renew(self._configuration.identity, self._configuration.changed.set))
                if self.answers:
                    replies = topics.topic(self._status.box, "replies")
                    tasks.create_task(self.answers.run(partial(link.send, replies)))
        except asyncio.CancelledError:
            with suppress(LinkError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._say(link, is_online=False)
            raise
        finally:
            self.is_linked = False

    def _hear(self, delivery: Delivery) -> None:
        """What comes down and is no receipt."""
        if self.answers and delivery.topic.endswith("/commands"):
            self.answers.hear(delivery)
        elif self._configuration and delivery.topic.endswith("/desired"):
            self._configuration.hear(delivery)

    async def _renew(self, identity: Identity, changed: Callable[[], None]) -> None:
        """Raises LinkError when there is another certificate: the link begins anew with it."""
        await identity.renew(changed)
        what = "the link begins anew with the certificate that has come."
        raise LinkError(what, where=f"box {self._status.box}", code="E-LINK-005")

    async def _say_configuration(self, link: Link, configuration: Configuration) -> None:
        """At every connection, and whenever it is another."""
        while True:
            configuration.changed.clear()
            await link.send(topics.topic(self._status.box, "reported"), configuration.reported(), retain=True)
            await self._say(link, is_online=True)
            await configuration.changed.wait()

    async def _report(self, link: Link) -> None:
        for number in count(1):
            await asyncio.sleep(_STATUS_S)
            kept = UNSET if number % _KEPT_EVERY else await self._spool.kept()
            await self._say(link, is_online=True, kept=kept)

    async def _say(self, link: Link, *, is_online: bool, kept: Kept | UnsetType = UNSET) -> None:
        form = self._form(is_online=is_online, kept=kept)
        await link.send(topics.topic(self._status.box, "status"), form, retain=True)

    def status(self) -> BoxStatus:
        """How the box is."""
        now = {
            "online": self.is_linked,
            "time_ns": self._clock.now(),
            "spool_id": self._spool.id,
            "waiting": self._spool.waiting,
            "clock": self._clock.state,
        }
        if self._configuration:
            now["config_version"] = self._configuration.inventory.version
        return self._meter.tell(msgspec.structs.replace(self._status, **now))

    def _form(self, *, is_online: bool, kept: Kept | UnsetType = UNSET) -> bytes:
        return receipt.encode(msgspec.structs.replace(self.status(), online=is_online, kept=kept))
