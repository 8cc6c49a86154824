"""Which certificate a box shows, and how it comes by the next one while it works.

    identity/
      current.pem            key and certificate that the broker has let in; they hold longer than those of the start
      trial.pem              the next ones: shown first, until they have been let in, or refused where the old are not
      next.key  next.json    the key of a renewal that is asked for, and the request

One file holds key and certificate, so that they change together. The files that the box was started with are never
written: where they hold longer, somebody has enrolled the box again.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.ports import Delivery, Now
from wire import certificate, certificate_request, renewal
from wire.blocking import OneAtATime
from wire.broker import Broker
from wire.certificate import WARNED_DAYS, Certificate
from wire.certificate_request import public_sha256
from wire.renewal import Renewal, Renewed
from wire.whole_file import write_whole

_log = logging.getLogger(__name__)
_LOOK_S = 3600.0
_REFUSALS_MOST = 3


class Identity:
    """Of one box. `broker` names the files that it was started with."""

    def __init__(self, box: str, broker: Broker, data: Path, now: Now) -> None:
        """`data` is where the box keeps its spool."""
        self._box, self._broker, self._now = box, broker, now
        folder = data / "identity"
        self._current, self._trial = folder / "current.pem", folder / "trial.pem"
        self._next_key, self._next = folder / "next.key", folder / "next.json"
        self._shows_trial = self._is_doubted = False
        self._refusals = 0
        self._heard: Renewed | None = None
        self._has_heard, self._off_loop = asyncio.Event(), OneAtATime()
        self.renewal: Renewal | None = None
        """What the box asks for, from its first report on: the cloud takes one without it for "no more"."""
        with suppress(OSError):
            self.renewal = self._asked()

    def way(self, node: Broker) -> Broker:
        """To a node, with the files to show this time."""
        self._shows_trial = _is_there(self._trial) and not self._is_doubted
        return _showing(node, self._trial) if self._shows_trial else self.proven_way(node)

    def proven_way(self, node: Broker) -> Broker:
        """To a node, with files that were let in before: for a connection of which `tried` does not hear."""
        kept = self._kept()
        return _showing(node, kept) if kept else node

    def counting(self) -> tuple[Path, Path]:
        """The files of certificate and key that the broker has let in, or those of the start."""
        kept = self._kept()
        return (kept, kept) if kept else (Path(self._broker.certificate), Path(self._broker.key))

    def tried(self, *, was_let_in: bool) -> None:
        """What became of it. A new certificate that is refused where the old one is let in is dropped the third time.

        Once may have been the network. Where the disk refuses, what is shown next is as before.
        """
        try:
            self._judge(was_let_in=was_let_in)
        except (OSError, ValueError) as error:
            _log.warning("which certificate counts cannot be written down: %s [E-ENROL-017]", error)

    def _judge(self, *, was_let_in: bool) -> None:
        """Raises OSError and ValueError."""
        if self._shows_trial:
            self._is_doubted = not was_let_in
            if was_let_in:
                self._trial.replace(self._current)
                self._forget()
                _log.warning("the certificate was renewed: %s", _ends(_read(self._current)))
        elif was_let_in and self._is_doubted:
            self._is_doubted, self._refusals = False, self._refusals + 1
            if self._refusals < _REFUSALS_MOST:
                return
            self._trial.unlink(missing_ok=True)
            self._forget()
            _log.warning("the broker refuses the renewed certificate; the old one stays, and another is asked for")
        else:
            self._is_doubted = False

    async def renew(self, changed: Callable[[], None]) -> None:
        """Ask for a certificate when this one is about to end, and take it; returns when there is another one to show.

        `changed` is called when there is something else to report.
        """
        while True:
            before = self.renewal
            self._has_heard.clear()
            try:
                if await self._off_loop(self.takes):
                    return
                self.renewal = await self._off_loop(self._wanted)
            except (OSError, ValueError) as error:
                _log.warning("no new certificate can be asked for: %s [E-ENROL-017]", error)
            if self.renewal != before:
                changed()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._has_heard.wait()

    def hear(self, delivery: Delivery) -> bool:
        """Is it a certificate? Then `renew` takes it, if it is what was asked for."""
        said = renewal.decode(delivery.payload) if delivery.topic.endswith("/desired") else None
        if said is None:
            return False
        self._heard = said
        self._has_heard.set()
        return True

    def takes(self) -> bool:
        """Is there another one to show, of what was heard? Blocks."""
        said, self._heard = self._heard, None
        if said is None or not _is_there(self._next_key):
            return False  # or it was taken before, and is sent again
        try:
            key = self._next_key.read_bytes()
            self._require_ours(said, key)
            write_whole(self._trial, key + certificate.first_pem(said.certificate).encode(), 0o600)
        except (OSError, ValueError) as error:
            _log.warning("a certificate is refused: %s [E-ENROL-017]", error)
            return False
        self._is_doubted = False
        return True

    def _kept(self) -> Path | None:
        """None for the files that the box was started with."""
        try:
            ends_ns = _read(self._current).ends_ns
        except (OSError, ValueError):
            return None
        with suppress(OSError, ValueError):
            if _read(Path(self._broker.certificate)).ends_ns > ends_ns:
                return None
        return self._current

    def _wanted(self) -> Renewal | None:
        """The request, made when it is time. Raises OSError and ValueError."""
        shown, its_key = self.counting()
        held = certificate.first_pem(shown.read_text(encoding="ascii"))
        days, asked = certificate.of_pem(held).days_left(self._now()), self._asked()
        if asked and asked.certificate == held and days >= 0:
            return asked
        if not 0 <= days < WARNED_DAYS:
            return None
        key = its_key.read_bytes()
        self._next.parent.mkdir(parents=True, exist_ok=True)
        new_key = certificate_request.new_key()
        request = certificate_request.request_of(new_key, self._box)
        asked = renewal.signed(request, held, key)
        self._next.unlink(missing_ok=True)
        write_whole(self._next_key, new_key, 0o600)
        write_whole(self._next, msgspec.json.encode(asked), 0o644)
        _log.warning("the certificate ends in %d days: the box asks for another", days)
        return asked

    def _asked(self) -> Renewal | None:
        """What was asked for last, and has not come; one that is damaged or gone is none. Raises OSError."""
        with suppress(FileNotFoundError, ValueError):
            if self._next_key.exists():
                return msgspec.json.decode(self._next.read_bytes(), type=Renewal)
        return None

    def _require_ours(self, said: Renewed, key: bytes) -> None:
        """Raises ValueError."""
        got = certificate.of_pem(said.certificate)
        if (said.box, got.name, got.key_sha256) != (self._box, self._box, public_sha256(key)):
            raise ValueError("it is another box's, or of another key")
        if got.days_left(self._now()) < 0:
            raise ValueError("it has ended")
        if self._broker.ca:
            certificate.issued_by(said.certificate, Path(self._broker.ca).read_text(encoding="ascii"))

    def _forget(self) -> None:
        self.renewal, self._refusals = None, 0
        self._next_key.unlink(missing_ok=True)
        self._next.unlink(missing_ok=True)


def _is_there(path: Path) -> bool:
    """Not where the disk does not say."""
    with suppress(OSError):
        return path.exists()
    return False


def _showing(node: Broker, file: Path) -> Broker:
    return replace(node, certificate=str(file), key=str(file))


def _read(path: Path) -> Certificate:
    """Raises OSError and ValueError."""
    return certificate.of_pem(path.read_text(encoding="ascii"))


def _ends(shown: Certificate) -> str:
    """Until when it holds."""
    return f"until {datetime.fromtimestamp(shown.ends_ns // 10**9, UTC):%Y-%m-%d}"
