"""Ed25519 (RFC 8032) keys in PEM files, and what is signed with them.

`cryptography` is imported when the first key is read: 50 ms and 13 MiB that only those pay who push a configuration
or are given one.
"""

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wire.errors import ConfigError, DesiredRefused, Mistake, Unsafe
from wire.whole_file import write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FIX = "make it with openssl, as docs/operate/fleet.md says."


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key. `key` names its public half."""

    key: str
    _private: "Ed25519PrivateKey"

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        return self._private.sign(data)

    @property
    def public_hex(self) -> str:
        """The public half, 32 bytes in hexadecimal."""
        return self._private.public_key().public_bytes_raw().hex()

    @property
    def public(self) -> "Keys":
        """What proves what it has signed."""
        return Keys({self.key: self._private.public_key()})


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys by their names: who may say what a box runs."""

    _keys: "dict[str, Ed25519PublicKey]"

    def prove(self, key: str, signature: bytes, data: bytes) -> None:
        """Raises DesiredRefused for a key that is none of these, or a signature that is not of this data."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see the module

        known = self._keys.get(key)
        if known is None:
            what = f"it is signed with the key {key[:32]!r}, and this box trusts {', '.join(self._keys) or 'none'}."
            fix = "sign it with the city's key, or give the box its public half (`--trust`)."
            raise DesiredRefused(what, fix=fix, code="E-FLEET-003")
        try:
            known.verify(signature, data)
        except InvalidSignature:
            what = "its signature is not of this document: it was changed, or never signed by the city."
            fix = "see who may publish to this box's topics: docs/operate/broker.md."
            raise DesiredRefused(what, fix=fix, code="E-FLEET-004") from None


def load_signer(path: Path) -> Signer:
    """A private key. Raises Unsafe when others than its owner may read the file, and ConfigError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    text = _read(path)
    if path.stat().st_mode & _OTHERS:
        what = "others than its owner may use this private key: whoever has it says what every box runs."
        raise Unsafe(
            what, where=str(path), fix=f"chmod 600 {path}, and make another if it was read.", code="E-FLEET-008"
        )
    try:
        private = load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise _no_key(path, "no private key in PEM form without a pass phrase") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_key(path, "no Ed25519 key")
    return Signer(_name_of(private.public_key()), private)


def load_or_make_signer(path: Path) -> Signer:
    """A private key, made where there is none, for its owner alone. Raises as `load_signer`, and OSError."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see the module
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_whole(path, Ed25519PrivateKey.generate().private_bytes(*form), 0o600)
    return load_signer(path)


def public_key(hexadecimal: str) -> Keys:
    """One public key of 32 bytes. Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - see the module

    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(hexadecimal))
    return Keys({_name_of(public): public})


def load_keys(paths: Sequence[Path]) -> Keys:
    """Public keys. Raises ConfigError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    found = {}
    for path in paths:
        try:
            public = load_pem_public_key(_read(path))
        except ValueError as error:
            raise _no_key(path, "no public key in PEM form") from error
        if not isinstance(public, Ed25519PublicKey):
            raise _no_key(path, "no Ed25519 key")
        found[_name_of(public)] = public
    return Keys(found)


def _name_of(public: "Ed25519PublicKey") -> str:
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _no_key(path, f"not to be read: {error.strerror}") from error


def _no_key(path: Path, why: str) -> ConfigError:
    return ConfigError([Mistake(str(path), f"this key is {why}.", _FIX, "E-FLEET-009")])
