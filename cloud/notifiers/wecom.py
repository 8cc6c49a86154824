"""Notifier kind `wecom`: cards in a WeCom (企业微信) group, through a group robot (群机器人).

    notifiers:
      - name: siming-group
        kind: wecom
        token_env: EGRET_WECOM_KEY
        mentions:
          siming-ads: zhangsan

Add a robot to the group; `token_env` (or `token_file`) is what stands behind `key=` in its address. The
key is all that protects the robot: WeCom signs nothing. Whoever is responsible is called by the userid
that `units` of cloud.yaml has as their `wecom`; `mentions` says another, by the id of a unit or person.
`lang: en` puts English first. `url`, `timeout` and `allow_private` are for a gateway of your own.

A case is a template card with up to three steps, and a press on the card itself looks at the case. A
card can call nobody, so where somebody is to be called, and for a digest, it is a markdown message. A
robot may speak 20 times a minute.

Source: 企业微信开发者中心, 群机器人配置说明 (document 91770: address, 20 a minute, markdown of at most 4096
bytes, `<@userid>`, text_notice with its lengths, at most six facts and three jumps) and 全局错误码
(document 90455); answers 93000, 45009 and 40058 as quoted in public reports of its users
(wes-lin/Cloud189Checkin#175, dromara/domain-admin#82). Nothing was ever sent to the real service: the
tests speak to a stand-in that checks what the documents say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cloud.notices import notice_body
from cloud.notices.card import Card, Language, card_of, plain
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

_MARKDOWN_MOST = 4096
"""Bytes."""
_TITLE_MOST, _SUBTITLE_MOST, _VALUE_MOST, _FACTS_MOST, _JUMPS_MOST = 26, 112, 26, 6, 3
_MINUTE_S = 60.0
_COPY_AGAIN = "copy the key behind key= in the robot's address again; see that the robot is still in its group."
_MEANINGS: Mapping[int, Meaning] = {
    45009: TooFast(_MINUTE_S),
    -1: TooFast(_MINUTE_S),
    93000: Misconfigured(_COPY_AGAIN),
    40008: Malformed(),
    40035: Malformed(),
    40058: Malformed(),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Which robot, and who is called. `timeout_s` holds for the whole exchange."""

    token_env: str = ""
    token_file: str = ""
    mentions: Mapping[str, str] = field(default_factory=dict)
    lang: Language = "zh"
    url: str = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    timeout_s: float = 10.0
    allow_private: bool = False


def open_notifier(config: Config, house: House) -> Notifier:
    """The notifier; does no I/O but reading the key. Raises ConfigError."""
    token = read_token(
        env=config.token_env,
        file=config.token_file,
        where=house.where,
        url=config.url,
        allow_private=config.allow_private,
    )
    check_mentions(config.mentions, "wecom", "a member's userid such as zhangsan", house)
    return _WeCom(config, house, token)


class _WeCom:
    def __init__(self, config: Config, house: House, token: str) -> None:
        self._config, self._house = config, house
        url = f"{config.url}?{urlencode({'key': token})}"
        self._target = Target(url, config.timeout_s, config.allow_private)
        self._robot = Robot(Service("WeCom", read_error_code, lambda reply: _MEANINGS.get(reply.code)), (token,))

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        house, config = self._house, self._config
        card = card_of(notice_body.decode(notice.body), config.lang, house)
        await self._robot.say(self._target, message(card, mentioned(config.mentions, "wecom", card, house)))


def message(card: Card, users: tuple[str, ...]) -> Mapping[str, object]:
    """The body of the request."""
    if users or not card.facts or not card.acts:
        return {"msgtype": "markdown", "markdown": {"content": _markdown(card, users)}}
    *steps, look = card.acts
    return {
        "msgtype": "template_card",
        "template_card": {
            "card_type": "text_notice",
            "source": {"desc": "白鹭 Egret"},
            "main_title": {"title": plain(card.headline, _TITLE_MOST)},
            "sub_title_text": plain("\n".join([card.headline, *card.lines]), _SUBTITLE_MOST),
            "horizontal_content_list": [_fact(card, at) for at in range(len(card.facts[:_FACTS_MOST]))],
            "jump_list": [{"type": 1, "title": act.text, "url": act.url} for act in steps[:_JUMPS_MOST]],
            "card_action": {"type": 1, "url": look.url},
        },
    }


def _fact(card: Card, at: int) -> Mapping[str, object]:
    """The one that tells the coordinates opens the map."""
    fact = card.facts[at]
    shown: dict[str, object] = {"keyname": fact.label, "value": plain(fact.text, _VALUE_MOST)}
    if card.map and fact.text.startswith("WGS-84"):
        shown |= {"type": 1, "url": card.map.url}
    return shown


def _markdown(card: Card, users: tuple[str, ...]) -> str:
    links = [*card.acts, *([card.map] if card.map else [])]
    first = [f"**{card.headline}**"]
    last = [" ".join(f"[{link.text}]({link.url})" for link in links), "".join(f"<@{user}>" for user in users)]
    between = [f">{line}" for line in [*(fact.line for fact in card.facts), *card.lines]]
    while len("\n".join([*first, *between, *last]).encode()) > _MARKDOWN_MOST and between:
        between.pop()
    return "\n".join(filter(None, [*first, *between, *last]))
