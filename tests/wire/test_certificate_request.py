"""Which requests for a certificate a box's are, and which the authority's side refuses before openssl sees them."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateSigningRequestBuilder, DNSName, IPAddress, NameOID

from wire import certificate_request
from wire.certificate_request import require_plain
from wire.claim import EnrolmentError

BOX = "XM-TA-01"
Change = Callable[[CertificateSigningRequestBuilder], CertificateSigningRequestBuilder]


def request(*names: tuple[x509.ObjectIdentifier, str], key: object = None, change: Change = lambda it: it) -> str:
    """A request with this subject, or with a box's."""
    named = names or ((NameOID.COMMON_NAME, BOX),)
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in named])
    private = key or ec.generate_private_key(ec.SECP256R1())
    digest = None if isinstance(private, ed25519.Ed25519PrivateKey) else SHA256()
    built = change(CertificateSigningRequestBuilder().subject_name(subject))
    return built.sign(private, digest).public_bytes(Encoding.PEM).decode()  # type: ignore[arg-type]


def extended(extension: x509.ExtensionType) -> Change:
    """With an extension that it asks for."""
    return lambda built: built.add_extension(extension, critical=False)


def forged() -> str:
    """The subject of one request with the signature of another: the last letters of what is signed differ."""
    lines = request().splitlines()
    at = len(lines) - 2
    turned = "A" if lines[at][0] != "A" else "B"
    return "\n".join([*lines[:at], turned + lines[at][1:], *lines[at + 1 :]])


NOT_A_BOX = {
    "another's name": (lambda: request((NameOID.COMMON_NAME, "egret-cloud")), "must be CN=XM-TA-01 alone"),
    "two names": (
        lambda: request((NameOID.COMMON_NAME, BOX), (NameOID.COMMON_NAME, "egret-cloud")),
        "must be CN=XM-TA-01 alone",
    ),
    "an organisation": (
        lambda: request((NameOID.ORGANIZATION_NAME, "city"), (NameOID.COMMON_NAME, BOX)),
        "must be CN=XM-TA-01 alone",
    ),
    "a broker's DNS name": (
        lambda: request(change=extended(x509.SubjectAlternativeName([DNSName("broker-1")]))),
        "asks for more than a name",
    ),
    "an address": (
        lambda: request(change=extended(x509.SubjectAlternativeName([IPAddress(ip_address("127.0.0.1"))]))),
        "asks for more than a name",
    ),
    "an authority": (
        lambda: request(change=extended(x509.BasicConstraints(ca=True, path_length=None))),
        "asks for more than a name",
    ),
    "a challenge": (
        lambda: request(change=lambda it: it.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"x")),
        "asks for more than a name",
    ),
    "RSA": (lambda: request(key=rsa.generate_private_key(65537, 2048)), "on P-256 or P-384"),
    "Ed25519": (lambda: request(key=ed25519.Ed25519PrivateKey.generate()), "on P-256 or P-384"),
    "a small curve": (lambda: request(key=ec.generate_private_key(ec.SECP224R1())), "on P-256 or P-384"),
    "a curve of others": (lambda: request(key=ec.generate_private_key(ec.SECP256K1())), "on P-256 or P-384"),
    "a false signature": (forged, "has not the key|cannot be read"),
    "a certificate": (lambda: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
    "nothing": (lambda: "", "cannot be read"),
    "letters": (lambda: "白鹭", "cannot be read"),
    "a book": (lambda: "A" * 5000, "5000 characters"),
}


@pytest.mark.parametrize("kind", NOT_A_BOX)
def test_requests_that_no_box_makes(kind: str) -> None:
    """Each is refused, with the reason."""
    made, why = NOT_A_BOX[kind]
    with pytest.raises(EnrolmentError, match=why) as caught:
        require_plain(made(), BOX)
    assert caught.value.code == "E-ENROL-007"


def test_a_boxs_own() -> None:
    """Its name and its key; the hash of the key is the one that its certificate will have."""
    key = certificate_request.new_key()
    assert require_plain(certificate_request.request_of(key, BOX), BOX) == certificate_request.public_sha256(key)


@pytest.mark.parametrize("text", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key(text: bytes) -> None:
    """ValueError, whatever the library calls it."""
    with pytest.raises(ValueError, match=r"."):
        certificate_request.private_key(text)
