"""TLS of our own, and an address that others reach."""

import asyncio
import socket
from pathlib import Path

import httpx
import pytest
from litestar import Litestar, get
from tls_authority import Authority

from cloud.api import server
from cloud.api.server import serving
from wire.errors import EgretError


@get("/health")
async def health() -> str:
    """Something to ask for."""
    return "well"


def app() -> Litestar:
    """With one route."""
    return Litestar([health], openapi_config=None, logging_config=None)


async def test_https_with_our_own_certificate(tmp_path: Path) -> None:
    """A client that trusts the authority reads over TLS what is said of nobody's server program."""
    folder = tmp_path / "tls"
    folder.mkdir()
    authority = Authority(folder)
    authority.server("IP:127.0.0.1")
    files = {"certificate": str(folder / "own.pem"), "key": str(folder / "own.key")}
    async with serving(app(), **files) as url:
        assert url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(base_url=url, verify=authority.client()) as client:
            answer = await client.get("health")
            assert answer.status_code == 200
            assert "server" not in answer.headers


@pytest.mark.parametrize("what", ["missing", "no certificate", "another's key"])
async def test_certificate_that_cannot_be_used(tmp_path: Path, what: str) -> None:
    """One message before anything is opened."""
    folder = tmp_path / "tls"
    folder.mkdir()
    Authority(folder).server("IP:127.0.0.1")
    certificate, key = folder / "own.pem", folder / "own.key"
    if what == "missing":
        certificate = folder / "none.pem"
    elif what == "no certificate":
        certificate.write_text("hello")
    else:
        key = folder / "ca.key"
    with pytest.raises(EgretError, match=r"own\.key|ca\.key") as caught:
        await serving(app(), certificate=str(certificate), key=str(key)).__aenter__()
    assert caught.value.code == "E-API-019"


async def test_behind_a_proxy_it_may_listen_to_others() -> None:
    """The proxy is on another machine; what comes to this port without it is the firewall's matter."""
    async with serving(app(), host="0.0.0.0", behind_proxy=True) as url:
        port = int(url.rstrip("/").rpartition(":")[2])
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200


@pytest.mark.parametrize(("host", "asked"), [("::1", "[::1]"), ("::", "[::1]"), ("::", "127.0.0.1")])
async def test_ipv6_is_listened_to(host: str, asked: str) -> None:
    """This machine's own address, and every address of it: that of IPv4, too."""
    async with serving(app(), host=host, behind_proxy=True) as url:
        assert url.startswith(f"http://[{host}]:")
        port = url.rstrip("/").rpartition(":")[2]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://{asked}:{port}/health")).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        b"no request at all\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_request_fills_no_log(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Strangers could fill the disk with a line for each."""
    async with serving(app()) as url:
        caplog.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]))
        writer.write(said)
        assert await reader.read(12) in {b"HTTP/1.1 400", b"HTTP/1.1 200"}
        writer.close()
        assert not caplog.records


def test_small_answers_are_sent_at_once() -> None:
    """A connection has TCP_NODELAY: without it each waited 40 ms for the client's delayed acknowledgement."""
    with server._listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
