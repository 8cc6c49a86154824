"""The box's connection to the broker: MQTT 3.1.1 through aiomqtt, one persistent session named after the box."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from edge.identity import Identity
from edge.ports import Delivery
from wire import topics
from wire.broker import Broker, link_error
from wire.errors import LinkError
from wire.mqtt_client import MqttClient, said_no, tls_of
from wire.patience import Patience
from wire.topics import What

_log = logging.getLogger(__name__)
_KEEPALIVE_S = 15
_TIMEOUT_S = 10
"""For what is small: CONNACK, SUBACK, DISCONNECT."""
_CONNACK_S = 3.0
"""Of a node that has others beside it: a CONNECT that comes while a cluster elects a leader is never answered."""
_HURRIES = 4
"""Attempts given up so soon, one after another: an election takes 4 to 9 s; then a slow link has its time."""
_PUBACK_S = 30
"""A message of 256 KiB takes a link of 64 kbit/s that long."""
SPARE_KEEPALIVE_S = 240
"""Below the five minutes after which mobile networks forget a connection; 2.8 MB of a month (judgement)."""
_SILENT_S = 1.5
"""A broker at the other end of a good mobile network that says nothing for so long is not there (judgement)."""
_IN_FLIGHT_MAX = 200
"""Messages without their PUBACK. More than the windows of both lanes, so that alarms never wait for readings."""
_SUBACK_FAILURE = 0x80
"""MQTT 3.1.1, §3.9.3."""


class MqttLinks:
    """One link after the other, each a new `MqttLink`: where the last one was lost, the next is to the next node."""

    def __init__(
        self, broker: Broker, box: str, hears: Sequence[What] = ("receipts",), identity: Identity | None = None
    ) -> None:
        """Boxes begin at different nodes. `identity`: which certificate is shown, when that may change."""
        self._broker, self._box, self._hears, self._identity = broker.first_for(box), box, hears, identity
        self._nodes = self._broker.nodes()
        self._patience = Patience(_SILENT_S)
        self._last: MqttLink | None = None
        self._unanswered = 0

    def __call__(self, will: bytes) -> "MqttLink":
        """A link that is not connected yet."""
        if self._last and self._last.is_lost:
            self._broker = self._broker.next()
        self._unanswered = self._unanswered + 1 if self._last and not self._last.was_let_in else 0
        is_hurried = bool(self._broker.others) and self._unanswered < _HURRIES
        way = self._identity.way(self._broker) if self._identity else self._broker
        self._last = MqttLink(
            way,
            self._box,
            will,
            hears=self._hears,
            patience=self._patience,
            identity=self._identity,
            connack_s=_CONNACK_S if is_hurried else _TIMEOUT_S,
        )
        return self._last

    def spare(self, number: int) -> "SpareLink":
        """A connection beside the links, at the box's first node (0), second (1) …; not connected yet."""
        node = self._nodes[number]
        way = self._identity.proven_way(node) if self._identity else node
        return SpareLink(way, self._box, f"{self._box}:{number}")


class MqttLink:
    """Connected from entering to leaving; subscribed to what the box hears. `will` goes out when it is cut off."""

    def __init__(
        self,
        broker: Broker,
        box: str,
        will: bytes,
        *,
        hears: Sequence[What] = ("receipts",),
        patience: Patience | None = None,
        identity: Identity | None = None,
        connack_s: float = _TIMEOUT_S,
    ) -> None:
        """Nothing is connected yet; `will` is the retained status the broker publishes for a lost box."""
        self._broker, self._box, self._will, self._identity = broker, box, will, identity
        self._patience = patience or Patience(_SILENT_S)
        self._connack_s = connack_s
        self.is_lost = self.was_let_in = False
        self._hears = [topics.topic(box, what) for what in hears]

    _client: MqttClient
    _stack: AsyncExitStack

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError."""
        try:
            async with AsyncExitStack() as stack:
                self._client = await stack.enter_async_context(self._unconnected())
                granted = await self._client.subscribe([(name, 1) for name in self._hears], timeout=_TIMEOUT_S)
                self._require(granted)
                self._stack = stack.pop_all()
            self.was_let_in = True
        except aiomqtt.MqttError as error:
            raise self._said_no(error) from error
        finally:
            if self._identity:
                self._identity.tried(was_let_in=self.was_let_in)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the broker keeps the session, and publishes no will. A farewell that fails changes nothing."""
        with suppress(aiomqtt.MqttError):
            await self._stack.aclose()

    async def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns at the PUBACK. Raises LinkError."""
        try:
            await self._client.deliver(topic, payload, retain=retain, timeout_s=_PUBACK_S)
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

    def _unconnected(self) -> MqttClient:
        broker = self._broker
        client = MqttClient(
            broker.host,
            broker.port,
            username=broker.user or None,
            password=broker.password or None,
            identifier=self._box,
            clean_session=False,
            keepalive=_KEEPALIVE_S,
            timeout=self._connack_s,
            max_inflight_messages=_IN_FLIGHT_MAX,
            will=aiomqtt.Will(topics.topic(self._box, "status"), self._will, qos=1, retain=True),
            tls_params=tls_of(broker),
            patience=self._patience,
            is_free=False,
        )
        client.pending_calls_threshold = _IN_FLIGHT_MAX
        return client

    def _require(self, granted: Sequence[int | ReasonCode]) -> None:
        """A box that may not hear its receipts would keep everything for ever. Raises LinkError.

        One that cannot be asked anything, at a broker whose rights are older than that, does its work.
        """
        for name, code in zip(self._hears, granted, strict=True):
            if (code if isinstance(code, int) else code.value) < _SUBACK_FAILURE:
                continue
            if not name.endswith("/commands"):
                raise link_error(self._broker, self._box, _SUBACK_FAILURE, f"it may not subscribe to {name}")
            _log.warning("the broker lets nobody ask this box anything (%s): docs/operate/broker.md", name)

    def _said_no(self, error: aiomqtt.MqttError) -> LinkError:
        self.is_lost = True
        return said_no(self._broker, self._box, error)


class SpareLink:
    """A connection without a session, subscribed to nothing: what goes over it goes at QoS 0."""

    def __init__(self, node: Broker, box: str, client: str) -> None:
        """Nothing is connected yet. `client`: no box has a colon in its name, and nats-server takes no dot."""
        self._broker, self._box, self._name = node, box, client

    _client: MqttClient

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError."""
        self._client = MqttClient(
            self._broker.host,
            self._broker.port,
            username=self._broker.user or None,
            password=self._broker.password or None,
            identifier=self._name,
            clean_session=True,
            keepalive=SPARE_KEEPALIVE_S,
            timeout=_CONNACK_S,
            tls_params=tls_of(self._broker),
            patience=Patience(_SILENT_S),
            is_free=False,
        )
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            raise self._lost(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect. A farewell that fails changes nothing."""
        with suppress(aiomqtt.MqttError):
            await self._client.__aexit__(kind, error, trace)

    async def tell(self, topic: str, payload: bytes) -> None:
        """Returns when it is on its way; nobody says whether it arrived. Raises LinkError."""
        try:
            await self._client.publish(topic, payload, qos=0, timeout=_TIMEOUT_S)
        except aiomqtt.MqttError as error:
            raise self._lost(error) from error

    def require(self) -> None:
        """Raises LinkError when the connection has ended."""
        if self._client.is_lost:
            raise self._lost(aiomqtt.MqttError("the connection has ended"))

    def _lost(self, error: aiomqtt.MqttError) -> LinkError:
        return said_no(self._broker, self._box, error)
