"""The samples of sensors that say what they measure in their adverts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from edge.ble.named import Named
from edge.ble.radio import DEAF_S, Advert, Radio, news_or
from edge.clock import BoxClock
from edge.talkers import Talker
from wire.fields import messages_in
from wire.inventory import Sensor
from wire.profile import SIGNAL
from wire.reading import Sample

_FIX = "go nearer with the box, or change its battery; `egret ble scan` shows whether it is heard."


class AdvertLine:
    """A `Source`. Adverts come to it as they are heard; there is no task and no queue behind it."""

    def __init__(self, radio: Radio, sensors: list[Sensor], every_s: float | None, *, clock: BoxClock) -> None:
        """`every_s` is the line's interval. Nothing is heard yet."""
        self._radio, self._sensors, self._every_s, self._clock = radio, sensors, every_s, clock
        self._stack = AsyncExitStack()
        self._has_news = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Begins to listen. Raises SourceError when the adapter cannot be used."""
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._heard = [_Tag(sensor, self._every_s, self._clock, now) for sensor in self._sensors]
        await self._stack.enter_async_context(self._radio.listening(self._hear))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listens no more."""
        await self._stack.aclose()

    async def __aiter__(self) -> AsyncIterator[Sample]:
        """One sample an interval, and while a device is silent one that says so. Raises SourceError."""
        while True:
            due = min((tag.talker.due for tag in self._heard), default=self._loop.time() + DEAF_S)
            await news_or(min(due, self._loop.time() + DEAF_S), self._has_news)
            self._has_news.clear()
            now = self._loop.time()
            for tag in self._heard:
                for sample in tag.samples(now):
                    yield sample
            await self._radio.keep_hearing()

    def _hear(self, advert: Advert) -> None:
        now = self._loop.time()
        for tag in self._heard:
            if tag.hear(advert, now):
                self._has_news.set()


class _Tag:
    """One sensor of the line."""

    def __init__(self, sensor: Sensor, every_s: float | None, clock: BoxClock, now: float) -> None:
        self._sensor, self._named = sensor, Named(sensor, sensor.profile.timing.silence_s)
        self._signal_dbm = 0
        self.talker = Talker(sensor, every_s=every_s, clock=clock, now=now, fix=_FIX)

    def hear(self, advert: Advert, now: float) -> bool:
        """Was it this one, with something to say?"""
        link = self._sensor.profile.link.ble
        payload = advert.data.get(link.company) if link else None
        if payload is None or not self._named.is_meant(advert, now):
            return False
        messages = messages_in(self._sensor.profile, bytes(payload))
        for message in messages:
            self.talker.heard(message, now)
        self._signal_dbm = advert.rssi_dbm
        return bool(messages)

    def samples(self, now: float) -> Iterator[Sample]:
        for sample in self.talker.samples(now):
            yield sample
            if self._sensor.profile.link.has_signal:
                yield Sample(
                    sample.sensor,
                    sample.time_ns,
                    values=((SIGNAL, float(self._signal_dbm)),),
                    fault=sample.fault,
                    clock_unsure=sample.clock_unsure,
                    moved_ns=sample.moved_ns,
                )
