"""A certificate is renewed over the identity there is: the box asks with a new key, and signs that with the old one.

The request travels in what the box reports, and the certificate comes back on its desired topic. Both pass through
broker and cloud, which can change nothing: the authority proves the request by the certificate that it has issued, and
the box proves the answer by its key and its authority.
"""

import base64
import binascii
from typing import Annotated

import msgspec

from wire import certificate
from wire.certificate_request import REQUEST_MAX, private_key
from wire.claim import EnrolmentError

_PURPOSE = b"egret.renewal/1\n"
Pem = Annotated[str, msgspec.Meta(max_length=REQUEST_MAX)]


class Renewal(msgspec.Struct, frozen=True):
    """`request` is a PKCS #10, `certificate` the box's own, both PEM; `signature` is ECDSA with SHA-256, base64."""

    request: Pem
    certificate: Pem
    signature: Annotated[str, msgspec.Meta(max_length=256)]


class Renewed(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.certificate/1"):
    """The answer, as PEM."""

    box: str
    certificate: Pem


def signed(request: str, shown: str, key: bytes) -> Renewal:
    """With the key of the certificate `shown`. Raises ValueError for one that is not on a curve."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415 - see wire.certificate_request
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    made = private_key(key).sign(_PURPOSE + request.encode(), ECDSA(SHA256()))
    return Renewal(request, shown, base64.b64encode(made).decode())


def require_signed(renewal: Renewal, box: str) -> None:
    """Raises EnrolmentError unless the request was signed by the key in the certificate."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        key = certificate.public_key(renewal.certificate)
        signature = base64.b64decode(renewal.signature, validate=True)
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, _PURPOSE + renewal.request.encode(), ECDSA(SHA256()))
            return
    except (ValueError, binascii.Error, InvalidSignature):
        pass
    what = "whoever asks has not the key of the certificate that is to be renewed."
    fix = "find out who publishes as this box; give it a new code: `egret fleet enroll BOX`."
    raise EnrolmentError(what, where=f"box {box}", fix=fix, code="E-ENROL-013")


def decode(payload: bytes) -> Renewed | None:
    """None for what is something else."""
    try:
        return msgspec.json.decode(payload, type=Renewed)
    except (msgspec.MsgspecError, RecursionError):
        return None
