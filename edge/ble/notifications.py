"""The samples of sensors that one connects to and that notify: each kept connected for ever, found anew when lost."""

import asyncio
import logging
from collections.abc import AsyncIterator
from random import Random
from types import TracebackType
from typing import Self
from zlib import crc32

from edge.ble.named import Named
from edge.ble.radio import CONNECT_S, Advert, Radio, news_or
from edge.clock import BoxClock
from edge.talkers import Talker
from wire.backoff import delays
from wire.errors import SourceError
from wire.fields import stream_of
from wire.inventory import Sensor
from wire.messages import FrameShape, LineShape
from wire.profile import BleLink
from wire.reading import Sample

_log = logging.getLogger(__name__)
_FIX = "go nearer with the box, charge it, and see that no phone is connected to it; `egret ble scan` shows it."
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 30.0
_FIND_S = 30.0
"""How long it is listened for a device before that counts as an attempt."""
_MUTE_S = 60.0
"""A connection over which nothing came for so long is given up: it may be one in the system's memory alone."""
_UNLINKED = BleLink()


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
            due = min((tie.talker.due for tie in self._ties), default=loop.time() + _FIND_S)
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
        self._link = sensor.profile.link.ble or _UNLINKED
        self._stream = stream_of(sensor.profile)
        self._asked = {
            shape.ask.render(): shape.every_s
            for shape in sensor.profile.messages.values()
            if isinstance(shape, FrameShape | LineShape) and shape.ask and self._link.write
        }
        self._loop = asyncio.get_running_loop()
        self._is_lost, self._heard_at = asyncio.Event(), 0.0
        self._mute_s = max(_MUTE_S, sensor.profile.timing.silence_s)
        self._named = Named(sensor, self._mute_s)

    async def keep(self) -> None:
        """Find it, connect, listen until it is lost; for ever, ever more slowly while that fails."""
        rng = Random(crc32(self._sensor.id.encode()))  # noqa: S311 - jitter
        pauses, is_told = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng), False
        while True:
            try:
                await self._listen(await self._found())
                pauses, is_told = delays(_RETRY_FIRST_S, _RETRY_MOST_S, rng), False
            except SourceError as error:
                if not is_told:
                    _log.warning("sensor %s cannot be connected to: %s", self._sensor.id, error)
                is_told = True
            await asyncio.sleep(next(pauses))

    async def _found(self) -> Advert:
        """Raises SourceError when it is not heard."""
        heard = self._loop.create_future()

        def hear(advert: Advert) -> None:
            if not heard.done() and self._named.is_meant(advert, self._loop.time()):
                heard.set_result(advert)

        async with self._radio.listening(hear):
            try:
                async with asyncio.timeout(_FIND_S):
                    found: Advert = await heard
            except TimeoutError as error:
                await self._radio.keep_hearing()
                what = f"{self._sensor.address} is not heard."
                raise SourceError(what, where=f"sensor {self._sensor.id}", fix=_FIX, code="E-BLE-009") from error
        return found

    async def _listen(self, found: Advert) -> None:
        """Returns when the connection is lost, or when nothing came over it for too long. Raises SourceError."""
        self._is_lost.clear()
        self._stream.forget()
        async with self._radio.connected(found, self._is_lost.set) as client:
            await asyncio.wait_for(client.start_notify(self._link.notify, self._hear), CONNECT_S)
            self._heard_at = self._loop.time()
            due_at = dict.fromkeys(self._asked, self._heard_at)
            while not self._is_lost.is_set() and self._loop.time() < self._heard_at + self._mute_s:
                for ask, every_s in self._asked.items():
                    if due_at[ask] <= self._loop.time():
                        await asyncio.wait_for(client.write_gatt_char(self._link.write, ask, response=False), CONNECT_S)
                        due_at[ask] = self._loop.time() + every_s
                await news_or(min([*due_at.values(), self._heard_at + self._mute_s]), self._is_lost)

    def _hear(self, _source: object, octets: bytearray) -> None:
        self._heard_at = self._loop.time()
        self._named.heard(self._heard_at)
        for message in self._stream.feed(bytes(octets)):
            self.talker.heard(message, self._heard_at)
        self._has_news.set()
