"""What a broker has sent and nobody has acknowledged: a PUBACK goes out when the data are where they belong.

aiomqtt 2.5 acknowledges a message before anybody has taken it; paho's manual acknowledgement, switched on underneath,
leaves that to whoever takes it. What a dead client had not acknowledged, the broker delivers again.
"""

import asyncio
from typing import cast

import aiomqtt
from paho.mqtt.client import Client as PahoClient

from wire.mqtt_client import MqttClient
from wire.topics import PAYLOAD_MAX

_QOS_0_MAX = 100
"""Messages at QoS 0 that may wait: no broker holds them back."""


class Held(asyncio.Queue[aiomqtt.Message]):
    """The messages of one connection; bounded by the broker's own window.

    While nobody takes them the broker may deliver again what is held already (nats-server does so
    every 30 s). A packet identifier in use means the same message (MQTT 3.1.1, §2.3.1): it is held,
    and acknowledged, once. What is too large to be read is cut, and still too large.
    """

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self.unacknowledged: set[int] = set()

    @property
    def queue_type(self) -> type[asyncio.Queue[aiomqtt.Message]]:
        """What aiomqtt is to be given, so that it uses this one."""
        return cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: self)  # noqa: ARG005 - bounded as said above

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Called by aiomqtt for each message that comes in."""
        is_known = item.mid in self.unacknowledged if item.qos else self.qsize() >= _QOS_0_MAX
        if is_known:
            return
        if item.qos:
            self.unacknowledged.add(item.mid)
        if isinstance(item.payload, bytes):
            item.payload = item.payload[: PAYLOAD_MAX + 1]
        super().put_nowait(item)

    def acknowledge(self, connection: PahoClient, packet: int, qos: int) -> None:
        """On the connection that brought it; a later one knows the packet identifier for something else."""
        self.unacknowledged.discard(packet)
        connection.ack(packet, qos)


def by_hand(connection: MqttClient) -> PahoClient:
    """Paho's own client in it, which acknowledges nothing by itself any more."""
    paho = connection._client  # noqa: SLF001 - aiomqtt 2.5 offers no manual acknowledgement of its own
    paho.manual_ack_set(on=True)
    return paho
