"""Clients that never come to the point are let go; those that do may wait for their answer."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from litestar import Litestar, Request, get, post
from litestar.response import Stream

from cloud.api import patience, server
from cloud.api.server import serving

HEAD = b"POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"


@get("/late")
async def late() -> str:
    """Answers after 1 s."""
    await asyncio.sleep(1.0)
    return "well"


@post("/told", status_code=200)
async def told(request: Request) -> str:  # type: ignore[type-arg]
    """What was sent."""
    return (await request.body()).decode()


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """Host and port of a server that waits 0.4 s for a head and 0.4 s for a body."""
    monkeypatch.setattr(patience, "HEAD_S", 0.4)
    monkeypatch.setattr(patience, "BODY_S", 0.4)
    app = Litestar([late, told], openapi_config=None, logging_config=None)
    async with serving(app) as url:
        yield "127.0.0.1", urlsplit(url).port or 0


async def test_who_reads_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of 8 MB of which a client takes nothing for a second; it would else be held as long as it likes."""
    monkeypatch.setattr(server, "UNREAD_S", 1.0)
    over = asyncio.Event()

    @get("/large")
    async def large() -> Stream:
        async def parts() -> AsyncIterator[bytes]:
            try:
                for _ in range(128):
                    yield bytes(65_536)
            finally:
                over.set()

        return Stream(parts())

    async with serving(Litestar([large], openapi_config=None, logging_config=None)) as url:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect(("127.0.0.1", urlsplit(url).port or 0))
            client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            began = asyncio.get_running_loop().time()
            async with asyncio.timeout(15):
                await over.wait()
            assert asyncio.get_running_loop().time() - began >= 0.9, "8 MB went somewhere at once"


async def answer(place: tuple[str, int], *parts: bytes, pause_s: float = 0.0) -> bytes:
    """All that the server says to these bytes until it closes, at most 10 s."""
    reader, writer = await asyncio.open_connection(*place)
    try:
        async with asyncio.timeout(10):
            for part in parts:
                writer.write(part)
                await asyncio.sleep(pause_s)
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n", HEAD + b"\r\nab"])
async def test_who_stops_in_the_middle_is_let_go(place: tuple[str, int], said: bytes) -> None:
    """Nothing at all, half a line, half a head, half a body: after 0.4 s each the connection is closed."""
    assert await answer(place, said) == b""


async def test_a_byte_now_and_then_is_not_enough(place: tuple[str, int]) -> None:
    """One byte every 0.1 s does not begin the time anew: it is over while there are bytes for 4 s to come."""
    reader, writer = await asyncio.open_connection(*place)

    async def drip() -> None:
        for one in HEAD[:40]:
            writer.write(bytes([one]))
            await asyncio.sleep(0.1)

    dripping = asyncio.create_task(drip())
    with suppress(ConnectionError):
        assert await reader.read() == b""
    assert not dripping.done()
    dripping.cancel()
    writer.close()


async def test_an_answer_may_take_its_time(place: tuple[str, int]) -> None:
    """The request is whole, so nobody hurries the answer: 1 s here, hours for a stream."""
    said = await answer(place, b"GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert said.endswith(b"well")


async def test_the_next_request_of_a_connection_has_its_own_time(place: tuple[str, int]) -> None:
    """Two requests 0.3 s apart, then half a third: two answers, and the end."""
    whole = HEAD + b"\r\nabcd"
    said = await answer(place, whole, whole, b"GET / HT", pause_s=0.3)
    assert said.count(b"abcd") == 2
