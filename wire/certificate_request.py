"""A box's key, and its request for a certificate (PKCS #10, RFC 2986): a name, a public key, nothing else.

What else somebody writes into a request would count for nothing, for the authority says itself what it signs; a
request that asks for it is refused all the same, because no box of ours has made it. `cryptography` is imported on
use: a box pays for it when its certificate is about to end.
"""

import hashlib
from typing import TYPE_CHECKING

from wire.claim import EnrolmentError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

REQUEST_MAX = 4096
"""Characters of one, as PEM."""
_CURVES = {"secp256r1", "secp384r1"}


def new_key() -> bytes:
    """A key on P-256, as PEM (PKCS #8)."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - see the module
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request_of(key: bytes, box: str) -> str:
    """The request of a box, as PEM; each time it is written it is another, for ECDSA throws dice."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, box)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(private_key(key), SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


def private_key(key: bytes) -> "EllipticCurvePrivateKey":
    """Of a PEM. Raises ValueError for what is no key on a curve without a pass phrase."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        found = load_pem_private_key(key, password=None)
    except TypeError as error:
        raise ValueError("it has a pass phrase") from error
    if not isinstance(found, EllipticCurvePrivateKey):
        raise ValueError("it is no key on a curve")  # noqa: TRY004 - what is in the file is wrong
    return found


def public_sha256(key: bytes) -> str:
    """The hash of the public half, as `wire.certificate` gives it. Raises ValueError."""
    return _sha256(private_key(key).public_key())


def require_plain(request: str, box: str) -> str:
    """The hash of the key in a request. Raises EnrolmentError when no box of this name would have made it."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415

    if len(request) > REQUEST_MAX:
        raise _refused(box, f"it has {len(request)} characters, {REQUEST_MAX} are the most")
    try:
        found = x509.load_pem_x509_csr(request.encode("ascii"))
        names = [(one.oid, one.value) for one in found.subject]
        key, extras, is_signed = found.public_key(), list(found.attributes), found.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.UnsupportedGeneralNameType) as error:
        raise _refused(box, f"it cannot be read: {error}") from error
    if names != [(x509.NameOID.COMMON_NAME, box)]:
        raise _refused(box, f"its subject is {found.subject.rfc4514_string()[:100]!r}, and must be CN={box} alone")
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise _refused(box, "its key must be one on P-256 or P-384")
    if extras:
        raise _refused(box, "it asks for more than a name: other names, uses or extensions are for no box")
    if not is_signed:
        raise _refused(box, "whoever made it has not the key that is in it")
    return _sha256(key)


def _sha256(key: "EllipticCurvePublicKey") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _refused(box: str, why: str) -> EnrolmentError:
    fix = "let the box make it itself: `egret fleet enroll BOX --claim CODE`."
    return EnrolmentError(f"this request gets no certificate: {why}.", where=f"box {box}", fix=fix, code="E-ENROL-007")
