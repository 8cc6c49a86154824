"""What is published on somebody's broker: heard for ever, acknowledged when it was taken.

A source that reads sensors through a broker waits here, for the next message or until one of its sensors is silent
for too long. A connection that is lost is made again; a sensor that reports every ten minutes is not silent for that.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from types import TracebackType
from typing import Self
from zlib import crc32

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from wire.backoff import delays
from wire.broker import Broker, link_error
from wire.errors import LinkError
from wire.mqtt_client import MqttClient, said_no, tls_of
from wire.mqtt_held import Held, by_hand
from wire.patience import Patience

_log = logging.getLogger(__name__)
_KEEPALIVE_S = 15
_SILENT_S = 4.0
"""A broker that says nothing for so long, when it is asked, is not there (judgement)."""
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 30.0
_SUBACK_FAILURE = 0x80
"""MQTT 3.1.1, §3.9.3."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message. `is_retained`: the broker kept it, nobody knows for how long."""

    topic: str
    payload: bytes
    is_retained: bool


class MqttFeed:
    """A persistent session named `client`, subscribed to some topic filters at QoS 1."""

    def __init__(self, broker: Broker, client: str, topic_filters: Sequence[str]) -> None:
        """Nothing is connected yet."""
        self._broker, self._client, self._topic_filters = broker, client, tuple(topic_filters)
        self._patience, self._rng = Patience(_SILENT_S), Random(crc32(client.encode()))  # noqa: S311 - jitter
        self._waiting: asyncio.Future[aiomqtt.Message] | None = None
        self._acknowledge: Callable[[], object] = int
        self._lost: LinkError | None = None
        self._stack = AsyncExitStack()

    _connection: MqttClient

    async def __aenter__(self) -> Self:
        """Connect and subscribe; where that fails, it is tried again by `next`."""
        try:
            await self._connect()
        except LinkError as error:
            self._lost = error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the session stays at the broker. A farewell that fails changes nothing."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait([self._waiting])
        await self._leave()

    async def next(self, until: float) -> Heard | None:
        """The next message, or None at this time of the event loop. The one before it is acknowledged.

        A wait that ends without a message goes on with the next one: nothing falls between the two.
        """
        self._acknowledge()
        self._acknowledge = int
        waiting = self._waiting = self._waiting or asyncio.ensure_future(self._message())
        left_s = max(0.0, until - asyncio.get_running_loop().time())
        await asyncio.wait([waiting], timeout=None if until == math.inf else left_s)
        if not waiting.done():
            return None
        self._waiting = None
        message = waiting.result()
        self._acknowledge = partial(self._held.acknowledge, self._paho, message.mid, message.qos)
        payload = message.payload if isinstance(message.payload, bytes) else b""
        return Heard(str(message.topic), payload, is_retained=message.retain)

    async def _message(self) -> aiomqtt.Message:
        while True:
            if self._lost:
                await self._again(self._lost)
                self._lost = None
            try:
                message = await anext(self._connection.messages)
            except aiomqtt.MqttError as error:
                self._lost = self._said_no(error)
                continue
            if any(message.topic.matches(name) for name in self._topic_filters):
                return message
            # The session remembers what an earlier configuration was subscribed to.
            self._held.acknowledge(self._paho, message.mid, message.qos)

    async def _again(self, lost: LinkError) -> None:
        """Connect for as long as it takes; said once when it is lost and once when it is back."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        _log.warning("%s: the sensors of this line are not heard: %s", self._client, lost)
        for pause_s in delays(_RETRY_FIRST_S, _RETRY_MOST_S, self._rng):
            await self._leave()
            try:
                await self._connect()
            except LinkError:
                await asyncio.sleep(pause_s)
            else:
                break
        _log.warning("%s: heard again after %.0f s", self._client, loop.time() - began)

    async def _connect(self) -> None:
        """Raises LinkError; the next attempt is to the next node."""
        self._held = Held()
        try:
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self._unconnected())
                self._require(await connection.subscribe([(name, 1) for name in self._topic_filters]))
                self._stack = stack.pop_all()
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error
        except OSError as error:
            raise link_error(self._broker, self._client, None, f"{error}, of its tls: files") from error
        self._connection = connection

    async def _leave(self) -> None:
        with suppress(aiomqtt.MqttError):
            await self._stack.aclose()

    def _unconnected(self) -> MqttClient:
        broker = self._broker
        connection = MqttClient(
            broker.host,
            broker.port,
            username=broker.user or None,
            password=broker.password or None,
            identifier=self._client,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=False,
            keepalive=_KEEPALIVE_S,
            queue_type=self._held.queue_type,
            tls_params=tls_of(broker),
            patience=self._patience,
            is_free=True,
        )
        self._paho = by_hand(connection)
        return connection

    def _require(self, granted: Sequence[int | ReasonCode]) -> None:
        """Whoever may not hear its sensors would wait for ever. Raises LinkError."""
        codes = [code if isinstance(code, int) else code.value for code in granted]
        for name, code in zip(self._topic_filters, codes, strict=True):
            if code >= _SUBACK_FAILURE:
                raise link_error(self._broker, self._client, _SUBACK_FAILURE, f"it may not subscribe to {name}")

    def _said_no(self, error: aiomqtt.MqttError) -> LinkError:
        node, self._broker = self._broker, self._broker.next()
        return said_no(node, self._client, error)
