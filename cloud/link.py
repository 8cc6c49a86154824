"""The cloud's connection to the broker: one lane's subscription, acknowledged when the data are durable."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Self

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from cloud.ports import Delivery
from wire.broker import Broker, link_error
from wire.errors import LinkError
from wire.mqtt_client import MqttClient, said_no, tls_of
from wire.mqtt_held import Held, by_hand
from wire.patience import Patience

_KEEPALIVE_S = 15
_PUBACK_S = 10
_SILENT_S = 4.0
"""A broker in the next room that says nothing for so long is not there (judgement)."""
_PENDING_MAX = 200
"""Publishes that may wait for their PUBACK before aiomqtt warns in the log; a group of readings has 100 receipts."""
_SUBACK_FAILURE = 0x80
"""MQTT 3.1.1, §3.9.3."""


class MqttInbox:
    """A persistent session named `client`, subscribed to `topic_filters` at QoS 1.

    Each lane has a session of its own, so that readings waiting for a dead store never hold up an
    alarm. Entering again connects again. One that is passing has no session at the broker, nor leaves
    the one that was there, and hears at QoS 0.
    """

    def __init__(self, broker: Broker, client: str, topic_filters: Sequence[str], *, is_passing: bool = False) -> None:
        """Nothing is connected yet."""
        self._broker, self._client, self._topic_filters = broker.first_for(client), client, tuple(topic_filters)
        self._is_passing = is_passing
        self._patience = Patience(_SILENT_S)

    _connection: MqttClient
    _held: Held
    _stack: AsyncExitStack

    async def __aenter__(self) -> Self:
        """Connect and subscribe; next time at the next node, if this one fails. Raises LinkError."""
        self._held = Held()
        try:
            async with AsyncExitStack() as stack:
                self._connection = await stack.enter_async_context(self._unconnected())
                if wanted := [(name, int(not self._is_passing)) for name in self._topic_filters]:
                    self._require(await self._connection.subscribe(wanted))
                self._stack = stack.pop_all()
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the session stays at the broker. A farewell that fails changes nothing, and hides no error."""
        with suppress(aiomqtt.MqttError):
            await self._stack.aclose()

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Every message in the order the broker sends it. Raises LinkError when the connection ends."""
        acknowledge = partial(self._held.acknowledge, by_hand(self._connection))
        try:
            async for message in self._connection.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                ack = partial(acknowledge, message.mid, message.qos)
                yield Delivery(str(message.topic), payload, ack, is_retained=message.retain)
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns when the broker has taken it. Raises LinkError."""
        try:
            await self._connection.deliver(topic, payload, retain=retain, timeout_s=_PUBACK_S)
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error

    def _unconnected(self) -> MqttClient:
        broker, held = self._broker, self._held
        connection = MqttClient(
            broker.host,
            broker.port,
            identifier=self._client,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=self._is_passing,
            keepalive=_KEEPALIVE_S,
            queue_type=held.queue_type,
            tls_params=tls_of(broker),
            patience=self._patience,
            is_free=True,
        )
        connection.pending_calls_threshold = _PENDING_MAX
        by_hand(connection)
        return connection

    def _require(self, granted: Sequence[int | ReasonCode]) -> None:
        """A lane that may not hear its boxes would wait for ever. Raises LinkError."""
        codes = [code if isinstance(code, int) else code.value for code in granted]
        refused = [name for name, code in zip(self._topic_filters, codes, strict=False) if code >= _SUBACK_FAILURE]
        if refused:
            others = f" and {len(refused) - 1} more" if refused[1:] else ""
            why = f"it may not subscribe to {refused[0]}{others}"
            raise link_error(self._broker, self._client, _SUBACK_FAILURE, why)

    def _said_no(self, error: aiomqtt.MqttError) -> LinkError:
        node, self._broker = self._broker, self._broker.next()
        return said_no(node, self._client, error)
