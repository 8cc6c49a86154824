"""The cloud's connection to the broker: one lane's subscription, acknowledged by hand.

aiomqtt 2.5 acknowledges a message before anybody has stored it; paho's manual acknowledgement,
switched on underneath, leaves that to the lane: PUBACK goes out when the data are durable. What a
dead cloud had not acknowledged, the broker delivers again.
"""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from types import TracebackType
from typing import Self

import aiomqtt
from paho.mqtt.client import Client as PahoClient

from cloud.ports import Delivery
from wire.broker import Broker, link_error
from wire.errors import LinkError

_KEEPALIVE_S = 15


class MqttInbox:
    """A persistent session named `client`, subscribed to `topic_filters` at QoS 1.

    Each lane has a session of its own, so that readings waiting for a dead store never hold up an
    alarm. Entering again connects again.
    """

    def __init__(self, broker: Broker, client: str, topic_filters: Sequence[str]) -> None:
        """Nothing is connected yet."""
        self._broker, self._client, self._topic_filters = broker, client, tuple(topic_filters)
        self._connection: aiomqtt.Client | None = None

    async def __aenter__(self) -> Self:
        """Connect and subscribe. Raises LinkError."""
        broker = self._broker
        tls = aiomqtt.TLSParameters(broker.ca or None, broker.certificate or None, broker.key or None)
        connection = aiomqtt.Client(
            broker.host,
            broker.port,
            identifier=self._client,
            clean_session=False,
            keepalive=_KEEPALIVE_S,
            tls_params=tls if broker.is_tls else None,
        )
        self._paho(connection).manual_ack_set(on=True)
        try:
            await connection.__aenter__()
            self._connection = connection
            await connection.subscribe([(topic_filter, 1) for topic_filter in self._topic_filters])
        except aiomqtt.MqttError as error:
            self._connection = None
            raise self._said_no(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the session stays at the broker."""
        connection, self._connection = self._connected(), None
        try:
            await connection.__aexit__(kind, error, trace)
        except aiomqtt.MqttError as lost:
            raise self._said_no(lost) from lost

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Every message in the order the broker sends it. Raises LinkError when the connection ends."""
        connection = self._connected()
        acknowledge = self._paho(connection).ack
        try:
            async for message in connection.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield Delivery(str(message.topic), payload, partial(acknowledge, message.mid, message.qos))
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns when the broker has taken it. Raises LinkError."""
        try:
            await self._connected().publish(topic, payload, qos=1, retain=retain)
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error

    def _connected(self) -> aiomqtt.Client:
        if self._connection is None:
            raise link_error(self._broker, self._client, None, "the connection is closed")
        return self._connection

    @staticmethod
    def _paho(connection: aiomqtt.Client) -> PahoClient:
        return connection._client  # noqa: SLF001  # aiomqtt 2.5 offers no manual acknowledgement of its own.

    def _said_no(self, error: aiomqtt.MqttError) -> LinkError:
        code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
        number = code if isinstance(code, int) else getattr(code, "value", None)
        return link_error(self._broker, self._client, number, str(error))
