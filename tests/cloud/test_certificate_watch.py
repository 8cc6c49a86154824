"""Certificates in time: people hear of an end before it comes, of each once a day, of what cannot be read at once."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import servers
from city_authority import CityAuthority

from cloud.certificate_watch import CertificateWatch, said
from wire.broker import Broker

DAY_NS = 86_400 * 10**9
NOW_NS = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * 10**9
BOXES = ("XM-SM-01", "XM-TA-01", "XM-TA-02")


async def test_what_ends_soon_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The broker's in 20 days, one box's 3 days ago, one renewed, one damaged: three are due, and said daily."""
    authority = CityAuthority(tmp_path)
    authority.issue("egret-cloud", ends="20280101000000Z")
    authority.issue("broker-1", names="DNS:localhost", ends="20261210000000Z")
    authority.issue("XM-SM-01", ends="20261117000000Z")
    authority.issue("XM-TA-01", ends="20261121000000Z")
    (authority.folder / "XM-TA-01.pem").rename(authority.folder / "old.pem")
    authority.issue("XM-TA-01", ends="20280101000000Z")
    (authority.folder / "XM-TA-02.pem").write_text(f"{ssl.PEM_HEADER}\nAAAA\n{ssl.PEM_FOOTER}\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / "broker-1.pem", authority.folder / "broker-1.key")
    port, now_ns = servers.free_port(), [NOW_NS]
    way = authority.way(Broker("localhost", port, is_tls=True), "egret-cloud")
    watch = CertificateWatch(way, authority.folder, BOXES, lambda: now_ns[0])
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port, ssl=context)
    with caplog.at_level(logging.WARNING):
        async with server:
            await watch.look()
            await watch.look()
        assert len(caplog.records) == 3
        now_ns[0] += DAY_NS
        await watch.look()
        assert len(caplog.records) == 6
    words = [said(end, NOW_NS).split(": ", 1) for end in watch.due()]
    assert words[0][1].startswith("this certificate cannot be read")
    assert words[1:] == [
        ["box XM-SM-01", "its certificate has ended"],
        ["broker localhost", "its certificate ends in 20 days"],
    ]


async def test_without_certificates_there_is_nothing_to_watch() -> None:
    """A demonstration's broker on this machine."""
    watch = CertificateWatch(Broker("127.0.0.1", 1883), None, (), lambda: NOW_NS)
    await watch.look()
    assert not watch.all()
