"""A record that is signed: who changes a word of it afterwards is found out. The report is drawn from it alone.

What is signed is the record's text, byte for byte, behind `_PURPOSE`; the photo's hash is in it.
"""

import base64
import binascii
import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.field.record import Record, encoded
from wire.bounded import UNDECODABLE
from wire.errors import CheckFailed, ConfigError, DesiredRefused, Mistake
from wire.signing import Keys, Signer, public_key
from wire.whole_file import write_whole

NAME = "report.json"
_PURPOSE = b"egret.report/1\n"


class SignedReport(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.report/1"):
    """`document` is a Record as JSON text, `signature` its Ed25519 in base64, `public` the key in hexadecimal."""

    key: str
    public: str
    signature: str
    document: str


class Proven(NamedTuple):
    """A record whose signature is right. `is_trusted`: by a key that was named, not only by the one it names itself."""

    record: Record
    key: str
    is_trusted: bool


def seal(folder: Path, record: Record, signer: Signer) -> Path:
    """Signs it; the file. Raises OSError."""
    document = encoded(record).decode()
    signature = base64.b64encode(signer.sign(_PURPOSE + document.encode())).decode()
    report = SignedReport(signer.key, signer.public_hex, signature, document)
    path = folder / NAME
    write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n", 0o644)
    return path


def prove(path: Path, trusted: Keys | None) -> Proven:
    """Raises CheckFailed where a word or the photo was changed, or the key is none of these, and ConfigError."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=SignedReport)
        own = public_key(report.public)
        signature = base64.b64decode(report.signature, validate=True)
        record = msgspec.json.decode(report.document, type=Record)
    except (*UNDECODABLE, OSError, ValueError, binascii.Error) as error:
        what = f"this is no signed report: {error}."
        raise ConfigError([Mistake(str(path), what, "`egret site report` makes one.", "E-FIELD-040")]) from error
    data = _PURPOSE + report.document.encode()
    try:
        own.prove(report.key, signature, data)
    except DesiredRefused:
        raise _changed(path, "its signature is not of this text") from None
    if trusted:
        try:
            trusted.prove(report.key, signature, data)
        except DesiredRefused:
            fix = "ask whose key it is, and name its public half with --trust."
            what = f"it is signed with the key {report.key}, which is none of those that are trusted."
            raise CheckFailed(what, where=str(path), fix=fix, code="E-FIELD-042") from None
    _prove_photo(path, record)
    return Proven(record, report.key, trusted is not None)


def _prove_photo(path: Path, record: Record) -> None:
    if record.photo is None:
        return
    photo = path.parent / record.photo.file
    if not photo.exists() or hashlib.sha256(photo.read_bytes()).hexdigest() != record.photo.sha256:
        raise _changed(path, f"the photo {photo.name} is another one, or gone")


def _changed(path: Path, why: str) -> CheckFailed:
    return CheckFailed(
        f"it was changed after it was signed: {why}.",
        where=str(path),
        fix="take the copy of whoever signed it, or sign the record anew: `egret site report --sign`.",
        code="E-FIELD-041",
    )
