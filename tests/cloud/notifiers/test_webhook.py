"""Webhooks as a receiver sees them, and what is said when one cannot be delivered."""

import base64
import json
from pathlib import Path

import pytest
import webhook_receiver
from small_house import house
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from webhook_receiver import SECRET, Receiver, answer_of

from cloud.notifiers import webhook
from cloud.ports import Notice, Notifier
from wire.errors import ConfigError, NotifyError, Undeliverable

NOTICE = Notice("20261118-00001.opened.red", "case.opened", 0, '{"type":"case.opened","title":"环城西路"}'.encode())


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is in the environment."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", SECRET)


def notifier(url: str, timeout_s: float = 60.0) -> Notifier:
    """A webhook as cloud.yaml sets it up."""
    config = webhook.Config(url, secret_env="EGRET_WEBHOOK_SECRET", timeout_s=timeout_s, allow_private=True)
    return webhook.open_notifier(config, house())


async def test_the_receiver_verifies_the_signature() -> None:
    """The standard's own library accepts id, time, body and signature, and refuses a changed body."""
    async with webhook_receiver.receiving() as receiver:
        await notifier(receiver.url).send(NOTICE)
    [request] = receiver.requests
    request.verify()
    assert (request.line, request.id) == ("POST /egret HTTP/1.1", NOTICE.id)
    assert json.loads(request.body)["title"] == "环城西路"
    forged = webhook_receiver.Request(request.line, request.headers, request.body.replace(b"case", b"CASE"))
    with pytest.raises(WebhookVerificationError):
        forged.verify()


async def test_the_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """With the line end that an editor leaves."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    async with webhook_receiver.receiving() as receiver:
        config = webhook.Config(receiver.url, secret_file=str(tmp_path / "secret"), allow_private=True)
        await webhook.open_notifier(config, house()).send(NOTICE)
    [request] = receiver.requests
    request.verify()
    assert request.id == NOTICE.id


async def refused(receiver: Receiver, answer: bytes | int | None, timeout_s: float = 60.0) -> NotifyError:
    """What is said of an answer."""
    receiver.answers.append(answer)
    with pytest.raises(NotifyError) as caught:
        await notifier(receiver.url, timeout_s).send(NOTICE)
    return caught.value


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500, 502, 503])
async def test_any_answer_but_success_is_a_failure(status: int) -> None:
    """The message has the receiver, the status and what it said, and not the path, which may be secret."""
    async with webhook_receiver.receiving() as receiver:
        error = await refused(receiver, answer_of(status, f"location: {receiver.url}/elsewhere", body=b"no, thanks"))
        origin = receiver.url.removesuffix("/egret")
        assert str(error).startswith(f"{origin}: the receiver answered {status} 'no, thanks'.")
        assert (error.code, error.retry_after_s) == ("E-HOOK-003", None)
        assert not isinstance(error, Undeliverable)
    assert len(receiver.requests) == 1, "a redirect is not followed"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_success_is_a_success(status: int) -> None:
    """Whatever is in its body."""
    async with webhook_receiver.receiving() as receiver:
        receiver.answers.append(answer_of(status, body=b"" if status == 204 else b'{"ok":false}'))
        await notifier(receiver.url).send(NOTICE)
    assert len(receiver.requests) == 1


async def test_gone_is_for_ever() -> None:
    """410: the receiver wants no more notices, so this one is a dead letter at once."""
    async with webhook_receiver.receiving() as receiver:
        error = await refused(receiver, 410)
    assert isinstance(error, Undeliverable)
    assert error.code == "E-HOOK-007"


@pytest.mark.parametrize(("said", "seconds"), [("120", 120.0), ("Wed, 18 Nov 2026 11:06:40 GMT", None), ("-1", None)])
async def test_retry_after_is_heard(said: str, seconds: float | None) -> None:
    """A receiver that limits its rate says for how long."""
    async with webhook_receiver.receiving() as receiver:
        error = await refused(receiver, answer_of(429, f"retry-after: {said}"))
    assert error.retry_after_s == seconds


async def test_a_long_answer_is_read_to_its_first_thousand_bytes() -> None:
    """A receiver cannot fill our memory or our log."""
    async with webhook_receiver.receiving() as receiver:
        error = await refused(receiver, answer_of(500, body=b"x" * 5_000_000))
    assert "x" * 1_000 in error.what
    assert len(error.what) < 1_100


async def test_a_silent_receiver_is_given_up_after_the_timeout() -> None:
    """One that accepts and never answers holds nothing up for longer."""
    async with webhook_receiver.receiving() as receiver:
        error = await refused(receiver, None, timeout_s=0.2)
    assert "no answer within 0.2 s" in error.what


async def test_nobody_listens(free_port: int) -> None:
    """The message names the receiver, without the token in its query."""
    with pytest.raises(NotifyError, match=rf"http://127.0.0.1:{free_port}: .*cannot be reached") as caught:
        await notifier(f"http://127.0.0.1:{free_port}/egret?token=geheim").send(NOTICE)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["command.example/egret", "ftp://command.example", "http://", "http://[::1", "http://user:geheim@command.example/"],
)
def test_an_address_must_be_one(url: str) -> None:
    """Found when the cloud starts, not when the first case opens; a password is not repeated."""
    with pytest.raises(ConfigError, match=r"cloud.yaml: notifiers: .*E-HOOK-004") as caught:
        notifier(url)
    assert "geheim" not in str(caught.value)


def test_an_address_of_our_own_network_must_be_allowed() -> None:
    """The message says how."""
    config = webhook.Config("http://192.168.1.10/egret", secret_env="EGRET_WEBHOOK_SECRET")
    with pytest.raises(ConfigError, match=r"192\.168\.1\.10 is refused: not public.*allow_private: true.*E-HOOK-005"):
        webhook.open_notifier(config, house())


@pytest.mark.parametrize("between", [" ", "\n", " \t\n "])
async def test_while_the_secret_changes_both_sign(between: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver verifies with the old or the new one, newest first, and switches when it likes."""
    newer = "whsec_" + base64.b64encode(b"n" * 32).decode()
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", f"{newer}{between}{SECRET}")
    async with webhook_receiver.receiving() as receiver:
        await notifier(receiver.url).send(NOTICE)
    [request] = receiver.requests
    for text in (newer, SECRET):
        Webhook(text).verify(request.body, request.headers)
    first, second = request.headers["webhook-signature"].split(" ")
    for text, signature in ((newer, first), (SECRET, second)):
        Webhook(text).verify(request.body, {**request.headers, "webhook-signature": signature})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body, {**request.headers, "webhook-signature": first})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1),
        ("whsec_", 1),
        ("whsec_ä", 1),
        ("whsec_" + "A" * 30, 1),  # 22 bytes
        ("whsec_" + "A" * 88, 1),  # 66 bytes
        (f"{SECRET} geheim", 2),
        (f"{SECRET},{SECRET}", 1),
    ],
)
def test_a_secret_must_be_one(text: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """24 to 64 bytes in base64; the message says which is wrong and how to make one, and repeats none."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", text)
    with pytest.raises(ConfigError, match=rf"number {number} of those.*openssl rand.*E-HOOK-001") as caught:
        notifier("http://127.0.0.1/egret")
    assert "geheim" not in str(caught.value)
    assert SECRET not in str(caught.value)
