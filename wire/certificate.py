"""A certificate, as far as we must know it: whose name, which key, how strong, and when it ends.

X.509 is DER (ITU-T X.690) all the way down; RFC 5280, §4.1 gives the order of a certificate's fields. Signatures are
checked by TLS, and where somebody shows a certificate in another way, by `issued_by`.
"""

import base64
import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

RSA_BITS_LEAST = 2048
"""NIST SP 800-131A: fewer are not allowed for signatures."""
WARNED_DAYS = 30
"""So many days before a certificate ends, people are told."""
DAY_NS = 86_400 * 10**9
_VERSION = 0xA0
_COMMON_NAME = bytes.fromhex("0603550403")
"""The object identifier 2.5.4.3 in DER."""
_RSA = bytes.fromhex("06092a864886f70d010101")
"""1.2.840.113549.1.1.1, RFC 3279, §2.3.1."""
_OLD_SIGNATURES = {
    bytes.fromhex("06092a864886f70d010104"): "MD5",
    bytes.fromhex("06092a864886f70d010105"): "SHA-1",
    bytes.fromhex("06072a8648ce3d0401"): "SHA-1",
}
"""md5WithRSAEncryption, sha1WithRSAEncryption, ecdsa-with-SHA1; RFC 3279, §2.2."""
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_EXTENSIONS = 0xA3
_BASIC_CONSTRAINTS, _EXTENDED_USE = bytes.fromhex("0603551d13"), bytes.fromhex("0603551d25")
"""2.5.29.19 and 2.5.29.37; RFC 5280, §4.2.1.9 and §4.2.1.12."""
_TRUE = bytes.fromhex("0101ff")
_SERVER_AUTH = bytes.fromhex("06082b06010505070301")
"""1.3.6.1.5.5.7.3.1, by which a client knows a server."""
_LIST_HEADER, _LIST_FOOTER = "-----BEGIN X509 CRL-----", "-----END X509 CRL-----"


class Use(Enum):
    """What others take its owner for."""

    CLIENT = ""
    BROKER = "broker"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Certificate:
    """`name` is the only thing in its subject, a CN; `key_sha256` the hash of its public key (SPKI), in hex.

    `ends_ns` is when it ends, UTC; `weakness` says why nobody should trust it, or nothing.
    """

    name: str
    key_sha256: str
    ends_ns: int
    weakness: str
    use: Use

    def days_left(self, now_ns: int) -> int:
        """Whole days until it ends; below 0 when it has ended."""
        return (self.ends_ns - now_ns) // DAY_NS


def find(path: Path) -> tuple[Certificate, ...]:
    """The first certificate of a PEM file, or none. Raises OSError, and ValueError for one that cannot be read."""
    text = path.read_text(encoding="ascii")
    return (of_pem(text),) if ssl.PEM_HEADER in text else ()


def of_pem(text: str) -> Certificate:
    """The first certificate in a text. Raises ValueError."""
    return parse(ssl.PEM_cert_to_DER_cert(_from_certificate(text)))


def first_pem(text: str) -> str:
    """The first certificate in a text, without a key that may stand beside it. Raises ValueError."""
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(_from_certificate(text)))


def issued_by(text: str, authority: str) -> int:
    """The serial number of what `of_pem` reads. Raises ValueError unless this authority has signed it."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - see _as_known

    found = _as_known(text)
    try:
        found.verify_directly_issued_by(_as_known(authority))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise ValueError("this authority has not signed it") from error
    return found.serial_number


def public_key(text: str) -> "CertificatePublicKeyTypes":
    """Of the certificate that `of_pem` reads. Raises ValueError."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see _as_known

    try:
        return _as_known(text).public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError("its key is of an unknown kind") from error


def _as_known(text: str) -> "x509.Certificate":
    """By `cryptography`, which is slow to import, and takes the first `X509 CERTIFICATE` of a text as well.

    So it is given the one certificate that we have read: nobody shows two. Raises ValueError.
    """
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.load_pem_x509_certificate(first_pem(text).encode("ascii"))
    except x509.InvalidVersion as error:
        raise ValueError("it is of an unknown version") from error


def _from_certificate(text: str) -> str:
    """From the first certificate to its end."""
    begin = text.index(ssl.PEM_HEADER)
    return text[begin : text.index(ssl.PEM_FOOTER, begin) + len(ssl.PEM_FOOTER)]


def parse(der: bytes) -> Certificate:
    """Raises ValueError for what is no certificate with a CN alone."""
    [(_, whole, _)] = _values(der)
    (_, fields, _), *_ = _values(whole)
    parts = [(content, raw) for tag, content, raw in _values(fields) if tag != _VERSION]
    _serial, (signature, _), _issuer, (validity, _), (subject, _), (key, raw_key), *_ = parts
    _, (tag, ends, _) = _values(validity)
    use = next((_use(content) for tag, content, _ in _values(fields) if tag == _EXTENSIONS), Use.CLIENT)
    key_sha256 = hashlib.sha256(raw_key).hexdigest()
    return Certificate(_common_name(subject), key_sha256, _moment(tag, ends), _weakness(signature, key), use)


def list_ends_ns(text: str) -> int | None:
    """When the list of revoked certificates in a PEM file ends (RFC 5280, §5.1); None for one without end, or no list.

    Raises ValueError for one that cannot be read.
    """
    if _LIST_HEADER not in text:
        return None
    body = text.partition(_LIST_HEADER)[2].partition(_LIST_FOOTER)[0]
    [(_, whole, _)] = _values(base64.b64decode(body))
    (_, fields, _), *_ = _values(whole)
    _begins, *ends = (_moment(tag, raw) for tag, raw, _ in _values(fields) if tag in {_UTC_TIME, _GENERALIZED_TIME})
    return ends[0] if ends else None


def _use(extensions: bytes) -> Use:
    [(_, each, _)] = _values(extensions)
    said = {raw_oid: value for _, one, _ in _values(each) for (_, _, raw_oid), *_, (_, value, _) in [_values(one)]}
    for _, constraints, _ in _values(said.get(_BASIC_CONSTRAINTS, b"")):
        if constraints.startswith(_TRUE):
            return Use.AUTHORITY
    for _, uses, _ in _values(said.get(_EXTENDED_USE, b"")):
        if _SERVER_AUTH in [raw for _, _, raw in _values(uses)]:
            return Use.BROKER
    return Use.CLIENT


def _moment(tag: int, text: bytes) -> int:
    """RFC 5280, §4.1.2.5: two digits of the year up to 2049, four after."""
    written = text.decode("ascii")
    if tag == _UTC_TIME:
        written = ("19" if written >= "50" else "20") + written
    moment = datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9


def _weakness(signature: bytes, key: bytes) -> str:
    for algorithm, name in _OLD_SIGNATURES.items():
        if signature.startswith(algorithm):
            return f"it is signed with {name}"
    (_, kind, _), (_, bits, _) = _values(key)
    if kind.startswith(_RSA):
        [(_, numbers, _)] = _values(bits[1:])  # a bit string begins with how many bits of its last byte are unused
        (_, modulus, _), *_ = _values(numbers)
        length = int.from_bytes(modulus).bit_length()
        if length < RSA_BITS_LEAST:
            return f"its RSA key has {length} bits, {RSA_BITS_LEAST} is the least"
    return ""


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
