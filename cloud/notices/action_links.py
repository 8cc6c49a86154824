"""Signed links that carry the acts of a case (accept, arrive, photo, done) without an app or a login.

A link is for one case and one recipient, and holds everything itself: case number, recipient, end
and a nonce, signed with HMAC-SHA256. Nothing is stored when it is issued.

Each act works once. The token cannot know that; the ledger does: with the act it commits a row
(nonce, act), which is unique, in the same transaction. A second time the row is there already, and
the act is refused, or answered as done when it comes from an impatient finger.

What opens a link must change nothing until a person presses a button (POST): chat programs fetch
every address they show, to draw a preview.

    token   = base64url, without padding, of: version · key id · payload · signature
    version   1 byte
    key id    4 bytes, says which secret signed it
    payload   MessagePack array: number, recipient, end, nonce
    signature 32 bytes, over all before
"""

import base64
import hmac
import os
import secrets as chance
import stat
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from wire.errors import ConfigError, EgretError, Mistake

NONCE_BYTES = 16
SECRET_BYTES = 32
TOKEN_MAX = 800
"""Characters; a usual one has 160, one for a recipient of 100 Chinese characters 510."""

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_SIGNATURE_BYTES = 32
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES
_SIGNING = b"egret action link 1: "
"""Stands before what is signed, so that a signature made for another purpose is none here."""


class Reason(StrEnum):
    """Why a link does not open. It never says more: whoever forges links learns nothing from it."""

    EXPIRED = "expired"
    FOREIGN = "not ours"
    """Signed by nobody whom we know, or changed on its way."""
    DAMAGED = "damaged"
    """No token at all: cut off, or with characters that no token has."""


_REFUSALS = {
    Reason.EXPIRED: ("this link has expired.", "ask the command centre for a new one.", "E-LINKS-001"),
    Reason.FOREIGN: ("this link was not issued here.", "open the link from the original message.", "E-LINKS-002"),
    Reason.DAMAGED: ("this link is not complete.", "copy the whole address from the message.", "E-LINKS-003"),
}


class LinkRefused(EgretError):
    """A link that opens nothing."""

    def __init__(self, reason: Reason) -> None:
        """The words follow from the reason."""
        what, fix, code = _REFUSALS[reason]
        super().__init__(what, fix=fix, code=code)
        self.reason = reason


class ActionGrant(msgspec.Struct, frozen=True, array_like=True):
    """What a link allows: the acts of case `number`, by `recipient`, before `expires_ns` (UTC)."""

    number: str
    recipient: str
    expires_ns: int
    nonce: bytes


class ActionLinks:
    """Issues links, and opens those that it or an earlier secret has signed."""

    def __init__(self, secrets: Sequence[bytes], base_url: str) -> None:
        """`secrets`, newest first: the first signs, all verify. `base_url` is what phones can reach.

        Raises ConfigError when there is no secret, or one with less than 32 bytes.
        """
        if not secrets or any(len(secret) < SECRET_BYTES for secret in secrets):
            what = f"there is no secret, or one with less than {SECRET_BYTES} bytes."
            raise _unusable("action links", what, "give 32 random bytes: `openssl rand 32`.")
        self._secrets = {_key_id(secret): secret for secret in secrets}
        self._newest = secrets[0]
        self._prefix = base_url.rstrip("/") + "/l/"

    def issue(self, number: str, recipient: str, expires_ns: int, nonce: bytes) -> str:
        """The address to send; `nonce` is 16 random bytes, never used before.

        Raises EgretError when the names are too long for an address.
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
        payload = msgspec.msgpack.encode(ActionGrant(number, recipient, expires_ns, nonce))
        signed = _VERSION + _key_id(self._newest) + payload
        token = _text(signed + _signature(self._newest, signed))
        if len(token) > TOKEN_MAX:
            fix = "use a shorter name for the unit or person."
            raise EgretError(f"{recipient[:40]!r}… is too long for a link.", fix=fix, code="E-LINKS-004")
        return self._prefix + token

    def open(self, token: str, now_ns: int) -> ActionGrant:
        """What the token allows; that it is used once is the caller's part. Raises LinkRefused."""
        signed, signature = _parted(token)
        secret = self._secrets.get(signed[len(_VERSION) : _HEAD_BYTES])
        # An unknown key is compared, too, so that it takes as long as a known one.
        expected = _signature(secret or bytes(SECRET_BYTES), signed)
        if not hmac.compare_digest(expected, signature) or secret is None:
            raise LinkRefused(Reason.FOREIGN)
        grant = _granted(signed[_HEAD_BYTES:])
        if now_ns >= grant.expires_ns:
            raise LinkRefused(Reason.EXPIRED)
        return grant


def _parted(token: str) -> tuple[bytes, bytes]:
    """What is signed, and the signature.

    Base64 can write the same bytes in several ways; only one of them is taken, for a token that is
    written differently is another token.
    """
    if len(token) > TOKEN_MAX:
        raise LinkRefused(Reason.DAMAGED)
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise LinkRefused(Reason.DAMAGED) from error
    if _text(raw) != token or len(raw) <= _HEAD_BYTES + _SIGNATURE_BYTES or not raw.startswith(_VERSION):
        raise LinkRefused(Reason.DAMAGED)
    return raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]


def _granted(payload: bytes) -> ActionGrant:
    """Signed by us, so it fails only when another release of ours meant something else by version 1."""
    try:
        return msgspec.msgpack.decode(payload, type=ActionGrant)
    except msgspec.MsgspecError as error:
        raise LinkRefused(Reason.DAMAGED) from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _signature(secret: bytes, signed: bytes) -> bytes:
    return hmac.digest(secret, _SIGNING + signed, "sha256")


def _key_id(secret: bytes) -> bytes:
    """Names a secret without telling anything about it."""
    return hmac.digest(secret, b"egret action link key id", "sha256")[:_KEY_ID_BYTES]


def load_or_make_secret(path: Path) -> bytes:
    """The secret in the file `path`; when there is none, 32 random bytes are put there, for us alone.

    Two processes that start together agree on one secret. Raises ConfigError when the file cannot be
    read or made, is shorter than 32 bytes, or may be read or written by everybody on the machine.
    """
    try:
        if not path.exists():
            _make_secret(path)
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            secret = file.read()
    except OSError as error:
        what = f"the secret of the action links cannot be used: {error.strerror}."
        raise _unusable(str(path), what, "see that its folder can be read and written.") from error
    if mode & stat.S_IRWXO:
        fix = f"`chmod o= {path}`; when strangers use this machine, remove it, and a new one is made."
        raise _unusable(str(path), f"everybody on this machine may use this secret (mode {mode:04o}).", fix)
    if len(secret) < SECRET_BYTES:
        fix = "remove the file, and a new one is made; links sent before open no more."
        raise _unusable(str(path), f"the secret has {len(secret)} bytes; {SECRET_BYTES} are needed.", fix)
    return secret


def _make_secret(path: Path) -> None:
    """Written beside it and linked: whoever comes second finds the first one's, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    fresh = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(chance.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _unusable(where: str, what: str, fix: str) -> ConfigError:
    return ConfigError([Mistake(where, what, fix, "E-LINKS-005")])
