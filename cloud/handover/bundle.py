"""The zip of `egret site export` as it comes from anywhere: bounded, its signature and photo proven, the rest left."""

import hashlib
import io
import zipfile
import zlib
from typing import Annotated

import msgspec
from msgspec import Meta

from wire.bounded import UNDECODABLE, Sentence, Word
from wire.errors import EgretError
from wire.picture import UPLOAD_MAX
from wire.signed_report import SignedReport, changed, prove

BUNDLE_MAX = 20 * 1000 * 1000
"""Bytes of a bundle: a photo as large as one may be, and what is drawn from it."""
REPORT, REPORT_MAX = "report.json", 2 * 1000 * 1000
"""Its name in the bundle, and bytes of it: fifty times one with all curves."""
_FILES_MAX = 50
_DAMAGES = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError)
"""What `zipfile` raises on bytes that are no good zip; of a password or a method it does not know RuntimeError."""
_FIX = "`egret site export` makes one; send it as it is."


class BadBundle(EgretError):
    """What came is no bundle of a commissioning."""


class Plan(msgspec.Struct, frozen=True):
    """Of the signed record: where it was, and who did it."""

    site: Word
    key: Word
    person: Sentence = ""


class Found(msgspec.Struct, frozen=True):
    """Of the signed record: the device that answered."""

    title: Sentence = ""
    proof: Word = ""


class Check(msgspec.Struct, frozen=True):
    """Of the signed record: one check of the self-test."""

    name: Word
    outcome: Word


class SelfTest(msgspec.Struct, frozen=True):
    """Of the signed record."""

    checks: tuple[Check, ...] = ()


class Photo(msgspec.Struct, frozen=True):
    """Of the signed record: its file in the bundle."""

    file: Annotated[str, Meta(pattern=r"^\w[\w.-]{0,63}$")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Commissioning(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.commissioning/1"):
    """The signed record, as far as the city asks; `begun` is as the laptop's clock said (ISO 8601)."""

    begun: Annotated[str, Meta(max_length=40)]
    plan: Plan
    found: Found | None = None
    selftest: SelfTest | None = None
    photo: Photo | None = None

    @property
    def sensor(self) -> str:
        """Its id."""
        return f"{self.plan.site}-{self.plan.key}"

    @property
    def outcome(self) -> str:
        """Of the self-test; skipped where there was none."""
        outcomes = {check.outcome for check in self.selftest.checks} if self.selftest else {"skipped"}
        return next((word for word in ("failed", "passed") if word in outcomes), "skipped")


class Bundle(msgspec.Struct, frozen=True):
    """`text` is report.json as it came; `photo` the picture's bytes as they were signed, or empty."""

    text: bytes
    key: str
    record: Commissioning
    photo: bytes


def opened(data: bytes) -> Bundle:
    """Writes nothing. Raises BadBundle, and CheckFailed where something was changed after it was signed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return _read(packed)
    except _DAMAGES as error:
        raise BadBundle(f"this is no bundle of a commissioning: {error}.", fix=_FIX, code="E-HANDOVER-001") from error


def record_of(text: str) -> Commissioning:
    """Of report.json as it is kept. Raises what UNDECODABLE names."""
    return msgspec.json.decode(msgspec.json.decode(text, type=SignedReport).document, type=Commissioning)


def _read(packed: zipfile.ZipFile) -> Bundle:
    names = packed.namelist()
    reports = [name for name in names if name.rpartition("/")[2] == REPORT]
    if len(reports) != 1 or len(names) > _FILES_MAX:
        raise BadBundle("it holds no report, or several.", fix=_FIX, code="E-HANDOVER-001")
    text = _bounded(packed, reports[0], REPORT_MAX)
    try:
        report = msgspec.json.decode(text, type=SignedReport)
        record = msgspec.json.decode(report.document, type=Commissioning)
        prove(report, None, where=reports[0])
    except (*UNDECODABLE, ValueError) as error:
        what = f"its report cannot be read: {error}."
        raise BadBundle(what, where=reports[0], fix=_FIX, code="E-HANDOVER-002") from error
    return Bundle(text, report.key, record, _photo(packed, reports[0].removesuffix(REPORT), record.photo))


def _photo(packed: zipfile.ZipFile, folder: str, photo: Photo | None) -> bytes:
    if photo is None:
        return b""
    name = f"{folder}{photo.file}"
    data = _bounded(packed, name, UPLOAD_MAX) if name in packed.namelist() else b""
    if hashlib.sha256(data).hexdigest() != photo.sha256:
        raise changed(f"the photo {photo.file} is another one, or gone", name)
    return data


def _bounded(packed: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Never more than `most` bytes are unpacked, whatever the zip says of itself."""
    with packed.open(name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise BadBundle(f"{name} has more than {most} bytes.", fix=_FIX, code="E-HANDOVER-003")
    return data
