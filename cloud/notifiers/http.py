"""Notifier kind `http`: a request in the words of another system, which need not know Egret.

    notifiers:
      - name: emergency-office
        kind: http
        method: POST
        url: https://office.example/api/incidents
        headers:
          Authorization: Bearer env:OFFICE_TOKEN
        format: json
        body: |
          {"source": "egret", "id": "{number}", "text": "{title} {link}",
           "level": "{level}", "position": ["{longitude}", "{latitude}"]}

`body` has places in braces, which the facts of the case take:

    id         the same at every retry             number     of the case (案卷编号)
    event      case.opened, case.closed …          kind       event_part, coordination, special_task
    time       of the notice                       title      in Chinese; begins with 【演练】 in a drill
    count      cases that the notice is about      title_en   in English; begins with DRILL in a drill
    board      address of the board                level      red, orange, yellow, blue
    link       page of the case                    stage      reported, filed, dispatched …
    longitude  WGS-84, degrees                     site       id of the site
    latitude   WGS-84, degrees                     district   id of the district
    opened     when the case opened                unit       responsible unit
    due        deadline                            person     who handles it there
    drill      true or false

Times are like 2026-11-18T03:06:40Z. What is not known is empty. `{{` and `}}` are braces. With
`format: json` the body must be JSON with every place inside a text; a text that is one place alone
becomes a number, true, false or null where the fact is one. `format: form` is `a={number}&b={title}`,
`format: text` anything. A notice about several cases (`case.digest`) joins their texts with commas,
has the worst level, and no position; its link is the board.

`env:NAME` at the end of a header, or as the whole of `url`, stands for the environment variable NAME;
a secret has no place in cloud.yaml. `link` is made for `recipient`. `method` is POST or PUT. Answers,
retries, `timeout` and `allow_private` are as for kind `webhook`; `Idempotency-Key` is the `id`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from cloud import secret
from cloud.notices import notice_template
from cloud.notices.notice_body import CaseFacts, decode
from cloud.notices.notice_template import Format, Template, Value
from cloud.notices.outbound import Target, check_url, expect_success, header_mistake, post
from cloud.ports import House, Notice, Notifier
from wire.errors import ConfigError
from wire.located import Mistakes

PLACES = (
    *("id", "event", "time", "count", "board", "link", "longitude", "latitude", "opened", "due", "drill"),
    *("number", "kind", "title", "title_en", "level", "stage", "site", "district", "unit", "person"),
)
_CONTENT_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
}
_LEVELS = ("red", "orange", "yellow", "blue")
_SECRET = re.compile(r"(?:^|(?<= ))env:(\w+)$")


@dataclass(frozen=True, slots=True)
class Config:
    """Where it goes and what it says. `timeout_s` holds for the whole exchange."""

    url: str
    body: str
    method: Literal["POST", "PUT"] = "POST"
    format: Format = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    recipient: str = ""
    timeout_s: float = 10.0
    allow_private: bool = False


def open_notifier(config: Config, house: House) -> Notifier:
    """The notifier; does no I/O but reading secrets. Raises ConfigError with all mistakes."""
    mistakes = Mistakes()
    url = _resolved(config.url, house.where, mistakes)
    try:
        check_url(url, allow_private=config.allow_private, where=house.where)
    except ConfigError as error:
        mistakes.extend(error.mistakes)
    headers = {name.lower(): _resolved(value, house.where, mistakes) for name, value in config.headers.items()}
    for wrong in filter(None, (header_mistake(name, value) for name, value in headers.items())):
        mistakes.add(house.where, wrong, "change it, or take it away.", "E-HOOK-006")
    template = notice_template.read(config.body, config.format, places=PLACES, where=house.where, mistakes=mistakes)
    mistakes.raise_any()
    headers = {"content-type": _CONTENT_TYPES[config.format], **headers}
    return _HttpNotifier(config, Target(url, config.timeout_s, config.allow_private), headers, template, house)


def _resolved(text: str, where: str, mistakes: Mistakes) -> str:
    """With the environment variable that its end names."""
    found = _SECRET.search(text)
    if not found:
        return text
    try:
        return text[: found.start()] + secret.read(env=found[1], where=where)
    except ConfigError as error:
        mistakes.extend(error.mistakes)
        return text


class _HttpNotifier:
    """One request a notice."""

    def __init__(
        self, config: Config, target: Target, headers: Mapping[str, str], template: Template, house: House
    ) -> None:
        self._config, self._target, self._headers = config, target, headers
        self._template, self._house = template, house

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        body = self._template.filled(_facts(notice, self._house, self._config.recipient))
        headers = {"idempotency-key": notice.id, **self._headers}
        expect_success(self._target, await post(self._target, body, headers, method=self._config.method))


def _facts(notice: Notice, house: House, recipient: str) -> Mapping[str, Value]:
    """One for each of `PLACES`. Raises Undeliverable when the notice is not one about cases."""
    said = decode(notice.body)
    cases = said.cases
    only = cases[0] if len(cases) == 1 else CaseFacts()
    levels = {case.level for case in cases}
    return {
        "id": notice.id,
        "event": said.type,
        "time": _time(notice.time_ns),
        "count": len(cases),
        "board": house.board_url,
        "link": house.case_link(only.number, recipient) if only.number else house.board_url,
        "longitude": only.longitude,
        "latitude": only.latitude,
        "opened": _joined(cases, lambda case: _time(case.opened_ns)),
        "due": _joined(cases, lambda case: _time(case.due_ns)),
        "drill": bool(cases) and all(case.drill for case in cases),
        "number": _joined(cases, lambda case: case.number),
        "kind": _joined(cases, lambda case: case.kind),
        "title": _joined(cases, lambda case: f"【演练】{case.title}" if case.drill else case.title),
        "title_en": _joined(cases, lambda case: f"DRILL {case.title_en}" if case.drill else case.title_en),
        "level": next((level for level in _LEVELS if level in levels), ""),
        "stage": _joined(cases, lambda case: case.stage),
        "site": _joined(cases, lambda case: case.site),
        "district": _joined(cases, lambda case: case.district),
        "unit": _joined(cases, lambda case: case.unit),
        "person": _joined(cases, lambda case: case.person),
    }


def _joined(cases: Sequence[CaseFacts], fact: Callable[[CaseFacts], str]) -> str:
    """Each once, in the order of the cases."""
    return ", ".join(dict.fromkeys(filter(None, map(fact, cases))))


def _time(time_ns: int | None) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}" if time_ns else ""
