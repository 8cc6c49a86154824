"""A connection to a device that notifies: asked what is asked for, listened to until it is lost."""

import asyncio
from collections.abc import Callable, Sequence

from edge.ble.radio import CONNECT_S, Advert, Radio, news_or
from wire.fields import stream_of
from wire.messages import FrameShape, LineShape, Message
from wire.profile import BleLink, Profile

_MUTE_S = 60.0
"""A connection over which nothing came for so long is given up: it may be one in the system's memory alone."""
_UNLINKED = BleLink()
Hears = Callable[[Sequence[Message], float], None]
"""The whole messages in what came, which may be none, and when by the event loop."""


class Connection:
    """Of one device, which may be lost and made again."""

    def __init__(self, radio: Radio, profile: Profile, hears: Hears) -> None:
        """Nobody is connected to yet."""
        self._radio, self._hears = radio, hears
        self._link = profile.link.ble or _UNLINKED
        self._stream = stream_of(profile)
        self._asked = {
            shape.ask.render(): shape.every_s
            for shape in profile.messages.values()
            if isinstance(shape, FrameShape | LineShape) and shape.ask and self._link.write
        }
        self._loop = asyncio.get_running_loop()
        self._is_lost, self._heard_at = asyncio.Event(), 0.0
        self.mute_s = max(_MUTE_S, profile.timing.silence_s)

    @property
    def dropped(self) -> int:
        """Bytes that were no message so far."""
        return self._stream.dropped

    async def listen(self, found: Advert, opened: Callable[[], None] = lambda: None) -> None:
        """Returns when the connection is lost, or when nothing came over it for too long. Raises SourceError.

        `opened` is called when the device may speak.
        """
        self._is_lost.clear()
        self._stream.forget()
        async with self._radio.connected(found, self._is_lost.set) as client:
            async with asyncio.timeout(CONNECT_S):  # wait_for may swallow a cancellation before Python 3.12
                await client.start_notify(self._link.notify, self._hear)
            opened()
            now = self._heard_at = self._loop.time()
            due_at = dict.fromkeys(self._asked, now)
            while not self._is_lost.is_set() and now < self._heard_at + self.mute_s:
                for ask in [ask for ask, at in due_at.items() if at <= now]:
                    async with asyncio.timeout(CONNECT_S):
                        await client.write_gatt_char(self._link.write, ask, response=False)
                    due_at[ask] = now + self._asked[ask]
                due = min([*due_at.values(), self._heard_at + self.mute_s])
                await news_or(due, self._is_lost)
                now = max(due, self._loop.time())  # a timer may come a tick of the clock early

    def _hear(self, _source: object, octets: bytearray) -> None:
        self._heard_at = self._loop.time()
        self._hears(self._stream.feed(bytes(octets)), self._heard_at)
