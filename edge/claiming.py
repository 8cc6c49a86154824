"""A new box claims its certificate: it makes its key, asks under the code, and believes who can prove it.

The key never leaves the box. Whatever a power cut leaves behind, the same command goes on with the same request, which
is the only one that the code is good for.
"""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wire import broker, certificate, certificate_request
from wire.certificate_request import public_sha256
from wire.claim import Claim, ClaimAnswer, Code, EnrolmentError, Welcome, said_by_box, said_by_maintainer
from wire.errors import ConfigError, EgretError, Unreachable, Unsafe
from wire.whole_file import write_whole

POLL_S = 2.0
_ANSWER_S = 30.0
_ANSWER_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class Claiming:
    """Of the box called `box`, at the cloud whose API is `url`; the files come to lie in `folder`."""

    box: str
    url: str
    folder: Path
    now: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep

    def claim(self, code: Code, within_s: float) -> Welcome:
        """Ask until there is a welcome; then all files are there. Raises EgretError."""
        key, request = self._asked()
        until_ns = self.now() + round(within_s * 1e9)
        proof = code.proof(*said_by_box(self.box, request))
        while True:
            answer = self._ask(Claim(code.door, self.box, self.now(), request, proof))
            if answer.state == "welcome":
                return self._take(code, key, request, answer)
            if self.now() > until_ns:
                what = f"the maintainer's command has not answered for {within_s:g} s."
                fix = "see that `egret fleet enroll` still runs there; then claim again with the same code."
                raise Unreachable(what, where=self.url, fix=fix, code="E-ENROL-014")
            self.sleep(POLL_S)

    def run_words(self, welcome: Welcome) -> list[str]:
        """The agent's command line, with these files."""
        files = {"--ca": "ca.pem", "--cert": f"{self.box}.pem", "--key": f"{self.box}.key"}
        words = ["egret", "edge", "run", "--box", self.box, "--broker", welcome.broker]
        for option, name in files.items():
            words += [option, str(self.file(name))]
        for path in self.trust_files(welcome):
            words += ["--trust", str(path)]
        return words

    def file(self, name: str) -> Path:
        """One of the files."""
        return self.folder / name

    def trust_files(self, welcome: Welcome) -> list[Path]:
        """One for each key."""
        return [self.file(f"fleet-{at}.pub" if at else "fleet.pub") for at in range(len(welcome.trust))]

    def _asked(self) -> tuple[bytes, str]:
        """The key and the request; those of a claim that was interrupted, or new ones."""
        key, request = self.file(f"{self.box}.key.new"), self.file(f"{self.box}.csr")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (key.exists() and request.exists()):
                made = certificate_request.new_key()
                write_whole(key, made, 0o600)
                write_whole(request, certificate_request.request_of(made, self.box).encode(), 0o644)
            return key.read_bytes(), request.read_text(encoding="ascii")
        except OSError as error:
            raise _disk(error) from error

    def _ask(self, claim: Claim) -> ClaimAnswer:
        """Raises Unreachable, and EnrolmentError with the cloud's own words."""
        headers = {"content-type": "application/json"}
        asking = urllib.request.Request(f"{self.url.rstrip('/')}/claims", msgspec.json.encode(claim), headers)  # noqa: S310
        try:
            with _straight().open(asking, timeout=_ANSWER_S) as answer:
                return msgspec.json.decode(answer.read(_ANSWER_MAX), type=ClaimAnswer)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _refused(self, error: urllib.error.HTTPError) -> EgretError:
        try:
            said = json.loads(error.read(_ANSWER_MAX))
            words = [str(said[name])[:500] for name in ("what", "where", "fix", "code")]
        except (OSError, ValueError, KeyError, TypeError):
            what = f"the cloud answered {error.code}."
            return Unreachable(what, where=self.url, fix="see that --url ends with /api/v1.", code="E-ENROL-014")
        what, where, fix, code = words
        return EnrolmentError(what, where=where, fix=fix, code=code)

    def _unreachable(self, error: Exception) -> Unreachable:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        fix = "see --url (https://HOST/api/v1) and the network."
        if isinstance(reason, ssl.SSLCertVerificationError):
            fix = "see this box's clock; an authority of the city's own is named in SSL_CERT_FILE."
        return Unreachable(f"the cloud does not answer: {reason}.", where=self.url, fix=fix, code="E-ENROL-014")

    def _take(self, code: Code, key: bytes, request: str, answer: ClaimAnswer) -> Welcome:
        """Prove what came, and put it in place; the certificate last. Raises Unsafe."""
        where = f"box {self.box}"
        if not code.is_proven(answer.proof, *said_by_maintainer(request, answer.welcome)):
            what = "the answer was not made by whoever gave out the code."
            fix = "somebody stands between: find out who, and ask for another code."
            raise Unsafe(what, where=where, fix=fix, code="E-ENROL-008")
        try:
            welcome = msgspec.json.decode(answer.welcome, type=Welcome)
            got = certificate.of_pem(welcome.certificate)
            is_ours = (welcome.box, got.name, got.key_sha256) == (self.box, self.box, public_sha256(key))
            broker.parse(welcome.broker)
        except (msgspec.MsgspecError, ValueError, ConfigError) as error:
            fix = "the maintainer's egret is of another version."
            raise EnrolmentError(
                f"the answer cannot be read: {error}.", where=where, fix=fix, code="E-ENROL-015"
            ) from error
        if not is_ours:
            what = "the certificate is another box's, or of another key."
            raise Unsafe(what, where=where, fix="ask for another code.", code="E-ENROL-008")
        try:
            self._put(welcome)
        except OSError as error:
            raise _disk(error) from error
        return welcome

    def _put(self, welcome: Welcome) -> None:
        """The key last: until it is in its place, the same claim begins again with it."""
        write_whole(self.file("ca.pem"), welcome.authority.encode(), 0o644)
        for path, key in zip(self.trust_files(welcome), welcome.trust, strict=True):
            write_whole(path, key.encode(), 0o644)
        write_whole(self.file(f"{self.box}.pem"), welcome.certificate.encode(), 0o644)
        self.file(f"{self.box}.key.new").replace(self.file(f"{self.box}.key"))
        self.file(f"{self.box}.csr").unlink(missing_ok=True)


def _straight() -> urllib.request.OpenerDirector:
    """Through no proxy of the environment, as all that we ask over HTTP."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _disk(error: OSError) -> EnrolmentError:
    fix = "run it as a user who may write there, or see --out."
    what = f"the files cannot be written: {error.strerror}."
    return EnrolmentError(what, where=str(error.filename or ""), fix=fix, code="E-ENROL-016")
