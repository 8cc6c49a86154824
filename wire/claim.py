"""The code with which a new box claims its certificate, and what is said under it.

A person carries the code from the maintainer to the box, and nobody else ever sees it. What both say to each other
lies at the cloud in between, which knows of the code only where to put it. Each side proves what it says
with a key that follows from the code (HMAC-SHA-256), so that neither the cloud nor the network can change a letter: a
certificate is signed for whoever has the code, and the box believes nobody else. RFC 4210, §4.2.2.2 begins in the same
way, with an initial authentication key that came by another road.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Literal

import msgspec

from wire.errors import EgretError

BODY_MAX = 16 * 1024
"""Bytes of what a box says: a request has 500."""
LASTS_MOST_S = 7 * 86_400.0
"""Of a code that nobody has used."""
SKEW_MOST_NS = 300 * 10**9
"""A clock that is further off gets a box no certificate: to it, the broker's own would not be valid."""
_SECRET_BYTES, _CHECK_BYTES = 17, 3
_ALIKE = str.maketrans("018", "OIB", " -\t")
"""Digits that base32 has not, and which people write for letters."""


class EnrolmentError(EgretError):
    """A box does not get its certificate this time."""


class Code:
    """136 random bits, and 24 that find a slip of the pen."""

    def __init__(self, secret: bytes) -> None:
        """As `new_code` and `code_of` make it."""
        self._secret = secret

    def __str__(self) -> str:
        """`ABCD-EFGH-…`, eight groups of four."""
        written = base64.b32encode(self._secret + _check(self._secret)).decode()
        return "-".join(written[at : at + 4] for at in range(0, len(written), 4))

    @property
    def door(self) -> str:
        """What the box shows to the cloud; nothing else follows from it."""
        return self._derived("door").hex()

    @property
    def shelf(self) -> str:
        """Where what is said under this code lies: whoever reads it there has no door."""
        return shelf_of(self.door)

    def proof(self, *said: str) -> str:
        """Who has the code has said this."""
        return hmac.new(self._derived("proof"), msgspec.json.encode(said), hashlib.sha256).hexdigest()

    def is_proven(self, proof: str, *said: str) -> bool:
        """Has somebody with the code said this?"""
        return hmac.compare_digest(proof.encode(), self.proof(*said).encode())

    def _derived(self, purpose: str) -> bytes:
        return hashlib.sha256(f"egret.claim/1 {purpose}\n".encode() + self._secret).digest()


def new_code(random: Callable[[int], bytes]) -> Code:
    """`random`: `secrets.token_bytes`."""
    return Code(random(_SECRET_BYTES))


def code_of(written: str) -> Code:
    """As a person has typed it. Raises EnrolmentError for what was never given out."""
    try:
        found = base64.b32decode(written.upper().translate(_ALIKE))
    except (binascii.Error, ValueError):
        found = b""
    secret = found[:_SECRET_BYTES]
    if len(found) != _SECRET_BYTES + _CHECK_BYTES or found[_SECRET_BYTES:] != _check(secret):
        fix = "copy all eight groups of four as `egret fleet enroll` shows them."
        raise EnrolmentError("a letter of this code is wrong or missing.", fix=fix, code="E-ENROL-001")
    return Code(secret)


def shelf_of(door: str) -> str:
    """A hash of it."""
    return hashlib.sha256(door.encode()).hexdigest()


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a box says, again and again until it has its answer. `request` is a PKCS #10, as PEM.

    `time_ns` is the box's own clock; `proof` is of `said_by_box`.
    """

    door: str
    box: str
    time_ns: int
    request: str
    proof: str


class Welcome(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.welcome/1"):
    """What the maintainer says. All but `broker`, an address, are PEM; `trust` says whose configurations count."""

    box: str
    certificate: str
    authority: str
    trust: tuple[str, ...]
    broker: str


class ClaimAnswer(msgspec.Struct, frozen=True):
    """What a box hears. `welcome` is the text of a Welcome, which `proof` is of (`said_by_maintainer`)."""

    state: Literal["waits", "welcome"]
    welcome: str = ""
    proof: str = ""


def said_by_box(box: str, request: str) -> tuple[str, ...]:
    """What a box proves."""
    return ("request", box, request)


def said_by_maintainer(request: str, welcome: str) -> tuple[str, ...]:
    """What a maintainer proves: this is the answer to that request, and to no other."""
    return ("welcome", request, welcome)


def _check(secret: bytes) -> bytes:
    return hashlib.sha256(b"egret.claim/1 check\n" + secret).digest()[:_CHECK_BYTES]
