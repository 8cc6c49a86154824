"""The configuration that a box is to run, as it travels: signed by the city, for one box, never an older one again.

What is signed is the text of `document`, byte for byte, behind `_PURPOSE`: nobody has to agree on how JSON is
written, and the signature is good for nothing else. The files in it are what a box needs to run, with nothing else.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Annotated

import msgspec

from wire.bounded import SEQUENCE_MAX, UNDECODABLE, Moment, Sequence, Word, in_short
from wire.errors import DesiredRefused, Mistake, WireError
from wire.overlay import Allowed, Lease
from wire.renewal import Renewal
from wire.topics import IDENTIFIER, PAYLOAD_MAX

TRIAL_LEAST_S, TRIAL_MOST_S = 10.0, 24 * 3600.0
ERRORS_MAX = 20
"""Mistakes that a box reports of one document; the first ones lead to the others."""
MODES_MAX = 16
SENSORS, PROFILES, LIMITS = "sensors.yaml", "firmware-configs", "limits"
"""What the files of a document are called; the two last are folders."""

_PURPOSE = b"egret.desired/1\n"
_NAME = re.compile(
    rf"sensors\.yaml|firmware-configs/{IDENTIFIER.pattern}/profile\.yaml|limits/{IDENTIFIER.pattern}\.yaml"
)
_FIX = "push it again from the city's sensors.yaml: `egret fleet push`."


Files = Mapping[str, str]
"""Texts by name."""


class Desired(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.config/1"):
    """What is signed. `files`: text by name. `counter` rises with every document that a box was ever given.

    After `expires_ns` nobody begins with it; a box that runs it goes on. For `trial_s` seconds it is on trial. `lease`
    holds until its end, with or without a network; then the files alone count. `modes` are those that the cloud may
    choose.
    """

    box: str
    counter: Annotated[int, msgspec.Meta(ge=1, le=SEQUENCE_MAX)]
    issued_ns: Moment
    expires_ns: Moment
    trial_s: Annotated[float, msgspec.Meta(ge=TRIAL_LEAST_S, le=TRIAL_MOST_S)]
    files: dict[str, str]
    lease: Lease | None = None
    modes: Annotated[tuple[Allowed, ...], msgspec.Meta(max_length=MODES_MAX)] = ()

    @property
    def version(self) -> str:
        """The name of what it says."""
        return version_of(self.files, self.lease, self.modes)


class Sealed(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.desired/1"):
    """Retained on the box's desired topic. `document` is a Desired as JSON text, `signature` its Ed25519, base64.

    `key` names the public key that it can be proven with.
    """

    document: str
    key: str
    signature: str

    @property
    def signed(self) -> bytes:
        """The bytes that the signature is of."""
        return _PURPOSE + self.document.encode()

    @property
    def signature_bytes(self) -> bytes:
        """Raises DesiredRefused."""
        try:
            return base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _unreadable("its signature is no base64") from error


class Refusal(msgspec.Struct, frozen=True):
    """A document that a box does not run, and why. `is_returned`: it was tried.

    `counter` is what the document said of itself, unproven; 0 when it could not be read.
    """

    counter: Sequence
    errors: tuple[Mistake, ...]
    is_returned: bool = False


class Reported(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.reported/1"):
    """Retained on the box's reported topic: what it runs, and what it refused since.

    `counter` is 0 while a box runs the file it was installed with. `seen` is the highest of a document that it has
    proven, whatever became of that one. `modes` are those that the cloud may choose, `mode` the one it has chosen,
    until `mode_ends_ns`. `renewal`: the box asks for a new certificate.
    """

    box: str
    time_ns: Moment
    counter: Sequence
    config_version: Word
    is_trial: bool = False
    seen: Sequence = 0
    refusal: Refusal | None = None
    modes: Annotated[tuple[Word, ...], msgspec.Meta(max_length=MODES_MAX)] = ()
    mode: Word = ""
    mode_ends_ns: Moment = 0
    renewal: Renewal | None = None


def version_of(files: Files, lease: Lease | None = None, modes: Many[Allowed] = ()) -> str:
    """A hash of names and texts: two configurations that say the same have the same."""
    said = msgspec.json.encode([*sorted(files.items()), *([modes] if modes else []), *([lease] if lease else [])])
    return hashlib.sha256(said).hexdigest()[:12]


def encode(document: Desired | Sealed | Reported) -> bytes:
    """As JSON with its `schema`."""
    return msgspec.json.encode(document)


def signed_form(document: Desired) -> Sealed:
    """Without key and signature."""
    return Sealed(encode(document).decode(), "", "")


def sealed(form: Sealed, key: str, signature: bytes) -> Sealed:
    """A form that was signed. Raises DesiredRefused when no box would take it for its size."""
    found = msgspec.structs.replace(form, key=key, signature=base64.b64encode(signature).decode())
    require_size(encode(found))
    return found


def unseal(payload: bytes) -> Sealed:
    """Nothing in it is proven yet. Raises DesiredRefused."""
    require_size(payload)
    try:
        return msgspec.json.decode(payload, type=Sealed)
    except UNDECODABLE as error:
        raise _unreadable(in_short(error)) from error


def document_of(proven: Sealed) -> Desired:
    """What was signed. Raises DesiredRefused."""
    try:
        document = msgspec.json.decode(proven.document, type=Desired)
    except UNDECODABLE as error:
        raise _unreadable(in_short(error)) from error
    for name in document.files:
        if not _NAME.fullmatch(name):
            raise DesiredRefused(f"{name[:80]!r} is no file of a configuration.", fix=_FIX, code="E-FLEET-007")
    if SENSORS not in document.files:
        raise DesiredRefused("there is no sensors.yaml in it.", fix=_FIX, code="E-FLEET-007")
    return document


def decode_reported(payload: bytes) -> Reported:
    """Raises WireError."""
    try:
        return msgspec.json.decode(payload, type=Reported)
    except UNDECODABLE as error:
        raise WireError(f"this is no report: {in_short(error)}", fix="see docs/wire.md", code="E-WIRE-001") from error


def claimed_counter(payload: bytes) -> int:
    """What a document says of itself, whoever wrote it; 0 when it cannot be read."""
    try:
        return document_of(unseal(payload)).counter
    except DesiredRefused:
        return 0


def require_size(payload: bytes) -> None:
    """Raises DesiredRefused for what no message can carry."""
    if len(payload) > PAYLOAD_MAX:
        what = f"this configuration has {len(payload)} bytes, and a message at most {PAYLOAD_MAX}."
        raise DesiredRefused(what, fix="spread the sensors over more boxes.", code="E-FLEET-002")


def _unreadable(why: str) -> DesiredRefused:
    return DesiredRefused(f"this is no configuration: {why}.", fix=_FIX, code="E-FLEET-001")
