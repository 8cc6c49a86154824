"""A broker's address, as people write it."""

from dataclasses import replace

import pytest

from wire.broker import Broker, parse
from wire.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://127.0.0.1", Broker("127.0.0.1", 1883)),
        ("mqtts://broker.city", Broker("broker.city", 8883, is_tls=True)),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
        ("mqtt://city:a%40b@broker.city:1884/", Broker("broker.city", 1884, user="city", password="a@b")),
        ("mqtts://b-1,b-2:9883", Broker("b-1", 8883, is_tls=True, others=(("b-2", 9883),))),
    ],
)
def test_an_address_is_read(url: str, expected: Broker) -> None:
    """Of one broker, or of a cluster's nodes."""
    assert parse(url) == expected


@pytest.mark.parametrize(
    "url", ["broker.city", "http://broker.city", "mqtt://", "mqtt://a,,b", "mqtt://a:x", "mqtt://a/b"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    """With what to write instead, and without a password."""
    with pytest.raises(ConfigError, match=r"--broker: .* is not a broker's address.*mqtts://host-1.*E-LINK-001"):
        parse(url)


def test_nodes_come_in_turn() -> None:
    """A client that lost one goes on to the next, and after the last to the first."""
    first = parse("mqtt://a,b,c")
    assert [str(first), str(first.next()), str(first.next().next())] == [f"mqtt://{name}:1883" for name in "abc"]
    assert first.next().next().next() == first
    alone = parse("mqtt://a")
    assert alone.next() == alone


def test_each_node_has_its_part_of_the_clients() -> None:
    """A client begins at the same node each time; of 300 boxes no node has less than a quarter."""
    broker = parse("mqtt://a,b,c")
    hosts = [broker.first_for(f"XM-{number:03}").host for number in range(300)]
    assert all(hosts.count(name) > 75 for name in "abc")
    assert hosts[7] == broker.first_for("XM-007").host


def test_each_node_can_be_asked() -> None:
    """Whoever looks at certificates looks at all nodes, each with the broker's own files."""
    broker = replace(parse("mqtts://broker-1,broker-2:8884"), ca="ca.pem")
    assert [(str(node), node.ca) for node in broker.nodes()] == [
        ("mqtts://broker-1:8883", "ca.pem"),
        ("mqtts://broker-2:8884", "ca.pem"),
    ]
