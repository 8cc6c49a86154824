"""Certificates that were issued, as far as a broker must know them: whose name, and which key.

X.509 is DER (ITU-T X.690) all the way down; RFC 5280, §4.1 gives the order of a certificate's fields. No signature
is checked here: the broker does.
"""

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wire.located import Mistakes

_VERSION = 0xA0
_COMMON_NAME = bytes.fromhex("0603550403")
"""The object identifier 2.5.4.3 in DER."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """`name` is the only thing in its subject, a CN; `key_sha256` the hash of its public key (SPKI), in hex."""

    name: str
    key_sha256: str


def read_all(folder: Path, mistakes: Mistakes) -> tuple[Certificate, ...]:
    """Of the folder's .pem files that are certificates, by the names of the files."""
    found = []
    for path in sorted(folder.glob("*.pem")):
        try:
            text = path.read_text(encoding="ascii")
            if ssl.PEM_HEADER in text:
                found.append(_certificate(ssl.PEM_cert_to_DER_cert(text[text.index(ssl.PEM_HEADER) :])))
        except (OSError, ValueError) as error:
            fix = "make it again as docs/operate/broker.md says, or take it out of the folder."
            mistakes.add(str(path), f"this certificate cannot be read: {error}.", fix, "E-BROKER-013")
    if not found and not len(mistakes):
        what = "there is no certificate, so nobody could come in."
        mistakes.add(str(folder), what, "name the folder with the boxes' certificates.", "E-BROKER-014")
    return tuple(found)


def _certificate(der: bytes) -> Certificate:
    """Raises ValueError for what is no certificate with a CN alone."""
    [(_, whole, _)] = _values(der)
    (_, fields, _), *_ = _values(whole)
    parts = [(content, raw) for tag, content, raw in _values(fields) if tag != _VERSION]
    _serial, _algorithm, _issuer, _validity, (subject, _), (_, key), *_ = parts
    return Certificate(_common_name(subject), hashlib.sha256(key).hexdigest())


def _common_name(subject: bytes) -> str:
    names = list(_values(subject))
    for _, attributes, _ in names:
        for _, attribute, _ in _values(attributes):
            if len(names) == 1 and attribute.startswith(_COMMON_NAME):
                [(_, text, _)] = _values(attribute[len(_COMMON_NAME) :])
                return text.decode("utf-8")
    raise ValueError("its subject must be a CN and nothing else")


def _values(der: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, content, and the whole of each value in turn. Raises ValueError."""
    start = 0
    while start < len(der):
        length, content = _length(der, start + 1)
        end = content + length
        if end > len(der):
            raise ValueError("it ends too early")
        yield der[start], der[content:end], der[start:end]
        start = end


def _length(der: bytes, at: int) -> tuple[int, int]:
    """Of the content, and where that begins (X.690, §8.1.3)."""
    if at >= len(der):
        raise ValueError("it ends too early")
    if der[at] < 0x80:
        return der[at], at + 1
    count = der[at] & 0x7F
    return int.from_bytes(der[at + 1 : at + 1 + count]), at + 1 + count
