"""Which addresses a notice may be sent to: those of the public Internet, and no other unless allowed.

Who may write an address of a receiver, or answer for its name in DNS, could otherwise make the cloud
speak to what only the cloud can reach: a database on the same machine, a switch in the cabinet, the
metadata service of a hosting provider (server-side request forgery).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
"""All public IPv6 addresses lie in it. Source: IANA, Internet Protocol Version 6 Address Space."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""Ends in the IPv4 address it leads to (RFC 6052 §2.1)."""
_LOCAL = IPv6Network("fc00::/7")
"""Unique local addresses (RFC 4193)."""
_SPECIAL_V4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
_SPECIAL_V6 = IPv6Network("3fff::/20")
"""Protocol assignments (RFC 6890), relays of 6to4 (RFC 7526) and documents (RFC 9637).

The ipaddress module of Python 3.11.7 takes them for public.
"""


def refusal(text: str, *, allow_private: bool) -> str:
    """What is wrong with an address, as the end of "it is …"; empty when nothing is.

    `allow_private` lets through what private networks use: loopback, RFC 1918, unique local
    (RFC 4193) and carrier-grade NAT. The rest is never a receiver: link-local, where hosting providers
    keep their metadata services, multicast, reserved, and IPv4 hidden inside IPv6.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return "no IP address"
    if isinstance(address, IPv6Address):
        return _refusal_v6(address, allow_private=allow_private)
    return _refusal_v4(address, allow_private=allow_private)


def _refusal_v4(address: IPv4Address, *, allow_private: bool) -> str:
    if address.is_link_local:
        return "link-local"
    is_special = any(address in network for network in _SPECIAL_V4)
    if address.is_multicast or address.is_reserved or address.packed[0] == 0 or is_special:
        return "no address of a single host"
    if address.is_loopback or not address.is_global:
        return "" if allow_private else "not public"
    return ""


def _refusal_v6(address: IPv6Address, *, allow_private: bool) -> str:
    if address.ipv4_mapped is not None:
        return "IPv4 written as IPv6"
    if address.is_link_local or address.is_site_local or address.scope_id:
        return "link-local"
    if address.is_unspecified or address.is_multicast:
        return "no address of a single host"
    if inside := _inside(address):
        return "a tunnel to an address that is not public" if _refusal_v4(inside, allow_private=False) else ""
    if address.is_loopback or address in _LOCAL:
        return "" if allow_private else "not public"
    return "" if address in _UNICAST and address.is_global and address not in _SPECIAL_V6 else "not public"


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that 6to4 (RFC 3056) or NAT64 leads to."""
    return IPv4Address(address.packed[-4:]) if address in _NAT64 else address.sixtofour
