"""When certificates end: the cloud's own, the broker's, and those of the boxes whose copies are in a folder.

People hear of it from 30 days before: once a day in the log, in `egret cloud status`, and as a metric. An ended
certificate is refused by the broker; a box then keeps everything until it has a new one.
"""

import asyncio
import logging
import ssl
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from cloud.ports import Now
from wire.blocking import OneAtATime
from wire.broker import Broker
from wire.certificate import DAY_NS, WARNED_DAYS, find

_log = logging.getLogger(__name__)
_LOOK_S = 3600.0
_ANSWER_S = 20.0


class CertificateEnd(msgspec.Struct, frozen=True):
    """Whose certificate ends when; `trouble` instead of a time where it cannot be read."""

    of: Literal["cloud", "broker", "box"]
    name: str
    ends_ns: int
    trouble: str = ""

    def days_left(self, now_ns: int) -> int:
        """Whole days; below 0 when it has ended."""
        return (self.ends_ns - now_ns) // DAY_NS

    def is_due(self, now_ns: int) -> bool:
        """Should people hear of it?"""
        return bool(self.trouble) or self.days_left(now_ns) < WARNED_DAYS


class CertificateWatch:
    """`issued`: the folder with copies of the boxes' certificates, if there is one; of a name the newest counts."""

    def __init__(self, broker: Broker, issued: Path | None, boxes: Collection[str], now: Now) -> None:
        """Has not looked yet."""
        self._broker, self._issued, self._boxes, self._now = broker, issued, boxes, now
        self._ends: Sequence[CertificateEnd] = ()
        self._said: dict[str, int] = {}
        self._call = OneAtATime()

    def all(self) -> Sequence[CertificateEnd]:
        """As seen last; those that end first come first."""
        return self._ends

    def due(self) -> Sequence[CertificateEnd]:
        """Those that people should hear of."""
        now_ns = self._now()
        return [end for end in self._ends if end.is_due(now_ns)]

    async def run(self) -> None:
        """For ever: look every hour."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Read all; the log says each that is due once a day."""
        found = await self._call(lambda: list(self._of_files()))
        for node in self._broker.nodes() if self._broker.is_tls else ():
            found += await self._of_node(node)
        self._ends = sorted(found, key=lambda end: end.ends_ns)
        now_ns = self._now()
        for end in self.due():
            if now_ns - self._said.get(f"{end.of} {end.name}", -DAY_NS) >= DAY_NS:
                self._said[f"{end.of} {end.name}"] = now_ns
                _log.warning("certificates: %s; see docs/operate/broker.md", said(end, now_ns))

    def _of_files(self) -> Iterator[CertificateEnd]:
        if self._broker.certificate:
            yield from _read(Path(self._broker.certificate), "cloud")
        newest: dict[str, CertificateEnd] = {}
        for path in sorted(self._issued.glob("*.pem")) if self._issued else ():
            for end in _read(path, "box"):
                known = newest.get(end.name)
                if end.trouble or (end.name in self._boxes and (known is None or known.ends_ns < end.ends_ns)):
                    newest[end.name] = end
        yield from newest.values()

    async def _of_node(self, node: Broker) -> list[CertificateEnd]:
        """As seen last when it does not answer, or is not trusted: the lanes say that."""
        try:
            context = ssl.create_default_context(cafile=node.ca or None)
            if node.certificate:
                context.load_cert_chain(node.certificate, node.key)
            async with asyncio.timeout(_ANSWER_S):
                _, writer = await asyncio.open_connection(node.host, node.port, ssl=context)
        except OSError:  # an ssl.SSLError and a TimeoutError are
            return [end for end in self._ends if (end.of, end.name) == ("broker", node.host)]
        shown = writer.get_extra_info("peercert")
        writer.transport.abort()  # a broker waits for the first packet of MQTT, which does not come
        ends_ns = int(ssl.cert_time_to_seconds(shown["notAfter"])) * 10**9
        return [CertificateEnd("broker", node.host, ends_ns)]


def said(end: CertificateEnd, now_ns: int) -> str:
    """In a few words."""
    days = end.days_left(now_ns)
    if end.trouble:
        return f"{end.of} {end.name}: {end.trouble}"
    return f"{end.of} {end.name}: its certificate " + (f"ends in {days} days" if days >= 0 else "has ended")


def _read(path: Path, of: Literal["cloud", "box"]) -> Iterator[CertificateEnd]:
    try:
        for certificate in find(path):
            yield CertificateEnd(of, certificate.name, certificate.ends_ns)
    except (OSError, ValueError) as error:
        yield CertificateEnd(of, str(path), 0, f"this certificate cannot be read: {error}")
