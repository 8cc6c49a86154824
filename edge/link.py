"""The box's connection to the broker: MQTT 3.1.1 through aiomqtt, one persistent session named after the box."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiomqtt

from edge.ports import Delivery
from wire import topics
from wire.broker import Broker, link_error
from wire.errors import LinkError

_KEEPALIVE_S = 15
_TIMEOUT_S = 15


class MqttLink:
    """Connected from entering to leaving; subscribed to the box's receipts. `will` goes out when it is cut off."""

    def __init__(self, broker: Broker, box: str, will: bytes) -> None:
        """Nothing is connected yet; `will` is the retained status the broker publishes for a lost box."""
        self._broker, self._box, self._will = broker, box, will

    _client: aiomqtt.Client

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError."""
        broker = self._broker
        tls = aiomqtt.TLSParameters(broker.ca or None, broker.certificate or None, broker.key or None)
        self._client = aiomqtt.Client(
            broker.host,
            broker.port,
            identifier=self._box,
            clean_session=False,
            keepalive=_KEEPALIVE_S,
            timeout=_TIMEOUT_S,
            will=aiomqtt.Will(topics.topic(self._box, "status"), self._will, qos=1, retain=True),
            tls_params=tls if broker.is_tls else None,
        )
        try:
            await self._client.__aenter__()
            await self._client.subscribe(topics.topic(self._box, "receipts"), qos=1)
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the broker keeps the session, and publishes no will."""
        try:
            await self._client.__aexit__(kind, error, trace)
        except aiomqtt.MqttError as lost:
            raise self._said_no(lost) from lost

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns at the PUBACK. Raises LinkError."""
        try:
            await self._client.publish(topic, payload, qos=1, retain=retain)
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """What the cloud sends down. Raises LinkError when the connection ends."""
        try:
            async for message in self._client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield Delivery(str(message.topic), payload)
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error

    def _said_no(self, error: aiomqtt.MqttError) -> LinkError:
        code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
        number = code if isinstance(code, int) else getattr(code, "value", None)
        return link_error(self._broker, self._box, number, str(error))
