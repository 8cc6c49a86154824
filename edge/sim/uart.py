"""What a UART makes of bytes that were sent with other settings than its own: garbage, as on copper.

The sender's bits are laid out in time and sampled as a receiver does it: from the edge of a start bit, in the
middle of each bit. A stop bit that is none is a framing error, which Linux hands on as a zero byte.
"""

from collections.abc import Iterator

from edge.serial_port import SerialSettings

_IDLE = 1


def received(octets: bytes, sent: SerialSettings, own: SerialSettings) -> bytes:
    """What a receiver with the settings `own` hears of `octets`, which were `sent` with others."""
    if sent == own:
        return octets
    bits = [bit for octet in octets for bit in _character(octet, sent)]
    return bytes(_sampled(bits, sent.baud / own.baud, own))


def inverted(octets: bytes) -> bytes:
    """What is heard where A and B are swapped, near enough: every bit is the other one."""
    return bytes(octet ^ 0xFF for octet in octets)


def _character(octet: int, settings: SerialSettings) -> list[int]:
    data = [octet >> place & 1 for place in range(settings.data_bits)]
    parity = {"N": [], "E": [sum(data) % 2], "O": [1 - sum(data) % 2]}[settings.parity]
    return [0, *data, *parity, *[1] * settings.stop_bits]


def _sampled(bits: list[int], bit: float, own: SerialSettings) -> Iterator[int]:
    """Octets; `bit` is the receiver's bit time in the sender's bits."""

    def level(at: float) -> int:
        return bits[int(at)] if at < len(bits) else _IDLE

    stop = 1 + own.data_bits + (own.parity != "N")
    begin = 0.0
    while begin < len(bits):
        if level(begin) == _IDLE:
            begin = int(begin) + 1.0
            continue
        octet = sum(level(begin + (place + 1.5) * bit) << place for place in range(own.data_bits))
        begin += (stop + 0.5) * bit
        is_framed = level(begin) == _IDLE
        yield octet if is_framed else 0
        while begin < len(bits) and level(begin) != _IDLE:
            begin = int(begin) + 1.0
