"""The city's authority, as docs/operate/broker.md makes it: a folder for openssl, on a machine that no box can reach.

What is signed is signed by `openssl ca`, as by hand: one list of what was issued (`index.txt`), one way to take it
back. The pass phrase goes to it in the environment, which no list of processes shows.
"""

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from wire import certificate
from wire.certificate import Certificate
from wire.certificate_request import require_plain
from wire.claim import EnrolmentError
from wire.errors import ConfigError, Mistake
from wire.topics import IDENTIFIER

_SIGNING_S = 60.0
_OWN = {"ca", "revoked"}
"""Whose certificate would lie over a file of the authority's own."""
_NEEDED = ("ca.cnf", "ca.pem", "ca.key", "index.txt")


class Authority:
    """Of a folder; `passphrase` opens its key."""

    def __init__(self, folder: Path, passphrase: str) -> None:
        """Raises ConfigError when there is no authority."""
        missing = [name for name in _NEEDED if not (folder / name).is_file()]
        if missing:
            what = f"this is no authority: it has no {', '.join(missing)}."
            fix = "name its folder with --authority; docs/operate/broker.md says how one is made."
            raise ConfigError([Mistake(str(folder), what, fix, "E-ENROL-011")])
        self._folder, self._passphrase = folder, passphrase

    @property
    def pem(self) -> str:
        """Its own certificate: whom boxes trust."""
        return (self._folder / "ca.pem").read_text(encoding="ascii")

    def sign(self, request: str, box: str) -> str:
        """A certificate of the key in a request, as PEM, for a box and no other use. Raises EnrolmentError."""
        if box in _OWN or not IDENTIFIER.fullmatch(box):
            what = f"{box[:64]!r} is no name for a box: its certificate would lie over a file that is there."
            raise EnrolmentError(what, where=str(self._folder), fix="give the box another id.", code="E-ENROL-019")
        key_sha256 = require_plain(request, box)
        with tempfile.TemporaryDirectory() as passing:
            wanted, signed = Path(passing) / "csr", Path(passing) / "pem"
            wanted.write_text(request, encoding="ascii")
            self._openssl(box, "-in", str(wanted), "-out", str(signed))
            found = signed.read_text(encoding="ascii")
        made = _read(found, box)
        if (made.name, made.key_sha256) != (box, key_sha256):
            what = "openssl has signed another name or key than it was told to: revoke what it has issued."
            raise EnrolmentError(what, where=str(self._folder), fix="see its ca.cnf.", code="E-ENROL-012")
        (self._folder / f"{box}.pem").write_text(found, encoding="ascii")
        return found

    def require_current(self, text: str, box: str, now_ns: int) -> None:
        """Raises EnrolmentError for a certificate that is not this box's, was revoked, or has ended."""
        shown = _read(text, box)
        why = f"it is {shown.name[:64]!r}'s" if shown.name != box else ""
        if shown.ends_ns <= now_ns:
            why = f"it ended on {datetime.fromtimestamp(shown.ends_ns // 10**9, UTC):%Y-%m-%d}"
        try:
            standing = self._standing(certificate.issued_by(text, self.pem))
        except ValueError as error:
            why = str(error)
        else:
            if standing != "V":
                why = why or ("it was revoked" if standing == "R" else "it is in no list of this authority's")
        if why:
            fix = "give the box a new code: `egret fleet enroll BOX`."
            raise EnrolmentError(
                f"its certificate renews nothing: {why}.", where=f"box {box}", fix=fix, code="E-ENROL-013"
            )

    def _standing(self, serial: int) -> str:
        """V, R or E of openssl's list; empty for what is not in it. Its fourth column is the serial, in hex."""
        for line in (self._folder / "index.txt").read_text(encoding="utf-8").splitlines():
            status, _, _, number, *_ = line.split("\t")
            if int(number, 16) == serial:
                return status
        return ""

    def _openssl(self, box: str, *files: str) -> None:
        """Raises EnrolmentError with its own words."""
        words = ["openssl", "ca", "-config", "ca.cnf", "-passin", "env:CA_PASS", "-batch", "-notext"]
        words += ["-extensions", "client", "-subj", f"/CN={box}", *files]
        secrets = {"CA_PASS": self._passphrase, "NAMES": "DNS:unused"}
        try:
            done = subprocess.run(  # noqa: S603 - our own words, and a box's id
                words,
                cwd=self._folder,
                env={**os.environ, **secrets},
                capture_output=True,
                text=True,
                timeout=_SIGNING_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unsigned(self._folder, str(error)) from error
        if done.returncode:
            raise _unsigned(self._folder, " / ".join(done.stderr.split("\n"))[-300:])


def _read(text: str, box: str) -> Certificate:
    try:
        return certificate.of_pem(text)
    except ValueError as error:
        what = f"this is no certificate: {error}."
        raise EnrolmentError(what, where=f"box {box}", fix="see the authority's ca.cnf.", code="E-ENROL-012") from error


def _unsigned(folder: Path, why: str) -> EnrolmentError:
    fix = "see the pass phrase (CA_PASS), and try `openssl ca` as docs/operate/broker.md says."
    return EnrolmentError(f"openssl has signed nothing: {why}", where=str(folder), fix=fix, code="E-ENROL-012")
