"""Notifier kind `feishu`: cards in a Feishu (飞书) or Lark group, through a custom bot (自定义机器人).

    notifiers:
      - name: jimei-group
        kind: feishu
        token_env: EGRET_FEISHU_TOKEN
        secret_env: EGRET_FEISHU_SECRET
        mentions:
          jimei-ads: ou_7d8a6e6df7621556ce0d21922b676706

Add a custom bot to the group with the security setting 签名校验 (signature). `token_env` (or
`token_file`) is the last part of its address, behind `/hook/`; `secret_env` (or `secret_file`) is the
key of its signature. Whoever is responsible is called by the open_id or user_id that `units` of
cloud.yaml has as their `feishu`; `mentions` says another, by the id of a unit or person. `lang: en` puts
English first. For Lark set `url: https://open.larksuite.com/open-apis/bot/v2/hook`; `timeout` and
`allow_private` are for a gateway of your own.

A case is an interactive card with a button for each step. What comes from people is always plain text
in it; markup is only used to call somebody. A bot may speak 100 times a minute and five times a
second, in messages of at most 20 KB.

Source: 飞书开放平台, 自定义机器人使用指南 (address, signature, limits, answers 0, 9499, 11232, 19021, 19022
and 19024) and 富文本组件 (`<at id=…>`); 19001, and 9499 for a limit of frequency, as quoted in public code
and reports of its users (sansan0/TrendRadar#278). Nothing was ever sent to the real service: the tests
speak to a stand-in that checks what the documents say.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from cloud import secret
from cloud.notices import notice_body
from cloud.notices.card import Card, Language, Link, card_of
from cloud.notices.outbound import Target
from cloud.notices.robot import (
    Malformed,
    Meaning,
    Misconfigured,
    Reply,
    Robot,
    Service,
    TooFast,
    check_mentions,
    mentioned,
    read_token,
)
from cloud.ports import House, Notice, Notifier

_MINUTE_S = 60.0
_HEADERS = {"red", "orange", "yellow", "blue"}
_BAD_REQUEST = 9499
_SIGN_FIX = (
    "compare the secret with the bot's security setting 签名校验, and this machine's clock (one hour is allowed)."
)
_MEANINGS: Mapping[int, Meaning] = {
    11232: TooFast(_MINUTE_S),
    19001: Misconfigured("copy the token behind /hook/ in the bot's address again; see that the bot is still there."),
    19021: Misconfigured(_SIGN_FIX),
    19022: Misconfigured("add this machine's address to the bot's security setting IP 白名单."),
    19024: Misconfigured("take the keywords out of the bot's security settings, or add 案件 and case to them."),
    200621: Malformed(),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Which bot, and who is called. `timeout_s` holds for the whole exchange."""

    token_env: str = ""
    token_file: str = ""
    secret_env: str = ""
    secret_file: str = ""
    mentions: Mapping[str, str] = field(default_factory=dict)
    lang: Language = "zh"
    url: str = "https://open.feishu.cn/open-apis/bot/v2/hook"
    timeout_s: float = 10.0
    allow_private: bool = False


class _Body(msgspec.Struct):
    code: int
    msg: str = ""


def open_notifier(config: Config, house: House) -> Notifier:
    """The notifier; does no I/O but reading token and secret. Raises ConfigError."""
    token = read_token(
        env=config.token_env,
        file=config.token_file,
        where=house.where,
        url=config.url,
        allow_private=config.allow_private,
    )
    key = secret.read(env=config.secret_env, file=config.secret_file, where=house.where)
    check_mentions(config.mentions, "feishu", "a member's open_id such as ou_7d8a6e6df762", house)
    return _Feishu(config, house, token, key)


class _Feishu:
    def __init__(self, config: Config, house: House, token: str, key: str) -> None:
        self._config, self._house, self._key = config, house, key
        self._target = Target(f"{config.url.rstrip('/')}/{token}", config.timeout_s, config.allow_private)
        self._robot = Robot(Service("Feishu", _read, _meaning), tuple(filter(None, (token, key))))

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        house, config = self._house, self._config
        card = card_of(notice_body.decode(notice.body), config.lang, house)
        said = message(card, mentioned(config.mentions, "feishu", card, house))
        await self._robot.say(self._target, {**self._proof(), **said})

    def _proof(self) -> Mapping[str, str]:
        if not self._key:
            return {}
        time_s = self._house.now() // 10**9
        return {"timestamp": str(time_s), "sign": sign(self._key, time_s)}


def sign(key: str, time_s: int) -> str:
    """HMAC-SHA256 of nothing under time and key, in base64. Source: 自定义机器人使用指南, 签名校验."""
    return base64.b64encode(hmac.digest(f"{time_s}\n{key}".encode(), b"", hashlib.sha256)).decode()


def message(card: Card, members: tuple[str, ...]) -> Mapping[str, object]:
    """The body of the request, without its signature."""
    text = "\n".join([*(fact.line for fact in card.facts), *card.lines])
    elements: list[Mapping[str, object]] = [{"tag": "div", "text": _plain(text)}] if text else []
    if members:
        called = " ".join(f"<at id={member}></at>" for member in members)
        elements.append({"tag": "div", "text": {"tag": "lark_md", "content": called}})
    links = [*card.acts, *([card.map] if card.map else [])]
    if links:
        elements.append({"tag": "action", "actions": [_button(at, link) for at, link in enumerate(links)]})
    header: dict[str, object] = {"title": _plain(card.headline)}
    if card.level in _HEADERS:
        header["template"] = card.level
    shown = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
    return {"msg_type": "interactive", "card": shown}


def _plain(text: str) -> Mapping[str, str]:
    return {"tag": "plain_text", "content": text}


def _button(at: int, link: Link) -> Mapping[str, object]:
    return {"tag": "button", "text": _plain(link.text), "url": link.url, "type": "default" if at else "primary"}


def _read(body: bytes) -> Reply:
    found = msgspec.json.decode(body, type=_Body)
    return Reply(found.code, found.msg)


def _meaning(reply: Reply) -> Meaning | None:
    """9499 is a bad request by the documents, and seen with words about frequency."""
    if reply.code == _BAD_REQUEST:
        words = reply.text.lower()
        return TooFast(_MINUTE_S) if "frequency" in words or "too many" in words else Malformed()
    return _MEANINGS.get(reply.code)
