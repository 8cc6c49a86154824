"""Certificates that were issued, as far as a broker must know them: whose name, and which key."""

from pathlib import Path

from wire.certificate import Certificate, find
from wire.located import Mistakes


def read_all(folder: Path, mistakes: Mistakes) -> tuple[Certificate, ...]:
    """Of the folder's .pem files that are certificates, by the names of the files."""
    found: list[Certificate] = []
    for path in sorted(folder.glob("*.pem")):
        try:
            found += find(path)
        except (OSError, ValueError) as error:
            fix = "make it again as docs/operate/broker.md says, or take it out of the folder."
            mistakes.add(str(path), f"this certificate cannot be read: {error}.", fix, "E-BROKER-013")
    if not found and not len(mistakes):
        what = "there is no certificate, so nobody could come in."
        mistakes.add(str(folder), what, "name the folder with the boxes' certificates.", "E-BROKER-014")
    return tuple(found)
