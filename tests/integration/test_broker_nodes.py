"""A broker of several nodes, one of which is gone: box and cloud go to the next."""

import pytest
import servers

from cloud.link import MqttInbox
from edge.link import MqttLinks
from wire.broker import Broker
from wire.errors import Unreachable
from wire.topics import topic

BOX = "XM-TA-01"


def nodes(url: str, gone_first: str) -> Broker:
    """A node that is gone and one that answers; the client begins at the first."""
    there = int(url.rpartition(":")[2])
    broker = Broker("127.0.0.1", servers.free_port(), others=(("127.0.0.1", there),))
    return broker if broker.first_for(gone_first) == broker else broker.next()


async def test_a_box_and_the_cloud_go_to_the_next_node(mosquitto_url: str) -> None:
    """Each is refused once, and then connected; a reading goes from one to the other."""
    session = "egret-cloud-readings"
    links = MqttLinks(nodes(mosquitto_url, BOX), BOX)
    inbox = MqttInbox(nodes(mosquitto_url, session), session, [topic("+", "readings")])
    with pytest.raises(Unreachable):
        await links(b"{}").__aenter__()
    with pytest.raises(Unreachable):
        await inbox.__aenter__()
    async with inbox, links(b"{}") as link:
        await link.send(topic(BOX, "readings"), b"a reading")
        assert (await anext(aiter(inbox.deliveries()))).payload == b"a reading"
