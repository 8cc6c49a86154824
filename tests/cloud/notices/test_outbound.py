"""Requests to receivers: where they go, where they never go, and what is read of an answer."""

import asyncio
import gzip
import re
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import webhook_receiver
from listening import listening
from tls_authority import Authority
from webhook_receiver import Receiver, answer_of

from cloud.notices import outbound
from cloud.notices.outbound import BODY_MAX, Answer, Target, check_url, header_mistake, post
from wire.errors import ConfigError, NotifyError

HERE = ("127.0.0.1",)


class Names:
    """DNS as a test wants it: each look-up uses up one answer, the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Whatever the name is."""
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Receiver, int, list[str | None]]]:
    """A receiver on 127.0.0.1, its port, and the server names that TLS clients asked for."""
    receiver, asked = Receiver(), list[str | None]()
    if tls:
        tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with listening(receiver.serve, tls=tls) as port:
        yield receiver, port, asked


async def refusal(target: Target, headers: dict[str, str] | None = None) -> NotifyError:
    """What is said of a request that gets no answer."""
    with pytest.raises(NotifyError) as caught:
        await post(target, b"{}", headers or {})
    return caught.value


async def test_a_name_is_looked_up_once_and_kept_in_the_request() -> None:
    """The connection goes to the address that was checked, with the name and port in `Host`."""
    names = Names(HERE)
    async with receiving() as (receiver, port, _):
        url = f"http://desk.example:{port}/egret?token=abc"
        answer = await post(Target(url, allow_private=True, resolver=names), b"{}", {"x-token": "t"})
    [request] = receiver.requests
    assert answer == Answer(204, b"", None)
    assert names.asked == [("desk.example", port)]
    assert request.line == "POST /egret?token=abc HTTP/1.1"
    assert (request.headers["host"], request.headers["x-token"]) == (f"desk.example:{port}", "t")
    assert (request.headers["user-agent"], request.headers["accept-encoding"]) == ("egret", "identity")


async def test_a_second_answer_of_dns_changes_nothing() -> None:
    """Rebinding: the first answer was checked and is used; the second, of a moment later, is never asked for."""
    names = Names(HERE, ("169.254.169.254",))
    async with receiving() as (receiver, port, _):
        target = Target(f"http://desk.example:{port}/", allow_private=True, resolver=names)
        await post(target, b"{}", {})
        assert (len(receiver.requests), len(names.asked)) == (1, 1)
        error = await refusal(target)
    assert (len(receiver.requests), error.code) == (1, "E-HOOK-005")


HOSTILE_ANSWERS = [
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["192.168.0.10"],
    ["100.64.0.1"],
    ["169.254.169.254"],
    ["0.0.0.0"],
    ["::1"],
    ["fd12::1"],
    ["fe80::1%2"],
    ["::ffff:127.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["2002:7f00:1::"],
    ["8.8.8.8", "127.0.0.1"],
    ["2400:3200::1", "8.8.8.8", "10.0.0.1"],
]


@pytest.mark.parametrize("answer", HOSTILE_ANSWERS, ids=",".join)
async def test_a_name_with_a_private_address_is_refused(answer: list[str]) -> None:
    """One private address among public ones is enough; the message names it, and how to allow it."""
    error = await refusal(Target("https://desk.example/egret", resolver=Names(answer)))
    assert error.code == "E-HOOK-005"
    assert f"https://desk.example: it has the address {answer[-1]}" in str(error)
    assert "allow_private: true" in error.fix


HOSTILE_URLS = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",  # 127.0.0.1 as one number
    "http://017700000001/",  # the same, octal
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1:8086/write",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[fe80::1%251]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",  # 169.254.169.254 as one number
    "http://\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}\N{FULLWIDTH DIGIT SEVEN}.0.0.1/",
    "http://127。0。0。1/",  # ideographic full stops
]
NO_ADDRESSES = [
    "",
    "desk.example",
    "//desk.example/",
    "file:///etc/passwd",
    "ftp://desk.example/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "http://",
    "http:///egret",
    "http://[::1",
    "http://desk.example:99999/",
    "http://user:geheim@desk.example/",
    "http://desk.example@127.0.0.1/",
    "http://127.0.0.1:80@desk.example/",
    "http://desk.example\r\nhost: evil/",
    "http://desk example/",
    "http://desk.example:0/",
    "http://xn--a.example/\x00",
    "http://desk.example%2f@127.0.0.1/",
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
async def test_an_address_in_disguise_is_seen_through(url: str) -> None:
    """However it is written, what is judged is the address the machine would connect to."""
    error = await refusal(Target(url))
    assert error.code in {"E-HOOK-004", "E-HOOK-005"}


@pytest.mark.parametrize("url", NO_ADDRESSES)
async def test_what_is_no_address_is_refused(url: str) -> None:
    """When the cloud starts, and if it comes to it when a notice is sent; a password is not repeated."""
    with pytest.raises(ConfigError, match="E-HOOK-004") as caught:
        check_url(url, allow_private=True, where="cloud.yaml:9")
    error = await refusal(Target(url, allow_private=True))
    assert "geheim" not in f"{caught.value} {error}"


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[fd00::1]:8443/", "http://169.254.169.254/"])
def test_a_private_address_is_refused_when_the_cloud_starts(url: str) -> None:
    """It can be seen without asking DNS."""
    with pytest.raises(ConfigError, match=r"cloud.yaml:9: .* is refused: .*allow_private: true.*E-HOOK-005"):
        check_url(url, allow_private=False, where="cloud.yaml:9")


@pytest.mark.parametrize("url", ["https://desk.example/egret", "http://8.8.8.8:81/", "https://市政.example/"])
def test_an_ordinary_address_is_none_the_worse(url: str) -> None:
    """With a port, in Chinese, a public address of a machine; with a password in it, it is one the worse."""
    check_url(url, allow_private=False, where="cloud.yaml:9")
    with pytest.raises(ConfigError, match=r"cloud.yaml:9: .*E-HOOK-004"):
        check_url(url.replace("://", "://u:p@"), allow_private=False, where="cloud.yaml:9")


async def test_a_certificate_must_be_of_the_name(tmp_path: Path) -> None:
    """The name is asked for (SNI) and verified although the connection goes to an address."""
    authority = Authority(tmp_path)
    async with receiving(authority.server("DNS:desk.example")) as (receiver, port, asked):
        right = Target(f"https://desk.example:{port}/", 60, True, Names(HERE), authority.client())
        assert (await post(right, b"{}", {})).status == 204
        wrong = Target(f"https://duty.example:{port}/", 60, True, Names(HERE), authority.client())
        error = await refusal(wrong)
    assert asked == ["desk.example", "duty.example"]
    assert len(receiver.requests) == 1
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)


async def test_a_certificate_may_be_of_an_address(tmp_path: Path) -> None:
    """A receiver without a name; one of an authority nobody trusts is refused."""
    authority = Authority(tmp_path)
    async with receiving(authority.server("IP:127.0.0.1")) as (_, port, _asked):
        url = f"https://127.0.0.1:{port}/"
        assert (await post(Target(url, 60, True, tls=authority.client()), b"{}", {})).status == 204
        error = await refusal(Target(url, 60, allow_private=True))
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)


async def test_the_next_address_is_tried_when_nobody_listens_at_the_first() -> None:
    """A name with an IPv6 address that this machine cannot reach is not lost."""
    async with receiving() as (receiver, port, _):
        names = Names(["127.0.0.2", "127.0.0.1"])
        await post(Target(f"http://desk.example:{port}/", 60, True, names), b"{}", {})
    assert len(receiver.requests) == 1


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    """A proxy would look the name up again; a .netrc would send a password nobody meant to."""
    (tmp_path / ".netrc").write_text("default login lin password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    async with webhook_receiver.receiving() as receiver:
        await post(Target(receiver.url, allow_private=True), b"{}", {})
    assert "authorization" not in receiver.requests[0].headers


async def test_a_redirect_is_an_answer_and_no_more() -> None:
    """It would lead to an address that nobody has checked."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [answer_of(307, "location: http://169.254.169.254/")]
        assert (await post(Target(receiver.url, allow_private=True), b"{}", {})).status == 307
    assert len(receiver.requests) == 1


async def test_an_answer_is_read_to_its_first_bytes_and_never_unpacked() -> None:
    """Ten megabytes of zeros, packed to ten kilobytes or as they are."""
    packed = gzip.compress(bytes(10_000_000))
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [
            answer_of(200, "content-encoding: gzip", body=packed),
            answer_of(200, body=bytes(10_000_000)),
        ]
        target = Target(receiver.url, 60, allow_private=True)
        small, large = [await post(target, b"{}", {}) for _ in range(2)]
    assert (small.body_start, len(large.body_start)) == (packed[:BODY_MAX], BODY_MAX)


async def test_endless_headers_end() -> None:
    """A receiver that never comes to the point cannot fill our memory."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers += [b"HTTP/1.1 200 Said\r\n" + b"x-more: and more\r\n" * 100_000]
        error = await refusal(Target(receiver.url, 60, allow_private=True))
    assert "cannot be reached" in str(error)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00\xff\xfe",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 Said\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 Said\r\ncontent-length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 Said\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",  # an alert of TLS
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_garbage_is_no_answer(garbage: bytes, scheme: str) -> None:
    """A broken proxy, or TLS spoken to a port without it: an ordinary failure, tried again."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        writer.write(garbage)
        writer.close()

    async with listening(babble) as port:
        error = await refusal(Target(f"{scheme}://127.0.0.1:{port}/", 60, allow_private=True))
    assert error.code == "E-HOOK-002"


async def test_a_silent_handshake_leaves_time_for_the_next_address_and_is_closed() -> None:
    """The first address takes the connection and never speaks TLS: both are tried within 1 s, and both hang up."""
    hung_up = asyncio.Queue[bytes]()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung_up.put_nowait(await reader.read())
        writer.close()

    async with listening(swallow) as port:
        error = await refusal(Target(f"https://desk.example:{port}/", 1, True, Names(["127.0.0.1", "127.0.0.1"])))
        async with asyncio.timeout(60):
            hellos = [await hung_up.get() for _ in range(2)]
    assert "nobody answers at its address" in str(error)
    assert all(hello.startswith(b"\x16\x03") for hello in hellos), "a ClientHello each"


@pytest.mark.parametrize("part", ["name", "answer"])
async def test_everything_together_has_one_time_limit(part: str) -> None:
    """A name server that is silent counts like a receiver that is: 0.2 s, and no more than that."""

    async def silent(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(3600)
        return HERE

    async with receiving() as (receiver, port, _):
        receiver.answers += [None]
        names = silent if part == "name" else Names(HERE)
        began_s = time.monotonic()
        error = await refusal(Target(f"http://desk.example:{port}/", 0.2, True, names))
    assert "no answer within 0.2 s" in str(error)
    assert time.monotonic() - began_s < 10


@pytest.mark.parametrize("names", [Names(()), outbound.resolve], ids=["no address", "no such name"])
async def test_a_name_that_does_not_exist(names: outbound.Resolver) -> None:
    """RFC 2606 keeps .invalid free of names; tried again, for a name server may have been away."""
    error = await refusal(Target("http://desk.invalid/egret", resolver=names))
    assert error.code == "E-HOOK-002"
    assert re.search(r"the name desk\.invalid (cannot be looked up|has no address)", str(error))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("x-token", "a\r\nhost: evil", "line end"),
        ("x-token", "a\nb", "line end"),
        ("x-token", "a\x00b", "line end"),
        ("x-token", "口令", "ASCII"),
        ("x-token", " padded", "line end"),
        ("x token", "a", "no name"),
        ("x:token", "a", "no name"),
        ("", "a", "no name"),
        ("Host", "evil.example", "set by Egret itself"),
        ("Transfer-Encoding", "chunked", "set by Egret itself"),
    ],
)
async def test_a_header_cannot_smuggle(name: str, value: str, said: str) -> None:
    """Neither a second header, nor a second request, nor another host; the value, a secret, is not repeated."""
    assert said in header_mistake(name, value)
    error = await refusal(Target("https://desk.example/", resolver=Names(HERE)), {name: value})
    assert error.code == "E-HOOK-006"
    assert "evil" not in str(error)


@pytest.mark.parametrize("value", ["", "a", "Bearer abc.def=", "a b\tc"])
def test_an_ordinary_header_is_none_the_worse(value: str) -> None:
    """Tokens, spaces and nothing."""
    assert header_mistake("Authorization", value) == ""
