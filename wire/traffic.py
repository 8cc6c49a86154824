"""What a message costs on a SIM card: itself, and what MQTT, TLS and TCP/IP put around it, in both directions.

The same arithmetic plans a box's data (`egret check`) and counts it (the box), so that the two can be compared. It is
an estimate from above for what is sent on its own, and leaves out what is rare: connecting, and packets sent twice.
"""

PACKET = 52
"""IPv4 20, TCP 20, its timestamps 12. Source: RFC 791, RFC 9293, RFC 7323."""
RECORD = 22
"""TLS 1.3 around one record: header 5, type 1, tag 16. Source: RFC 8446, §5.2."""
SEGMENT = 1_348
"""Bytes of TLS that a mobile network's packet of 1 400 bytes carries."""
_RECORD_MOST = 16_384
_FIXED = 4
"""Of a PUBLISH: type, and length in up to three bytes. Source: MQTT 3.1.1, §2.2."""
_VARIABLE = 4
"""Length of the topic name, packet identifier. Source: MQTT 3.1.1, §3.3.2."""
_PUBACK = 4
PING = 2 * (2 + RECORD + 2 * PACKET)
"""A PINGREQ and its PINGRESP, with the acknowledgements of TCP. Source: MQTT 3.1.1, §3.12 and §3.13."""
MONTH_DAYS = 30.44
"""On average."""


def message(topic: str, size: int) -> int:
    """Bytes for one QoS 1 message of `size` and its PUBACK, with the acknowledgements of TCP."""
    published = size + len(topic) + _FIXED + _VARIABLE
    published += RECORD * -(-published // _RECORD_MOST)
    packets = -(-published // SEGMENT)
    return published + 2 * packets * PACKET + _PUBACK + RECORD + 2 * PACKET


def megabytes(size: float) -> str:
    """`212 MB`, as data is sold: millions of bytes."""
    return f"{size / 1e6:.3g} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"
