"""Webhooks as a receiver sees them, and what is said when one cannot be delivered."""

import json
from pathlib import Path

import pytest
import webhook_receiver
from small_house import house
from standardwebhooks.webhooks import WebhookVerificationError
from webhook_receiver import SECRET, Receiver, answer_of

from cloud.notifiers import webhook
from cloud.ports import Notice, Notifier
from wire.errors import ConfigError, NotifyError

NOTICE = Notice("20261118-00001.opened.red", "case.opened", 0, '{"type":"case.opened","title":"环城西路"}'.encode())


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is in the environment, and no proxy is."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def notifier(url: str, timeout_s: float = 60.0) -> Notifier:
    """A webhook as cloud.yaml sets it up."""
    config = webhook.Config(url, secret_env="EGRET_WEBHOOK_SECRET", timeout_s=timeout_s)
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
        config = webhook.Config(receiver.url, secret_file=str(tmp_path / "secret"))
        await webhook.open_notifier(config, house()).send(NOTICE)
    receiver.requests[0].verify()


async def refused(receiver: Receiver, answer: bytes | int | None, timeout_s: float = 60.0) -> NotifyError:
    """What is said of an answer."""
    receiver.answers.append(answer)
    with pytest.raises(NotifyError) as caught:
        await notifier(receiver.url, timeout_s).send(NOTICE)
    return caught.value


@pytest.mark.parametrize("status", [302, 400, 401, 410, 500, 503])
async def test_any_answer_but_success_is_a_failure(status: int) -> None:
    """The message has the address, the status and what the receiver said."""
    async with webhook_receiver.receiving() as receiver:
        error = await refused(receiver, answer_of(status, f"location: {receiver.url}/elsewhere", body=b"no, thanks"))
        assert f"{receiver.url}: the webhook answered {status} 'no, thanks'" in str(error)
        assert (error.code, error.retry_after_s) == ("E-HOOK-003", None)
    assert len(receiver.requests) == 1, "a redirect is not followed"


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
    """The message names the address, without the token in its query."""
    with pytest.raises(NotifyError, match=rf"http://127.0.0.1:{free_port}/egret: .*cannot be reached") as caught:
        await notifier(f"http://user:word@127.0.0.1:{free_port}/egret?token=geheim").send(NOTICE)
    assert "geheim" not in str(caught.value)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize("url", ["command.example/egret", "ftp://command.example", "http://", "http://[::1"])
def test_an_address_must_be_one(url: str) -> None:
    """Found when the cloud starts, not when the first case opens."""
    with pytest.raises(ConfigError, match=r"cloud.yaml: notifiers: .*no address of a webhook.*E-HOOK-004"):
        notifier(url)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_ä"])
def test_a_secret_must_be_one(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to make one, and does not repeat what was there."""
    monkeypatch.setenv("EGRET_WEBHOOK_SECRET", text)
    with pytest.raises(ConfigError, match=r"secret cannot be used.*openssl rand.*E-HOOK-001"):
        notifier("http://127.0.0.1/egret")
