"""Stand-ins for the robots of DingTalk, WeCom and Feishu: real HTTP servers that are as strict as the documents.

Each checks address, token, signature, clock, form, lengths and frequency as its service's documents say
(named in `cloud/notifiers/{kind}.py`), and answers with the bodies that users of the real service quote.
Nothing here was compared with the real service.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from listening import listening
from webhook_receiver import Request, answer_of, read_request

TOKEN = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"
SECRET = "SEC7f3a-this-is-a-secret"
_HOUR_S = 3600.0


class Refusal(Exception):
    """What the service answers instead of taking a message."""

    def __init__(self, body: dict[str, Any], status: int = 200) -> None:
        super().__init__(body)
        self.body, self.status = body, status


@dataclass
class StandIn:
    """`taken` are the messages it would show; `answers` (raw, or None for silence) come before its own judgement."""

    path: str = ""
    origin: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    answers: list[bytes | None] = field(default_factory=list)
    spoken_s: list[float] = field(default_factory=list)
    in_a_minute = 20

    @property
    def url(self) -> str:
        """What stands in cloud.yaml."""
        return self.origin + self.path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        try:
            request = await read_request(reader)
            answer = self.answers.pop(0) if self.answers else self.judged(request)
            if answer is None:
                await reader.read()  # until the other side hangs up
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def judged(self, request: Request) -> bytes:
        """As the service would answer."""
        try:
            message = self.judge(request, time.time())
        except Refusal as refusal:
            return self._answer(refusal.status, refusal.body)
        self.taken.append(message)
        return self._answer(200, self.thanks())

    def judge(self, request: Request, now_s: float) -> dict[str, Any]:
        """The message, when it is right. Raises Refusal."""
        raise NotImplementedError

    def thanks(self) -> dict[str, Any]:
        """DingTalk's and WeCom's."""
        return {"errcode": 0, "errmsg": "ok"}

    def is_too_fast(self, now_s: float) -> bool:
        """Counts this request in the last minute."""
        self.spoken_s = [spoken for spoken in self.spoken_s if now_s - spoken < 60.0] + [now_s]
        return len(self.spoken_s) > self.in_a_minute

    def _answer(self, status: int, body: dict[str, Any]) -> bytes:
        text = json.dumps(body, ensure_ascii=False).encode()
        return answer_of(status, "content-type: application/json", body=text)


def _asked(request: Request) -> tuple[str, dict[str, str]]:
    """Method with path, and the query."""
    method, target, _ = request.line.split(" ")
    parts = urlsplit(target)
    return f"{method} {parts.path}", {name: values[0] for name, values in parse_qs(parts.query).items()}


def _is_link(text: object) -> bool:
    return isinstance(text, str) and text.startswith(("http://", "https://")) and " " not in text


class DingTalk(StandIn):
    """Takes POST /robot/send?access_token=…&timestamp=…&sign=… alone."""

    _MORE = ", more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"

    def judge(self, request: Request, now_s: float) -> dict[str, Any]:
        """As 自定义机器人接入 and 自定义机器人安全设置 say."""
        path, query = _asked(request)
        if path != f"POST {self.path}":
            raise Refusal({"errcode": 404, "errmsg": "请求的URI地址不存在"})
        if query.get("access_token") != TOKEN:
            raise Refusal({"errcode": 300005, "errmsg": "token is not exist"})
        self._check_sign(query, now_s)
        if self.is_too_fast(now_s):
            slow = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "93c71636"}
            raise Refusal({**slow, "errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"})
        if len(request.body) > 20_000:
            raise Refusal({"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"})
        message: dict[str, Any] = json.loads(request.body)
        if not self._is_right(message):
            raise Refusal({"errcode": 34014, "errmsg": "会话消息的json结构无效或不完整"})
        return message

    def _check_sign(self, query: dict[str, str], now_s: float) -> None:
        stamp = query.get("timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) / 1000 - now_s) > _HOUR_S:
            raise Refusal({"errcode": 310000, "errmsg": f"invalid timestamp{self._MORE}"})
        said = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if query.get("sign") != base64.b64encode(said).decode():
            raise Refusal({"errcode": 310000, "errmsg": f"sign not match{self._MORE}"})

    def _is_right(self, message: dict[str, Any]) -> bool:
        shown = message.get(str(message.get("msgtype")), {})
        if not (shown.get("title") and shown.get("text")):
            return False
        if message["msgtype"] == "markdown":
            mobiles = message["at"]["atMobiles"]
            return not message["at"]["isAtAll"] and all(f"@{mobile}" in shown["text"] for mobile in mobiles)
        buttons = shown.get("btns", [])
        return (
            message["msgtype"] == "actionCard"
            and shown.get("btnOrientation") in {"0", "1"}
            and bool(buttons)
            and all(set(button) == {"title", "actionURL"} and _is_link(button["actionURL"]) for button in buttons)
        )


class WeCom(StandIn):
    """Takes POST /cgi-bin/webhook/send?key=… alone."""

    def judge(self, request: Request, now_s: float) -> dict[str, Any]:
        """As 群机器人配置说明 says."""
        path, query = _asked(request)
        if path != f"POST {self.path}" or query.get("key") != TOKEN:
            raise self._refusal(93000, "invalid webhook url")
        if self.is_too_fast(now_s):
            raise self._refusal(45009, "api freq out of limit")
        message: dict[str, Any] = json.loads(request.body)
        if message.get("msgtype") == "markdown":
            if len(message["markdown"]["content"].encode()) > 4096:
                raise self._refusal(40058, "markdown.content exceed max length 4096. invalid Request Parameter")
        elif message.get("msgtype") != "template_card":
            raise self._refusal(40008, "invalid message type")
        elif not self._is_right(message["template_card"]):
            raise self._refusal(40058, "template_card: invalid Request Parameter")
        return message

    def _refusal(self, code: int, text: str) -> Refusal:
        more = f"more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
        hint = "hint: [1755605200056773468916791], from ip: 127.0.0.1"
        return Refusal({"errcode": code, "errmsg": f"{text}, {hint}, {more}"})

    def _is_right(self, card: dict[str, Any]) -> bool:
        facts, jumps = card["horizontal_content_list"], card["jump_list"]
        return (
            card["card_type"] == "text_notice"
            and card["card_action"]["type"] == 1
            and _is_link(card["card_action"]["url"])
            and 0 < len(card["main_title"]["title"]) <= 26
            and len(card["sub_title_text"]) <= 112
            and len(facts) <= 6
            and len(jumps) <= 3
            and all(0 < len(fact["keyname"]) <= 5 and len(fact["value"]) <= 26 for fact in facts)
            and all(fact.get("type", 0) == 0 or _is_link(fact["url"]) for fact in facts)
            and all(jump["type"] == 1 and len(jump["title"]) <= 13 and _is_link(jump["url"]) for jump in jumps)
        )


class Feishu(StandIn):
    """Takes POST /open-apis/bot/v2/hook/{token} alone."""

    in_a_minute = 100
    in_a_second = 5

    def judge(self, request: Request, now_s: float) -> dict[str, Any]:
        """As 自定义机器人使用指南 says."""
        path, _ = _asked(request)
        if path != f"POST {self.path}/{TOKEN}":
            raise self._refusal(19001, "param invalid: incoming webhook access token invalid")
        if len(request.body) > 20 * 1024:
            raise self._refusal(9499, "Bad Request", 400)
        message: dict[str, Any] = json.loads(request.body)
        self._check_sign(message, now_s)
        if self.is_too_fast(now_s):
            raise self._refusal(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        if message.get("msg_type") != "interactive" or not self._is_right(message["card"]):
            raise self._refusal(9499, "Bad Request", 400)
        return message

    def is_too_fast(self, now_s: float) -> bool:
        """Also five a second."""
        is_too_fast = super().is_too_fast(now_s)
        return is_too_fast or sum(now_s - spoken < 1.0 for spoken in self.spoken_s) > self.in_a_second

    def thanks(self) -> dict[str, Any]:
        """With the fields of older days."""
        return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}

    def _check_sign(self, message: dict[str, Any], now_s: float) -> None:
        stamp = message.get("timestamp", "")
        said = hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
        is_right = message.get("sign") == base64.b64encode(said).decode()
        if not stamp.isdigit() or abs(int(stamp) - now_s) > _HOUR_S or not is_right:
            raise self._refusal(19021, "sign match fail or timestamp is not within one hour from current time")

    def _refusal(self, code: int, text: str, status: int = 200) -> Refusal:
        return Refusal({"code": code, "data": {}, "msg": text}, status)

    def _is_right(self, card: dict[str, Any]) -> bool:
        colours = {None, "blue", "yellow", "orange", "red"}
        if card["header"].get("template") not in colours or card["header"]["title"]["tag"] != "plain_text":
            return False
        return all(self._is_element(element) for element in card["elements"])

    def _is_element(self, element: dict[str, Any]) -> bool:
        if element["tag"] == "div":
            return element["text"]["tag"] in {"plain_text", "lark_md"} and bool(element["text"]["content"])
        buttons = element["actions"]
        return element["tag"] == "action" and all(
            button["tag"] == "button" and button["type"] in {"default", "primary"} and _is_link(button["url"])
            for button in buttons
        )


ROBOTS: dict[str, tuple[type[StandIn], str]] = {
    "dingtalk": (DingTalk, "/robot/send"),
    "wecom": (WeCom, "/cgi-bin/webhook/send"),
    "feishu": (Feishu, "/open-apis/bot/v2/hook"),
}


@asynccontextmanager
async def robot(kind: str) -> AsyncIterator[StandIn]:
    """The service of one kind on a free port of 127.0.0.1."""
    make, path = ROBOTS[kind]
    stand_in = make(path)
    async with listening(stand_in.serve) as port:
        stand_in.origin = f"http://127.0.0.1:{port}"
        yield stand_in
