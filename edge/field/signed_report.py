"""The signed record in a commissioning's folder. The report is drawn from it alone; the photo's hash is in it."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.field.record import Record, encoded
from wire.bounded import UNDECODABLE
from wire.errors import ConfigError, Mistake
from wire.signed_report import SignedReport, changed, signed
from wire.signed_report import prove as prove_signed
from wire.signing import Keys, Signer
from wire.whole_file import write_whole

NAME = "report.json"


class Proven(NamedTuple):
    """A record whose signature is right. `is_trusted`: by a key that was named, not only by the one it names itself."""

    record: Record
    key: str
    is_trusted: bool


def seal(folder: Path, record: Record, signer: Signer) -> Path:
    """Signs it; the file. Raises OSError."""
    report = signed(encoded(record).decode(), signer)
    path = folder / NAME
    write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n", 0o644)
    return path


def prove(path: Path, trusted: Keys | None) -> Proven:
    """Raises CheckFailed where a word or the photo was changed, or the key is none of these, and ConfigError."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=SignedReport)
        record = msgspec.json.decode(report.document, type=Record)
        prove_signed(report, trusted, where=str(path))
    except (*UNDECODABLE, OSError, ValueError) as error:
        what = f"this is no signed report: {error}."
        raise ConfigError([Mistake(str(path), what, "`egret site report` makes one.", "E-FIELD-040")]) from error
    _prove_photo(path, record)
    return Proven(record, report.key, trusted is not None)


def _prove_photo(path: Path, record: Record) -> None:
    if record.photo is None:
        return
    photo = path.parent / record.photo.file
    if not photo.exists() or hashlib.sha256(photo.read_bytes()).hexdigest() != record.photo.sha256:
        raise changed(f"the photo {photo.name} is another one, or gone", str(path))
