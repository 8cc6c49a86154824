"""The samples of sensors that one connects to and that notify: each kept connected for ever, found anew when lost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from random import Random
from types import TracebackType
from typing import Self
from zlib import crc32

from edge.ble.connection import Connection
from edge.ble.named import Named
from edge.ble.radio import FIND_S, Advert, Radio, news_or
from edge.clock import BoxClock
from edge.talkers import Talker
from wire.backoff import delays
from wire.errors import SourceError
from wire.inventory import Sensor
from wire.messages import Message
from wire.reading import Sample

_log = logging.getLogger(__name__)
_FIX = "go nearer with the box, charge it, and see that no phone is connected to it; `egret ble scan` shows it."
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 30.0


class NotifyLine:
    """A `Source`. Each sensor has a task that keeps it connected; what it says comes straight to its talker."""

    def __init__(self, radio: Radio, sensors: list[Sensor], every_s: float | None, *, clock: BoxClock) -> None:
        """`every_s` is the line's interval. Nothing is connected yet."""
        self._radio, self._sensors, self._every_s, self._clock = radio, sensors, every_s, clock
        self._has_news = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Begins to look for them. Raises SourceError when the adapter cannot be used."""
        async with self._radio.listening(lambda _advert: None):
            pass
        now = asyncio.get_running_loop().time()
        self._ties = [_Tie(self._radio, one, self._talker(one, now), self._has_news) for one in self._sensors]
        self._tasks = [asyncio.create_task(tie.keep()) for tie in self._ties]
        return self

    def _talker(self, sensor: Sensor, now: float) -> Talker:
        return Talker(sensor, every_s=self._every_s, clock=self._clock, now=now, fix=_FIX)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """One sample an interval, and while a device is silent one that says so."""
        loop = asyncio.get_running_loop()
        while True:
            due = min((tie.talker.due for tie in self._ties), default=loop.time() + FIND_S)
            await news_or(due, self._has_news)
            self._has_news.clear()
            for task in self._tasks:
                if task.done():
                    task.result()  # it ends by a defect alone, which is told as one
            for tie in self._ties:
                for sample in tie.talker.samples(loop.time()):
                    yield sample


class _Tie:
    """One sensor and the connection to it."""

    def __init__(self, radio: Radio, sensor: Sensor, talker: Talker, has_news: asyncio.Event) -> None:
        self._radio, self._sensor, self.talker, self._has_news = radio, sensor, talker, has_news
        self._connection = Connection(radio, sensor.profile, self._hear)
        self._named = Named(sensor, self._connection.mute_s)

    async def keep(self) -> None:
        """Find it, connect, listen until it is lost; for ever, ever more slowly while that fails."""
        rng = Random(crc32(self._sensor.id.encode()))  # noqa: S311 - jitter
        pauses, is_told = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng), False
        while True:
            try:
                await self._connection.listen(await self._found())
                pauses, is_told = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng), False
            except SourceError as error:
                if not is_told:
                    _log.warning("sensor %s cannot be connected to: %s", self._sensor.id, error)
                is_told = True
            await asyncio.sleep(next(pauses))

    async def _found(self) -> Advert:
        """Raises SourceError when it is not heard."""
        loop = asyncio.get_running_loop()
        return await self._radio.find(
            lambda advert: self._named.is_meant(advert, loop.time()), f"Bluetooth {self._sensor.address}"
        )

    def _hear(self, messages: Sequence[Message], now: float) -> None:
        self._named.heard(now)
        for message in messages:
            self.talker.heard(message, now)
        self._has_news.set()
