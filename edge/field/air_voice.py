"""What one Bluetooth sensor says at the pole: its adverts, or its notifications while it is connected to."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from edge.ble.connection import Connection
from edge.ble.radio import Advert, Radio, news_or
from edge.field.air import messages_of
from edge.talkers import CANDIDATES_MOST
from wire.errors import SourceError
from wire.messages import Message
from wire.profile import Profile

_FIX = "go nearer, charge it, and see that nobody else is connected to it."


class AirVoice:
    """A `Voice` (`edge.field.ear`). `signal_dbm`: how strongly it was last received, before it was connected to."""

    fix = _FIX

    def __init__(self, radio: Radio, found: Advert, profile: Profile) -> None:
        """Nothing is heard yet."""
        self._radio, self._found, self._profile = radio, found, profile
        self.where, self.signal_dbm = f"Bluetooth {found.address}", found.rssi_dbm
        self._connection = Connection(radio, profile, self._notified)
        self._fresh = deque[Message](maxlen=CANDIDATES_MOST)
        self._news, self._settled = asyncio.Event(), asyncio.Event()
        self._connected: asyncio.Task[None] | None = None

    @property
    def dropped(self) -> int:
        """Bytes that were no message so far."""
        return self._connection.dropped

    async def messages(self, until: float) -> Sequence[Message]:
        """What was said and not taken yet; none when nothing was before loop time `until`. Raises SourceError."""
        await news_or(until, self._news)
        self._news.clear()
        if self._connected and self._connected.done():
            await self._connected
        fresh = tuple(self._fresh)
        self._fresh.clear()
        return fresh

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While somebody wants to hear it. Raises SourceError when it, or the adapter, cannot be reached."""
        if self._profile.link.ble and self._profile.link.ble.notify:
            task = self._connected = asyncio.create_task(self._stay_connected())
            task.add_done_callback(self._settle)
            try:
                await self._settled.wait()
                if task.done():
                    await task
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        else:
            async with self._radio.listening(self._advertised):
                yield

    async def _stay_connected(self) -> None:
        """Raises SourceError in the end: whoever asks for messages then is told."""
        await self._connection.listen(self._found, self._settled.set)
        raise SourceError("the connection was lost.", where=self.where, fix=_FIX, code="E-BLE-008")

    def _settle(self, _over: object) -> None:
        self._settled.set()
        self._news.set()

    def _notified(self, messages: Sequence[Message], _now: float) -> None:
        self._say(messages)

    def _advertised(self, advert: Advert) -> None:
        if advert.address == self._found.address:
            self.signal_dbm = advert.rssi_dbm
            self._say(messages_of(self._profile, advert))

    def _say(self, messages: Sequence[Message]) -> None:
        self._fresh += messages
        if messages:
            self._news.set()
