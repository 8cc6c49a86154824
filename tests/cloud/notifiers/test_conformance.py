"""What every kind of notifier does alike: taken, refused for good, limited, dead, slow, endless."""

import asyncio
import importlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import mail_standin
import pytest
import robot_standins
import small_house
import webhook_receiver
from listening import listening
from robot_standins import SECRET, TOKEN
from webhook_receiver import answer_of

from cloud import config
from cloud.ports import Notice, Notifier
from wire import kinds
from wire.errors import ConfigError, NotifyError, Undeliverable
from wire.located import Mistakes, parse

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
NOTICE = Notice(
    "20261124-00003.opened.red",
    "case.opened",
    1_795_480_000_000_000_000,
    json.dumps({"type": "case.opened", "timestamp": "2026-11-24T00:26:40Z", "data": CASE}).encode(),
)
ROBOTS = tuple(robot_standins.ROBOTS)
KINDS = ("webhook", "http", *ROBOTS, "email")
HTTP = ("webhook", "http", *ROBOTS)


@dataclass
class Rig:
    """A receiver, how its notifier is made (with a timeout), and what the receiver can be told to do."""

    make: Callable[[float], Notifier]
    taken: Callable[[], int]
    refuse_for_good: Callable[[], None]
    limit: Callable[[], None]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are in the environment."""
    for name, text in (("TOKEN", TOKEN), ("SECRET", SECRET), ("HOOK", webhook_receiver.SECRET)):
        monkeypatch.setenv(f"EGRET_TEST_{name}", text)


def notifier(kind: str, url: str, timeout_s: float = 60.0, *, allow_private: bool = True) -> Notifier:
    """A notifier over HTTP, set up as cloud.yaml would."""
    module = importlib.import_module(f"cloud.notifiers.{kind}")
    proof = {
        "webhook": {"secret_env": "EGRET_TEST_HOOK"},
        "http": {"body": '["{title}"]', "headers": {"Authorization": "Bearer env:EGRET_TEST_TOKEN"}},
    }.get(kind, {"token_env": "EGRET_TEST_TOKEN"})
    if kind in {"dingtalk", "feishu"}:
        proof["secret_env"] = "EGRET_TEST_SECRET"
    settings = module.Config(url=url, timeout_s=timeout_s, allow_private=allow_private, **proof)
    opened: Notifier = module.open_notifier(settings, small_house.house())
    return opened


def mailer(port: int, timeout_s: float) -> Notifier:
    """An e-mail notifier without TLS."""
    module = importlib.import_module("cloud.notifiers.email")
    settings = module.Config(
        "127.0.0.1", "egret@city.example", ("duty@city.example",), port=port, security="none", timeout_s=timeout_s
    )
    opened: Notifier = module.open_notifier(settings, small_house.house())
    return opened


@asynccontextmanager
async def rig(kind: str) -> AsyncIterator[Rig]:
    """The receiver of a kind."""
    if kind in {"webhook", "http"}:
        async with webhook_receiver.receiving() as hook:
            yield Rig(
                make=lambda timeout_s: notifier(kind, hook.url, timeout_s),
                taken=lambda: len(hook.requests) - 1 if hook.answers else len(hook.requests),
                refuse_for_good=lambda: hook.answers.append(410),
                limit=lambda: hook.answers.append(answer_of(429, "retry-after: 60")),
            )
    elif kind == "email":
        async with mail_standin.mail_server() as mail:
            yield Rig(
                make=lambda timeout_s: mailer(mail.port, timeout_s),
                taken=lambda: len(mail.taken),
                refuse_for_good=lambda: mail.refuse.update({"duty@city.example": "550 5.1.1 no such user"}),
                limit=lambda: mail.refuse.update({"duty@city.example": "450 4.2.0 greylisted"}),
            )
    else:
        async with robot_standins.robot(kind) as robot:
            yield Rig(
                make=lambda timeout_s: notifier(kind, robot.url, timeout_s),
                taken=lambda: len(robot.taken),
                refuse_for_good=lambda: robot.answers.append(MALFORMED[kind]),
                limit=lambda: robot.spoken_s.extend([time.time()] * robot.in_a_minute),
            )


def body(said: dict[str, Any], status: int = 200) -> bytes:
    """A robot's answer."""
    return answer_of(status, "content-type: application/json", body=json.dumps(said).encode())


MALFORMED = {
    "dingtalk": body({"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"}),
    "wecom": body({"errcode": 40058, "errmsg": "markdown.content exceed max length 4096. invalid Request Parameter"}),
    "feishu": body({"code": 9499, "msg": "Bad Request", "data": {}}, 400),
}


async def failure(send: Awaitable[None]) -> NotifyError:
    """What is said of a notice that was not taken; no secret is in it."""
    with pytest.raises(NotifyError) as caught:
        await send
    said = str(caught.value)
    assert TOKEN not in said
    assert SECRET not in said
    assert len(said) < 1_500
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
async def test_a_notice_is_taken(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Once, and neither token nor secret is in a log line of ours."""
    caplog.set_level(logging.DEBUG, "cloud")
    async with rig(kind) as receiver:
        await receiver.make(60.0).send(NOTICE)
        assert receiver.taken() == 1
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("cloud", "wire"))]
    assert not [line for line in ours if TOKEN in line or SECRET in line]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_refused_for_good_is_a_dead_letter(kind: str) -> None:
    """The next attempt would end alike."""
    async with rig(kind) as receiver:
        receiver.refuse_for_good()
        assert isinstance(await failure(receiver.make(60.0).send(NOTICE)), Undeliverable)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_limited_receiver_is_given_time(kind: str) -> None:
    """Tried again, and not before the time it wants; mail servers name none."""
    wanted_s = {"webhook": 60.0, "http": 60.0, "dingtalk": 600.0, "wecom": 60.0, "feishu": 60.0, "email": None}
    async with rig(kind) as receiver:
        receiver.limit()
        error = await failure(receiver.make(60.0).send(NOTICE))
    assert not isinstance(error, Undeliverable)
    assert error.retry_after_s == wanted_s[kind]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dead_receiver_is_tried_again(kind: str, free_port: int) -> None:
    """Nobody listens there: the place is named."""
    dead = mailer(free_port, 60.0) if kind == "email" else notifier(kind, f"http://127.0.0.1:{free_port}/x")
    error = await failure(dead.send(NOTICE))
    assert not isinstance(error, Undeliverable)
    assert f"127.0.0.1:{free_port}" in error.where


@asynccontextmanager
async def raw(said: bytes, pause_s: float) -> AsyncIterator[int]:
    """The port of a server that says the same for ever, whatever it is told."""

    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(said)
                await writer.drain()
                await asyncio.sleep(pause_s)

    async with listening(speak) as port:
        yield port


@pytest.mark.parametrize("kind", KINDS)
async def test_a_slow_receiver_is_given_up(kind: str) -> None:
    """One byte every 20 ms is an answer that never ends: after a second the next notice has its turn."""
    started_s = time.monotonic()
    async with raw(b"2", 0.02) as port:
        slow = mailer(port, 1.0) if kind == "email" else notifier(kind, f"http://127.0.0.1:{port}/x", 1.0)
        error = await failure(slow.send(NOTICE))
    assert not isinstance(error, Undeliverable)
    assert "within 1 s" in error.what
    assert time.monotonic() - started_s < 30.0


@pytest.mark.parametrize("kind", KINDS)
async def test_an_endless_answer_fills_no_memory(kind: str) -> None:
    """It is read to its beginning, and told in a line."""
    if kind == "email":
        said = b"220-" + b"x" * 1_000 + b"\r\n"
    else:
        said = b"HTTP/1.1 500 Said\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 60_000
    async with raw(said, 0.0) as port:
        endless = mailer(port, 60.0) if kind == "email" else notifier(kind, f"http://127.0.0.1:{port}/x")
        error = await failure(endless.send(NOTICE))
    assert not isinstance(error, Undeliverable)
    assert kind == "email" or "answered 500" in error.what, "not the time limit, after a gigabyte"


@pytest.mark.parametrize("kind", ROBOTS)
@pytest.mark.parametrize(
    "answer",
    [
        answer_of(502, body=b"<html>Bad Gateway</html>"),
        answer_of(200, body=b""),
        answer_of(200, body=b"{}"),
        answer_of(200, body=b'"\xff\xfe"'),
        answer_of(302, "location: http://127.0.0.1/elsewhere"),
        body({"errcode": 987654, "errmsg": "new", "code": 987654, "msg": "new"}),
    ],
)
async def test_an_answer_nobody_knows_is_a_failure(kind: str, answer: bytes) -> None:
    """A proxy's page or a new code is not a thank-you, and is no reason to give up."""
    async with robot_standins.robot(kind) as robot:
        robot.answers.append(answer)
        error = await failure(notifier(kind, robot.url).send(NOTICE))
    assert not isinstance(error, Undeliverable)
    assert error.code == "E-ROBOT-005"


@pytest.mark.parametrize("kind", HTTP)
def test_a_private_address_must_be_allowed(kind: str) -> None:
    """Found when the cloud starts."""
    with pytest.raises(ConfigError, match="E-HOOK-005"):
        notifier(kind, "http://127.0.0.1:8480/robot", allow_private=False)


@pytest.mark.parametrize("kind", kinds.names(config.NOTIFIERS))
def test_the_example_in_each_manual_page_is_right(kind: str) -> None:
    """Each names every setting it needs, and no unknown one."""
    module = importlib.import_module(f"{config.NOTIFIERS}.{kind}")
    mistakes = Mistakes()
    (block,) = parse((module.__doc__ or "").split("\n\n")[1], kind, mistakes).sequence("notifiers").blocks()
    assert (block.text("kind"), bool(block.text("name"))) == (kind, True)
    assert kinds.build(module.Config, block, mistakes) is not None
    mistakes.raise_any()
