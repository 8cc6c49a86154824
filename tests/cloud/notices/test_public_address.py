"""Which addresses a notice may go to. Source: IANA, IPv4 and IPv6 Special-Purpose Address Registries."""

import pytest

from cloud.notices.public_address import refusal

PUBLIC = ["8.8.8.8", "121.192.0.1", "100.63.255.255", "172.32.0.1", "2400:3200::1", "64:ff9b::808:808"]
PRIVATE = {
    "127.0.0.1": "this machine",
    "127.255.255.254": "this machine, by another of its addresses",
    "10.0.0.1": "RFC 1918",
    "172.16.0.1": "RFC 1918",
    "172.31.255.255": "RFC 1918, the last of it",
    "192.168.1.1": "RFC 1918",
    "100.64.0.1": "carrier-grade NAT, RFC 6598",
    "100.127.255.255": "carrier-grade NAT, the last of it",
    "198.18.0.1": "benchmarks, RFC 2544",
    "::1": "this machine",
    "fd00::1": "unique local, RFC 4193",
}
NEVER = {
    "169.254.169.254": "metadata service",
    "169.254.0.1": "link-local, RFC 3927",
    "fe80::1": "link-local, RFC 4291",
    "fe80::1%eth0": "link-local with a zone",
    "fd00::1%2": "with a zone",
    "fec0::1": "site-local, RFC 3879",
    "0.0.0.0": "this machine on Linux",
    "0.1.2.3": "this network, RFC 791",
    "::": "this machine on Linux",
    "224.0.0.1": "multicast, although ipaddress calls it global",
    "239.255.255.250": "multicast",
    "ff02::1": "multicast",
    "ff0e::1": "multicast of the whole world",
    "240.0.0.1": "reserved, RFC 1112",
    "255.255.255.255": "broadcast",
    "192.0.0.8": "protocol assignments, RFC 7600",
    "192.88.99.1": "relay of 6to4, RFC 7526",
    "::ffff:127.0.0.1": "IPv4-mapped",
    "::ffff:8.8.8.8": "IPv4-mapped, in whatever disguise",
    "::ffff:a9fe:a9fe": "IPv4-mapped metadata service",
    "2002:7f00:1::": "6to4 to 127.0.0.1",
    "2002:a9fe:a9fe::1": "6to4 to the metadata service",
    "64:ff9b::10.0.0.1": "NAT64 to 10.0.0.1",
    "64:ff9b::a9fe:a9fe": "NAT64 to the metadata service",
    "localhost": "no address",
    "": "no address",
    "127.1": "no address in full",
    "0177.0.0.1": "octal",
    "2130706433": "decimal",
}
UNROUTED = {
    "::127.0.0.1": "IPv4-compatible, RFC 4291",
    "64:ff9b:1::a00:1": "NAT64 of a private network, RFC 8215",
    "2001:0:7f00:1::": "Teredo, RFC 4380",
    "2001:db8::1": "documents, RFC 3849",
    "3fff::1": "documents, RFC 9637",
    "100::1": "discarded, RFC 6666",
    "5f00::1": "segment routing, RFC 9602",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    """The neighbours of private networks, and NAT64 to a public address, too."""
    assert refusal(address, allow_private=False) == ""
    assert refusal(address, allow_private=True) == ""


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_must_be_allowed(address: str) -> None:
    """A receiver in the city's own network is ordinary, but somebody has to say so."""
    assert refusal(address, allow_private=False) == "not public"
    assert refusal(address, allow_private=True) == ""


@pytest.mark.parametrize("address", NEVER | UNROUTED)
def test_what_is_no_receiver_is_never_allowed(address: str) -> None:
    """Nobody runs a receiver there; a metadata service gives away the machine."""
    assert refusal(address, allow_private=False) != ""
    assert refusal(address, allow_private=True) != ""
