"""Robots in group chats: one POST a notice, and what the service's answer means for the notice.

DingTalk, WeCom and Feishu all answer 200 with a code in the body, 0 for taken. What a code means is a
table of each service: too fast (wait as long as it wants), a mistake of ours in the token, the secret
or the settings (say what to put right; the notice is sent again for a day), or a message that it will
never take (a dead letter). A code that no table knows is tried again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from cloud import secret
from cloud.city.organisation import ADDRESSES, Chat
from cloud.notices.card import Card
from cloud.notices.outbound import Answer, Target, check_url, post
from cloud.ports import House
from wire.errors import ConfigError, Mistake, NotifyError, Undeliverable

_SAID_MOST = 300
_JSON = {"content-type": "application/json; charset=utf-8"}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service says in its body: 0 for taken, and its own words."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class TooFast:
    """The service limits how often a robot speaks."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """Somebody has to put something right in cloud.yaml or in the group's settings."""

    fix: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """The service will never take this message."""


Meaning = TooFast | Misconfigured | Malformed


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of robots. `read` raises msgspec.DecodeError; `meaning` gives None for what it does not know."""

    name: str
    read: Callable[[bytes], Reply]
    meaning: Callable[[Reply], Meaning | None]


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot in one group. `hidden` are its token and secret: no message to people repeats them."""

    service: Service
    hidden: tuple[str, ...]

    async def say(self, target: Target, message: object) -> None:
        """Return when the group has it. Raises NotifyError, and Undeliverable for good."""
        answer = await post(target, msgspec.json.encode(message), _JSON)
        try:
            reply = self.service.read(answer.body_start)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._not_understood(target, answer) from error
        if reply.code != 0:
            raise self._refusal(target, answer, reply)

    def _refusal(self, target: Target, answer: Answer, reply: Reply) -> NotifyError:
        what = f"{self.service.name} answered {reply.code} {self._shown(reply.text)!r}."
        match self.service.meaning(reply):
            case TooFast(wait_s):
                fix = "nothing: it is sent again; let the route send fewer notices, or a digest, if it happens often."
                wait_s = answer.retry_after_s or wait_s
                return NotifyError(what, retry_after_s=wait_s, where=target.name, fix=fix, code="E-ROBOT-002")
            case Misconfigured(fix):
                return NotifyError(what, where=target.name, fix=fix, code="E-ROBOT-003")
            case Malformed():
                fix = "report it with the dead letter: the service does not take what Egret has written."
                return Undeliverable(what, where=target.name, fix=fix, code="E-ROBOT-004")
        fix = "look the code up in the service's documents; it is sent again for a day."
        return NotifyError(what, retry_after_s=answer.retry_after_s, where=target.name, fix=fix, code="E-ROBOT-005")

    def _not_understood(self, target: Target, answer: Answer) -> NotifyError:
        said = self._shown(answer.body_start.decode(errors="replace"))
        return NotifyError(
            f"{self.service.name} answered {answer.status} {said!r}, which is none of its answers.",
            retry_after_s=answer.retry_after_s,
            where=target.name,
            fix="see that `url` is the service's; a proxy on the way may have answered. It is sent again for a day.",
            code="E-ROBOT-005",
        )

    def _shown(self, text: str) -> str:
        for word in self.hidden:
            text = text.replace(word, "…")
        return text[:_SAID_MOST]


class _ErrorCode(msgspec.Struct):
    errcode: int
    errmsg: str = ""


def read_error_code(body: bytes) -> Reply:
    """`{"errcode": 0, "errmsg": "ok"}`, as DingTalk and WeCom answer. Raises msgspec.DecodeError."""
    found = msgspec.json.decode(body, type=_ErrorCode)
    return Reply(found.errcode, found.errmsg)


def read_token(*, env: str, file: str, where: str, url: str, allow_private: bool) -> str:
    """The robot's token, after a check of its address. Raises ConfigError, which does not repeat the token."""
    check_url(url, allow_private=allow_private, where=where)
    token = secret.read(env=env, file=file, where=where)
    if _TOKEN.fullmatch(token):
        return token
    what = "the robot's token is missing, or is not what stands in its address."
    fix = "copy only the part of the robot's address that is its token (not the whole address) to token_env/token_file."
    raise ConfigError([Mistake(where, what, fix, "E-ROBOT-001")])


def check_mentions(mentions: Mapping[str, str], chat: Chat, example: str, house: House) -> None:
    """Who is called when a unit or a person is responsible. Raises ConfigError with all mistakes."""
    wrong = [name for name, number in mentions.items() if not ADDRESSES[chat].fullmatch(number)]
    if wrong:
        raise ConfigError(
            [
                Mistake(house.where, f"mentions: {name}: nobody can be called so.", f"write {example}.", "E-ROBOT-006")
                for name in wrong
            ]
        )


def mentioned(mentions: Mapping[str, str], chat: Chat, card: Card, house: House) -> tuple[str, ...]:
    """Whom to call, each once: whom the notifier itself names for the unit or the person, else those of `units`."""
    if not card.concerned:
        return ()
    named = [mentions[name] for name in card.concerned if name in mentions]
    return tuple(dict.fromkeys(named or house.addresses_of(chat, *card.concerned)))
