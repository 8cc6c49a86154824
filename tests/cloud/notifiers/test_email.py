"""E-mail: what arrives, over which TLS, and what each refusal of a mail server means for the notice."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import small_house
from listening import listening
from mail_standin import PASSWORD, USER, MailServer, mail_server
from tls_authority import Authority

from cloud.notifiers import email
from cloud.ports import Notice, Notifier
from wire.errors import ConfigError, NotifyError, Undeliverable

DUTY, CHIEF = "duty@city.example", "chief@city.example"
CASE = {
    "number": "20261124-00003",
    "title": "环城西路广告牌倾斜 3.52°",
    "title_en": "Billboard leans 3.52 deg",
    "level": "red",
    "stage": "filed",
    "site": "TA-0113",
    "unit": "同安区城管局",
    "due_ns": 1_795_516_200_000_000_000,
    "longitude": 118.152341,
    "latitude": 24.723456,
}


def notice(**changed: Any) -> Notice:
    """A notice about the case."""
    body = {"type": "case.opened", "timestamp": "2026-11-24T00:26:40Z", "data": {**CASE, **changed}}
    return Notice("20261124-00003.opened.red", "case.opened", 1_795_480_000_000_000_000, json.dumps(body).encode())


def notifier(port: int, **more: Any) -> Notifier:
    """Without TLS, unless `more` says otherwise."""
    settings = {"host": "127.0.0.1", "sender": "egret@city.example", "to": (DUTY, CHIEF), "port": port}
    config = email.Config(**(settings | {"security": "none", "timeout_s": 60.0} | more))
    return email.open_notifier(config, small_house.house())


async def refusal(server: MailServer, **more: Any) -> NotifyError:
    """What is said of a mail that is not taken; the password is not in it."""
    with pytest.raises(NotifyError) as caught:
        await notifier(server.port, **more).send(notice())
    assert PASSWORD not in str(caught.value)
    assert caught.value.where == f"smtp://127.0.0.1:{server.port}"
    return caught.value


async def test_people_get_text_and_html() -> None:
    """The same words in both, with links to pages that ask."""
    async with mail_server() as server:
        await notifier(server.port).send(notice())
    [mail] = server.taken
    assert (mail.sender, mail.to) == ("egret@city.example", (DUTY, CHIEF))
    assert mail.message["Subject"] == "▲ 红色Ⅰ级 新案件：环城西路广告牌倾斜 3.52°"
    assert mail.message["Date"] == "Tue, 24 Nov 2026 00:26:40 +0000"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    text, html = mail.part("plain"), mail.part("html")
    assert "时限：2026-11-24 18:30 北京时间" in text
    assert "接单: http://board.example/m/20261124-00003?to=" in text
    assert "地图: https://uri.amap.com/marker?position=118.152341,24.723456" in text
    assert "<td>2026-11-24 18:30 北京时间</td>" in html
    assert '&amp;act=accept">接单</a>' in html


async def test_a_retry_is_the_same_mail() -> None:
    """Its Message-ID and date do not change, so that a reader can drop the second."""
    async with mail_server() as server:
        await notifier(server.port).send(notice())
        await notifier(server.port).send(notice())
    first, second = server.taken
    assert first.message["Message-ID"] == second.message["Message-ID"] == "<20261124-00003.opened.red@city.example>"
    assert first.message["Date"] == second.message["Date"]


async def test_no_name_adds_a_header_or_markup() -> None:
    """A title with line ends stays in the subject; tags are text; an id with line ends stays one."""
    hostile = "x\r\nBcc: all@city.example\r\n\r\n<script>alert(1)</script>"
    told = notice(title=hostile, title_en=hostile, site='"><img src=x>')
    async with mail_server() as server:
        await notifier(server.port).send(Notice("a\r\nBcc: b@c.example", told.kind, told.time_ns, told.body))
    [mail] = server.taken
    assert mail.message["Bcc"] is None
    assert "Bcc: all" in mail.message["Subject"]
    assert mail.message["Message-ID"] == "<a%0D%0ABcc%3A%20b%40c.example@city.example>"
    assert mail.to == (DUTY, CHIEF)
    assert "<script" not in mail.part("html")
    assert "<img" not in mail.part("html")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_tls_comes_before_the_password(security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's certificate is checked against `ca_file`; then user and password are right."""
    monkeypatch.setenv("EGRET_TEST_MAIL", PASSWORD)
    context = Authority(tmp_path).server("IP:127.0.0.1")
    more = {"security": security, "ca_file": str(tmp_path / "ca.pem")}
    async with mail_server(**{security: context}) as server:  # type: ignore[arg-type]
        if security == "starttls":
            more |= {"user": USER, "password_env": "EGRET_TEST_MAIL"}
        await notifier(server.port, **more).send(notice())
    assert len(server.taken) == 1
    assert server.logins == ([True] if security == "starttls" else [])


async def test_a_wrong_password_is_an_operators_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """535 is permanent for SMTP and not for us: somebody corrects it, and the notice goes out."""
    monkeypatch.setenv("EGRET_TEST_MAIL", f"{PASSWORD}-of-last-year")
    context = Authority(tmp_path).server("IP:127.0.0.1")
    more = {
        "security": "starttls",
        "ca_file": str(tmp_path / "ca.pem"),
        "user": USER,
        "password_env": "EGRET_TEST_MAIL",
    }
    async with mail_server(starttls=context) as server:
        error = await refusal(server, **more)
    assert not isinstance(error, Undeliverable)
    assert error.code == "E-MAIL-008"
    assert server.logins
    assert not any(server.logins)


async def test_a_certificate_nobody_knows_ends_it(tmp_path: Path) -> None:
    """Nothing is sent to a stranger; the message names the settings."""
    async with mail_server(starttls=Authority(tmp_path).server("IP:127.0.0.1")) as server:
        error = await refusal(server, security="starttls")
    assert error.code == "E-MAIL-011"
    assert "certificate" in error.what
    assert server.taken == []


async def test_a_server_without_tls_gets_nothing() -> None:
    """`starttls` is never left out because a server does not offer it."""
    async with mail_server() as server:
        error = await refusal(server, security="starttls")
    assert "STARTTLS" in error.what
    assert server.taken == []


async def test_a_recipient_refused_for_good_stops_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the address; the others have the mail."""
    async with mail_server() as server:
        server.refuse[CHIEF] = "550 5.1.1 no such user"
        with caplog.at_level(logging.WARNING, "cloud"):
            await notifier(server.port).send(notice())
    assert [mail.to for mail in server.taken] == [(DUTY,)]
    assert f"refuses {CHIEF} for good: correct `to`" in caplog.text


async def test_a_recipient_put_off_is_tried_again_alone() -> None:
    """Greylisting of one address does not send the mail twice to the other."""
    async with mail_server() as server:
        server.refuse[CHIEF] = "450 4.2.0 greylisted"
        mailer = notifier(server.port)
        for _ in range(2):
            with pytest.raises(NotifyError, match=rf"{CHIEF} yet.*E-MAIL-006"):
                await mailer.send(notice())
        server.refuse.clear()
        await mailer.send(notice())
        await mailer.send(notice())
    assert [mail.to for mail in server.taken] == [(DUTY,), (CHIEF,), (DUTY, CHIEF)]


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ("552 5.3.4 message too big", Undeliverable, "E-MAIL-009"),
        ("554 5.7.1 this is spam", Undeliverable, "E-MAIL-009"),
        ("451 4.3.0 come again", NotifyError, "E-MAIL-010"),
    ],
)
async def test_a_mail_refused(reply: str, kind: type[NotifyError], code: str) -> None:
    """5yz is for good, 4yz is not (RFC 5321 §4.2.1); the message repeats what the server said."""
    async with mail_server() as server:
        server.reply = reply
        error = await refusal(server)
    assert (type(error), error.code) == (kind, code)
    assert reply[4:] in error.what


@asynccontextmanager
async def scripted(replies: Sequence[bytes]) -> AsyncIterator[MailServer]:
    """A server that says one of these after another, one a line it hears, and hangs up after the last."""
    server = MailServer()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await answer(reader, writer)
        writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            writer.write(reply + b"\r\n")
            await writer.drain()
            server.heard.append(await reader.readuntil(b"\r\n.\r\n" if reply.startswith(b"354") else b"\r\n"))

    async with listening(speak) as server.port:
        yield server


async def test_a_server_that_closes_between_recipients_has_taken_nothing() -> None:
    """One refused for good, the next never asked: both are tried again."""
    replies = [b"220 hello", b"250 mail.example", b"250 sender", b"550 no such user", b"421 closing", b"221 bye"]
    async with scripted(replies) as server:
        error = await refusal(server, to=(DUTY, CHIEF, "third@city.example"))
    assert not isinstance(error, Undeliverable)
    assert error.code == "E-MAIL-006"


async def test_a_bad_good_bye_does_not_send_the_mail_twice() -> None:
    """It was taken before."""
    replies = [b"220 hello", b"250 mail.example", b"250 sender", b"250 to", b"354 go on", b"250 taken", b"500 what?"]
    async with scripted(replies) as server:
        await notifier(server.port, to=(DUTY,)).send(notice())
    assert server.heard.count(b"data\r\n") == 1
    assert server.heard[-1] == b"quit\r\n"


async def test_a_server_that_is_not_ready_is_tried_again() -> None:
    """554 instead of a greeting is about the server, not about the mail."""
    async with scripted([b"554 no service here"]) as server:
        error = await refusal(server)
    assert not isinstance(error, Undeliverable)
    assert error.code == "E-MAIL-010"


async def test_a_notice_that_is_cancelled_leaves_no_connection() -> None:
    """The cloud stops while a server says nothing: the blocking call ends with its time limit, not later."""
    async with scripted([b"220-still"]) as server:
        task = asyncio.ensure_future(notifier(server.port, timeout_s=0.5).send(notice()))
        await asyncio.sleep(0.1)
        task.cancel()
        async with asyncio.timeout(30.0):
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.mark.parametrize(
    ("lines", "pause_s", "said"),
    [(b"220-still here\r\n" * 100, 0.0, "more than 1000 lines"), (b"2", 0.05, "no answer within 1 s")],
)
async def test_a_server_that_never_comes_to_an_end_is_left(lines: bytes, pause_s: float, said: str) -> None:
    """However fast it talks, or however slowly: a line limit ends the one, the time limit the other."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            while not writer.is_closing():
                writer.write(lines)
                await writer.drain()
                await asyncio.sleep(pause_s)
        writer.close()

    async with listening(talk) as port:
        error = await refusal(MailServer(port=port), timeout_s=1.0 if pause_s else 60.0)
    assert error.code == "E-MAIL-011"
    assert said in error.what


def test_mistakes_are_found_when_the_cloud_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once: addresses with line ends or names, a password without TLS, a port."""
    monkeypatch.setenv("EGRET_TEST_MAIL", "pässword")
    with pytest.raises(ConfigError) as caught:
        notifier(
            70_000,
            sender="Egret <egret@city.example>",
            to=("duty@city.example\r\nBcc: x@y.example", "nobody"),
            user="egret",
            password_env="EGRET_TEST_MAIL",
        )
    codes = [mistake.code for mistake in caught.value.mistakes]
    assert codes == ["E-MAIL-001"] * 3 + ["E-MAIL-003", "E-MAIL-005", "E-MAIL-004"]
    assert "pässword" not in str(caught.value)


def test_somebody_must_get_it(tmp_path: Path) -> None:
    """And the authority's certificate must be one."""
    with pytest.raises(ConfigError, match="E-MAIL-002"):
        notifier(25, to=())
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigError, match="E-MAIL-012"):
            notifier(25, ca_file=str(tmp_path / name))
