"""From a record to what is handed over: signed, proven, drawn, and the photo that goes with it."""

from datetime import UTC, datetime
from pathlib import Path

from edge.field import label, signed_report
from edge.field.extra import not_installed
from edge.field.record import Cabinet, Photo, Record, encoded
from edge.field.report_page import Page
from edge.field.signed_report import Proven
from edge.field.words import Words
from wire.errors import ConfigError, Mistake, Unsafe
from wire.picture import inspect
from wire.signing import Keys, load_or_make_signer
from wire.whole_file import write_whole

PHOTO_SIDE_MAX = 1600
"""Pixels: an A4 page shows no more, and a report stays below a megabyte."""
PHOTO, PAGE, LABEL = "photo.jpg", "report.html", "label.svg"
OWN_KEY = Path("~/.config/egret/field-key.pem")


def record_of(folder: Path) -> Record:
    """Of a commissioning that was begun. Raises Unsafe where there is none, and ConfigError."""
    record = Cabinet(folder).load("", "")
    if not record.begun:
        raise Unsafe(
            "no commissioning is kept here.",
            where=str(folder),
            fix="`egret site commission` begins one; name its folder.",
            code="E-FIELD-023",
        )
    return record


def take_photo(folder: Path, path: Path) -> Photo:
    """Cleaned, bounded and kept beside the record. Raises PhotoRefused, and ConfigError where there is no such file."""
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        what = f"the photo cannot be read: {error.strerror}."
        raise ConfigError([Mistake(str(path), what, "name a JPEG, PNG or WebP file.", "E-FIELD-046")]) from error
    try:
        found, kept = inspect(data, PHOTO_SIDE_MAX)
    except ImportError as error:
        raise not_installed(error) from error
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / PHOTO, kept, 0o644)
    at = (found.latitude, found.longitude) if found.latitude is not None and found.longitude is not None else None
    taken = datetime.fromtimestamp(found.taken_ns // 10**9, UTC).isoformat() if found.taken_ns else ""
    return Photo(PHOTO, found.hash, found.width, found.height, at, taken)


def sign(folder: Path, record: Record, key: Path) -> Path:
    """The signed record; a key that is not there yet is made. Raises Unsafe for a key that others can read, OSError."""
    return signed_report.seal(folder, record, load_or_make_signer(key.expanduser()))


def draw(folder: Path, words: Words, trusted: Keys | None) -> tuple[Proven, Path]:
    """The page and the label, from what is signed and was not changed since. Raises CheckFailed, ConfigError."""
    proven = signed_report.prove(folder / signed_report.NAME, trusted)
    photo = proven.record.photo
    page = Page(proven, words, (folder / photo.file).read_bytes() if photo else b"")
    write_whole(folder / PAGE, page.html().encode(), 0o644)
    write_whole(folder / LABEL, label.svg_label(proven.record.plan).encode(), 0o644)
    return proven, folder / PAGE


def is_stale(folder: Path, proven: Proven) -> bool:
    """Has the record changed since it was signed?"""
    record = Cabinet(folder).load("", "")
    return bool(record.begun) and encoded(record) != encoded(proven.record)
