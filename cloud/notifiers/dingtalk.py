"""Notifier kind `dingtalk`: cards in a DingTalk (钉钉) group, through a custom robot (自定义机器人).

    notifiers:
      - name: tongan-group
        kind: dingtalk
        token_env: EGRET_DINGTALK_TOKEN
        secret_env: EGRET_DINGTALK_SECRET
        mentions:
          tongan-ads: "13800001111"

Add a custom robot to the group with the security setting 加签 (sign). `token_env` (or `token_file`) is
what stands behind `access_token=` in its address, `secret_env` (or `secret_file`) the text `SEC…`.
Whoever is responsible is called by the mobile number that `units` of cloud.yaml has as their `dingtalk`;
`mentions` says another, by the id of a unit or person. `lang: en` puts English
first. `url`, `timeout` and `allow_private` are for a gateway of your own.

A case is an ActionCard with a button for each step; a card can call nobody, so where somebody is to be
called it is a markdown message with the same links. A robot may speak 20 times a minute and is silenced
for ten minutes after that: let the route send digests in a storm.

Source: 钉钉开放平台, 自定义机器人接入 (address, 20 a minute, ten minutes, message types, `at`) and
自定义机器人安全设置 (signature); -1, 34014 and 34016 in 全局错误码; 310000, 300001, 300005, 660026, 130101,
101002 and 460101 as its users quote them (x-cold/dingtalk-robot#7, feiyu563/PrometheusAlert#318,
timonwong/prometheus-webhook-dingtalk#30). Nothing was ever sent to the real service: the tests speak to
a stand-in that checks what the documents say.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cloud import secret
from cloud.notices import notice_body
from cloud.notices.card import Card, Language, card_of
from cloud.notices.outbound import Target
from cloud.notices.robot import (
    Malformed,
    Meaning,
    Misconfigured,
    Robot,
    Service,
    TooFast,
    check_mentions,
    mentioned,
    read_error_code,
    read_token,
)
from cloud.ports import House, Notice, Notifier

_SILENCED_S = 600.0
_BUSY_S = 60.0
_COPY_AGAIN = "copy the token behind access_token= in the robot's address again; see that the robot is still there."
_SECURITY_FIX = (
    "compare the secret (SEC…) with the robot's security setting 加签, and this machine's clock;"
    " a keyword or an address range set there must fit, too."
)
_MEANINGS: Mapping[int, Meaning] = {
    130101: TooFast(_SILENCED_S),
    660026: TooFast(_SILENCED_S),
    -1: TooFast(_BUSY_S),
    310000: Misconfigured(_SECURITY_FIX),
    300001: Misconfigured(_COPY_AGAIN),
    300005: Misconfigured(_COPY_AGAIN),
    34014: Malformed(),
    34016: Malformed(),
    101002: Malformed(),
    460101: Malformed(),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Which robot, and who is called. `timeout_s` holds for the whole exchange."""

    token_env: str = ""
    token_file: str = ""
    secret_env: str = ""
    secret_file: str = ""
    mentions: Mapping[str, str] = field(default_factory=dict)
    lang: Language = "zh"
    url: str = "https://oapi.dingtalk.com/robot/send"
    timeout_s: float = 10.0
    allow_private: bool = False


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
    check_mentions(config.mentions, "dingtalk", "a mobile number such as 13800001111", house)
    return _DingTalk(config, house, token, key)


class _DingTalk:
    def __init__(self, config: Config, house: House, token: str, key: str) -> None:
        self._config, self._house, self._token, self._key = config, house, token, key
        service = Service("DingTalk", read_error_code, lambda reply: _MEANINGS.get(reply.code))
        self._robot = Robot(service, tuple(filter(None, (token, key))))

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        house, config = self._house, self._config
        card = card_of(notice_body.decode(notice.body), config.lang, house)
        target = Target(self._url(), config.timeout_s, config.allow_private)
        await self._robot.say(target, message(card, mentioned(config.mentions, "dingtalk", card, house)))

    def _url(self) -> str:
        asked = {"access_token": self._token}
        if self._key:
            time_ms = self._house.now() // 1_000_000
            asked |= {"timestamp": str(time_ms), "sign": sign(self._key, time_ms)}
        return f"{self._config.url}?{urlencode(asked)}"


def sign(key: str, time_ms: int) -> str:
    """HMAC-SHA256 of time and key under the key, in base64. Source: 自定义机器人安全设置, 加签."""
    said = f"{time_ms}\n{key}".encode()
    return base64.b64encode(hmac.digest(key.encode(), said, hashlib.sha256)).decode()


def message(card: Card, mobiles: tuple[str, ...]) -> Mapping[str, object]:
    """The body of the request."""
    lines = [f"### {card.headline}", *(fact.line for fact in card.facts), *card.lines]
    if card.map:
        lines.append(f"[{card.map.text}]({card.map.url})")
    if card.acts and not mobiles:
        buttons = [{"title": act.text, "actionURL": act.url} for act in card.acts]
        shown = {"title": card.headline, "text": "\n\n".join(lines), "btnOrientation": "1", "btns": buttons}
        return {"msgtype": "actionCard", "actionCard": shown}
    lines.append(" ".join(f"[{act.text}]({act.url})" for act in card.acts))
    lines.append(" ".join(f"@{mobile}" for mobile in mobiles))
    return {
        "msgtype": "markdown",
        "markdown": {"title": card.headline, "text": "\n\n".join(filter(None, lines))},
        "at": {"atMobiles": list(mobiles), "isAtAll": False},
    }
