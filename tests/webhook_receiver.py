"""A system that receives webhooks: a real HTTP server that keeps what it got and answers as told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from listening import listening
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMw=="


@dataclass(frozen=True)
class Request:
    """One request as it came over TCP."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Of the notice."""
        return self.headers["webhook-id"]

    def verify(self) -> None:
        """Raises WebhookVerificationError when the signature is not that of `SECRET`, or not of now."""
        Webhook(SECRET).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`requests` in order of arrival; `answers` are used up one a request, then everything is 204.

    An answer is raw bytes, a number (a status), or None for silence.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[bytes | int | None] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, is_so: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait while requests arrive."""
        async with asyncio.timeout(timeout_s):
            while not is_so():
                self.arrived.clear()
                await self.arrived.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            self.requests.append(await read_request(reader))
            answer = self.answers.pop(0) if self.answers else 204
            self.arrived.set()
            if answer is None:
                await reader.read()  # until the other side hangs up
            else:
                writer.write(answer if isinstance(answer, bytes) else answer_of(answer))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


def answer_of(status: int, *headers: str, body: bytes = b"") -> bytes:
    """An HTTP/1.1 answer."""
    head = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return "\r\n".join(head).encode() + body


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver()
    async with listening(receiver.serve) as port:
        receiver.url = f"http://127.0.0.1:{port}/egret"
        yield receiver


async def read_request(reader: asyncio.StreamReader) -> Request:
    """With a body of a stated length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    return Request(head[0], headers, await reader.readexactly(int(headers["content-length"])))
