"""The one way out: an HTTP request to a receiver, which nobody can turn against our own network.

The name of the receiver is looked up once, every address it has must be public (see
`cloud/notices/public_address.py`), and the connection goes to an address that was checked: a second answer
of DNS a moment later (rebinding) changes nothing. Certificate and `Host` are those of the name. No
redirect is followed, no proxy or password is taken from the environment, an answer is read to its
first bytes only and never unpacked, and the whole exchange has one time limit.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, Protocol

import httpx

from cloud.notices.public_address import refusal
from wire.errors import ConfigError, Mistake, NotifyError, Undeliverable

BODY_MAX = 16_000
"""Bytes of an answer that are read: robots say in it what is wrong."""
_CONNECT_SHARE = 0.45
"""Of the time that is left, for TCP and again for TLS: an address that swallows everything leaves some for the next.

A connection that we cancel during the handshake is not closed by httpcore 1.0.9 (seen 2026-11-24); one
that its own time limit ends is.
"""
_SAID_MAX = 1_000
"""Characters of an answer that a message to people repeats."""
_ALLOW = "set allow_private: true for this notifier in cloud.yaml if it is meant to be in your own network."
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
_HOST = re.compile(r"[0-9a-z._-]+")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")


class Resolver(Protocol):
    """Looks a name up."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Its IP addresses, the best first. Raises OSError when there is no such name."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """As the machine is set up. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates of all authorities takes longer than a notice."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `timeout_s` holds for the whole exchange, the look-up of the name too."""

    url: str
    timeout_s: float = 10.0
    allow_private: bool = False
    resolver: Resolver = resolve
    tls: ssl.SSLContext = field(default_factory=_tls)

    @property
    def name(self) -> str:
        """For messages: without path and query, which hold the tokens of robots."""
        return _origin(_read(self.url)[0])


@dataclass(frozen=True, slots=True)
class Answer:
    """`body_start` has at most `BODY_MAX` bytes; `retry_after_s` is how long the receiver asks us to wait."""

    status: int
    body_start: bytes
    retry_after_s: float | None


def check_url(url: str, *, allow_private: bool, where: str) -> None:
    """Find when the cloud starts what would fail at the first notice. Raises ConfigError; asks no DNS."""
    address, mistake = _read(url)
    if mistake:
        fix = "write it as https://command.example/egret; secrets have settings of their own."
        raise ConfigError([Mistake(where, mistake, fix, "E-HOOK-004")])
    host = _host(address)
    if not _is_name(host) and (reason := refusal(host, allow_private=allow_private)):
        raise ConfigError([Mistake(where, f"{_origin(address)} is refused: {reason}.", _ALLOW, "E-HOOK-005")])


def header_mistake(name: str, value: str) -> str:
    """What is wrong with a header, without repeating its value; empty when nothing is."""
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name of a header."
    if name.lower() in _OURS:
        return f"the header {name} is set by Egret itself."
    if not _VALUE.fullmatch(value):
        return f"the value of the header {name} has a line end, or a character that is not ASCII."
    return ""


async def post(
    target: Target, content: bytes, headers: Mapping[str, str], *, method: Literal["POST", "PUT"] = "POST"
) -> Answer:
    """One request, and the answer whatever its status. Raises NotifyError when there is none."""
    url, mistake = _read(target.url)
    if mistake:
        raise NotifyError(mistake, where=target.name, fix="change it in cloud.yaml.", code="E-HOOK-004")
    if wrong := " ".join(filter(None, (header_mistake(name, value) for name, value in headers.items()))):
        raise NotifyError(wrong, where=target.name, fix="change it in cloud.yaml.", code="E-HOOK-006")
    request = httpx.Request(method, url, content=content, headers={"user-agent": "egret", **headers})
    try:
        async with asyncio.timeout(target.timeout_s):
            return await _exchange(target, request)
    except TimeoutError as error:
        raise _unreachable(target, f"no answer within {target.timeout_s:g} s.") from error
    except httpx.ConnectTimeout as error:
        raise _unreachable(target, "nobody answers at its address.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(target, f"cannot be reached: {error!r}.") from error


def expect_success(target: Target, answer: Answer) -> None:
    """Return when the receiver has taken the notice.

    Raises NotifyError, and Undeliverable when the receiver wants no more notices (410 Gone). Source:
    Standard Webhooks 1.0.0, Delivery success and failure.
    """
    if 200 <= answer.status < 300:
        return
    said = answer.body_start.decode(errors="replace")[:_SAID_MAX]
    if answer.status == httpx.codes.GONE:
        raise Undeliverable(
            f"the receiver wants no more notices: it answered 410 {said!r}.",
            where=target.name,
            fix="remove it from cloud.yaml, or send its dead letters again when it is back.",
            code="E-HOOK-007",
        )
    raise NotifyError(
        f"the receiver answered {answer.status} {said!r}.",
        retry_after_s=answer.retry_after_s,
        where=target.name,
        fix="see that it runs and knows the secret; notices are sent again for a day.",
        code="E-HOOK-003",
    )


def _read(url: str) -> tuple[httpx.URL, str]:
    """The address, and what is wrong with it."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    is_host = _HOST.fullmatch(_host(address)) or not _is_name(_host(address))
    if address.scheme not in {"http", "https"} or not is_host or not 0 < _port(address) < 1 << 16:
        return address, "this is no address of a receiver."
    if address.userinfo:
        return address, f"the address of {_origin(address)} holds a user or a password."
    return address, ""


def _origin(address: httpx.URL) -> str:
    return f"{address.scheme}://{address.netloc.decode()}"


def _host(address: httpx.URL) -> str:
    """A name as DNS knows it (`xn--…`), or an IP address without brackets."""
    return address.raw_host.decode("ascii")


def _port(address: httpx.URL) -> int:
    standard = 443 if address.scheme == "https" else 80
    return standard if address.port is None else address.port


def _is_name(host: str) -> bool:
    return refusal(host, allow_private=True) == "no IP address"


def _unreachable(target: Target, what: str) -> NotifyError:
    fix = "see that the receiver runs and its name is right; notices are sent again for a day."
    return NotifyError(what, where=target.name, fix=fix, code="E-HOOK-002")


async def _exchange(target: Target, request: httpx.Request) -> Answer:
    """With the first address that can be connected to."""
    deadline_s = asyncio.get_running_loop().time() + target.timeout_s
    addresses = await _addresses(target, request.url)
    async with httpx.AsyncClient(verify=target.tls, follow_redirects=False, trust_env=False) as client:
        for address in addresses[:-1]:
            try:
                return await _send(client, request, address, deadline_s)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # Nothing was sent: the next address may still answer.
        return await _send(client, request, addresses[-1], deadline_s)


async def _addresses(target: Target, url: httpx.URL) -> Sequence[str]:
    """At least one, and all of them checked. Raises NotifyError."""
    host = _host(url)
    try:
        addresses = await target.resolver(host, _port(url))
    except (OSError, UnicodeError) as error:
        raise _unreachable(target, f"the name {host} cannot be looked up: {error}.") from error
    if not addresses:
        raise _unreachable(target, f"the name {host} has no address.")
    for address in addresses:
        if reason := refusal(address, allow_private=target.allow_private):
            what = f"it has the address {address}, which is refused: {reason}."
            raise NotifyError(what, where=target.name, fix=_ALLOW, code="E-HOOK-005")
    return addresses


async def _send(client: httpx.AsyncClient, request: httpx.Request, address: str, deadline_s: float) -> Answer:
    """To exactly this address; `Host`, SNI and the certificate's name stay those of the request."""
    left_s = max(deadline_s - asyncio.get_running_loop().time(), 0.0)
    timeout = httpx.Timeout(None, connect=left_s * _CONNECT_SHARE)
    pinned = httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        content=request.content,
        headers={**request.headers, "accept-encoding": "identity", "connection": "close"},
        extensions={"sni_hostname": _host(request.url).rstrip("."), "timeout": timeout.as_dict()},
    )
    answer = await client.send(pinned, stream=True)
    try:
        return Answer(answer.status_code, await _beginning(answer), _retry_after_s(answer))
    finally:
        await answer.aclose()


async def _beginning(answer: httpx.Response) -> bytes:
    """Of the body, as it is on the wire: never unpacked, never read to its end."""
    said = b""
    async for chunk in answer.aiter_raw(BODY_MAX):
        said += chunk
        if len(said) >= BODY_MAX:
            break
    return said[:BODY_MAX]


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Only seconds are understood (RFC 9110 §10.2.3 allows a date, too)."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
