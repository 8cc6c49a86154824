"""Hook kind `generic`: any system of the city that can post JSON, signed after Standard Webhooks.

    hooks:
      - name: hotline
        kind: generic
        secret_env: EGRET_HOTLINE_SECRET
        level: blue
        level_map: {特急: red, 紧急: orange}
        state_map: {已受理: filed, 已办结: closed, 已撤销: resolved}
        code: event 0690
        reporter: 12345 热线

For cameras, bike and waste-truck platforms, the 12345 hotline. The body is one report, or a list of
at most 100, taken all or none:

    {"schema": "egret.report/1",
     "key": "XM-2026-1118-0042", "title": "井盖缺失", "time": "2026-11-18T09:30:00+08:00",
     "level": "紧急", "code": "event 0592", "site": "",
     "place": {"longitude": 118.0894, "latitude": 24.4798, "crs": "wgs84"},
     "address": {"district": "思明区", "street": "鹭江街道", "detail": "鹭江道 12 号门前"},
     "url": "https://hotline.example/c/42", "number": "2026111800042", "state": "已受理",
     "text": "市民来电：井盖缺失，有人险些跌落。", "reporter": "坐席 07"}

`schema`, `key`, `title` and `time` must be there; null is not an absent field. `key` names the thing
for ever: the same key again is an update. Unknown fields are refused, so that a mistyped one is seen
on the first day and not when the place of a fire is missing. `level` is red, orange, yellow, blue or
a word of `level_map`; without one it is `level` of the hook. `crs` must be wgs84. A `url` that is not
http(s) is left out. `number` and `state` are the sender's own; `state_map` turns its word into a
stage of ours (as in the case API), or into `resolved`; our own words need no map, and a word that
nobody knows has no stage. `closed` and `resolved` mark a report as returned and close no case.

Headers: `webhook-id`, `webhook-timestamp` (at most five minutes old), `webhook-signature`. The secret
is the text `whsec_` and 24 to 64 random bytes in base64; while it is replaced by the next, both may
stand in the variable or `secret_file`, separated by a space.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import msgspec
from standardwebhooks.webhooks import Webhook

from cloud.cases.case_flow import Stage
from cloud.reporting import hook_body, hook_proof, hook_words, report_facts, report_text
from cloud.reporting.reports import Hook, HookRefused, Report, State
from wire.alarm import Level
from wire.errors import ConfigError, Mistake
from wire.located import nearest
from wire.topics import IDENTIFIER

_STAGES = {**{stage.value: stage for stage in Stage}, State.RESOLVED.value: None}
_RETURNED = {State.RESOLVED.value, Stage.CLOSED.value}


@dataclass(frozen=True, slots=True)
class Config:
    """With what it is signed, and what the sender's words mean."""

    secret_env: str = ""
    secret_file: str = ""
    level: hook_words.Colour = "yellow"
    level_map: Mapping[str, str] = field(default_factory=dict)
    state_map: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    reporter: str = ""


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    longitude: float
    latitude: float
    crs: str = ""


class _Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    district: str = ""
    street: str = ""
    detail: str = ""


class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One report as it is sent; the names are those of the manual above."""

    schema: Literal["egret.report/1"]
    key: str
    title: str
    time: str
    level: str = ""
    code: str = ""
    site: str = ""
    place: _Place | msgspec.UnsetType = msgspec.UNSET
    address: _Address = _Address()
    url: str = ""
    number: str = ""
    state: str = ""
    text: str = ""
    reporter: str = ""


_DECODER: msgspec.json.Decoder[_Item | list[_Item]] = msgspec.json.Decoder(_Item | list[_Item])


def open_hook(config: Config, where: str = "cloud.yaml: hooks") -> Hook:
    """The hook; does no I/O but reading the secret. Raises ConfigError."""
    wrong = [
        Mistake(where, f"state_map: {word!r} becomes {stage!r}, no stage.", nearest(stage, _STAGES), "E-HOOKIN-015")
        for word, stage in config.state_map.items()
        if stage not in _STAGES
    ]
    if wrong:
        raise ConfigError(wrong)
    levels = hook_words.levels(config.level_map, where)
    texts = hook_proof.secrets(env=config.secret_env, file=config.secret_file, where=where)
    return _GenericHook(config, levels, tuple(_signer(text, where) for text in texts))


def _signer(text: str, where: str) -> Webhook:
    """The library passes over what is no base64 and so makes a short key of a pass phrase; we do not."""
    encoded = text.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:  # binascii.Error is one
        key = b""
    if not 24 <= len(key) <= 64:
        fix = "put whsec_ and 32 random bytes in base64 there: `echo whsec_$(openssl rand -base64 32)`."
        raise ConfigError([Mistake(where, "the hook's secret cannot be used.", fix, "E-HOOKIN-011")])
    return Webhook(key)


class _GenericHook:
    def __init__(self, config: Config, levels: Mapping[str, Level], signers: tuple[Webhook, ...]) -> None:
        self._config, self._levels, self._signers = config, levels, signers

    def read(self, headers: Mapping[str, str], body: bytes, now_ns: int) -> tuple[Report, ...]:
        """Raises HookRefused."""
        hook_body.require_size(body)
        self._require_proof(headers, body, now_ns)
        found = hook_body.decoded(_DECODER, body)
        items = found if isinstance(found, list) else [found]
        hook_body.require_few(items, "send them in several messages.")
        return tuple(self._report(item, f"[{index}]") for index, item in enumerate(items))

    def _require_proof(self, headers: Mapping[str, str], body: bytes, now_ns: int) -> None:
        """As `Webhook.verify`, which asks the wall clock itself. Source: the Standard Webhooks specification."""
        message = hook_proof.header(headers, "webhook-id")
        seconds = hook_proof.header(headers, "webhook-timestamp")
        found = hook_proof.header(headers, "webhook-signature").split(" ")[:10]
        at = datetime.fromtimestamp(hook_proof.require_fresh(seconds, now_ns, "webhook-timestamp"), UTC)
        text = hook_body.text(body)
        expected = [signer.sign(message.encode(errors="replace").decode(), at, text) for signer in self._signers]
        hook_proof.require_one_of(found, expected, "webhook-signature")

    def _report(self, item: _Item, where: str) -> Report:
        state = item.state.strip()
        ours = self._config.state_map.get(state, state)
        place = item.place if isinstance(item.place, _Place) else None
        if place:
            report_facts.require_wgs84(place.longitude, place.latitude, place.crs, f"{where}.place")
        return Report(
            key=_exact(item.key, f"{where}.key"),
            state=State.RESOLVED if ours in _RETURNED else State.RAISED,
            time_ns=report_facts.time_ns(item.time, f"{where}.time"),
            level=self._level(item.level, f"{where}.level"),
            title=_title(item.title, f"{where}.title"),
            text=report_text.paragraph(item.text),
            code=report_text.line(item.code) or self._config.code,
            site=_site(item.site, f"{where}.site"),
            district=report_text.line(item.address.district),
            street=report_text.line(item.address.street),
            address=report_text.line(item.address.detail),
            longitude=place.longitude if place else None,
            latitude=place.latitude if place else None,
            url=report_text.link(item.url),
            external_number=report_text.line(item.number),
            external_state=report_text.line(item.state),
            stage=_STAGES.get(ours),
            reporter=report_text.line(item.reporter) or self._config.reporter,
        )

    def _level(self, word: str, where: str) -> Level:
        level = self._levels.get(word.strip().casefold()) if word else Level(self._config.level)
        if level is None:
            what = f"{report_text.line(word, 40)!r} is no level."
            raise _field(what, where, nearest(word[:40], self._levels))
        return level


def _exact(key: str, where: str) -> str:
    """A key is never shortened or cleaned: two of them could become one."""
    if not key or key != report_text.line(key):
        raise _field(
            "this is no key.", where, "write 1 to 200 characters, no controls, single spaces, none at the ends."
        )
    return key


def _title(text: str, where: str) -> str:
    title = report_text.line(text)
    if not title:
        raise _field("the title is empty.", where, "say in one line what was seen.")
    return title


def _site(site: str, where: str) -> str:
    if site and not IDENTIFIER.fullmatch(site):
        what = f"{report_text.line(site, 40)!r} is no id of a site."
        raise _field(what, where, "write the id as in sensors.yaml, or leave it out and give the place.")
    return site


def _field(what: str, where: str, fix: str) -> HookRefused:
    return HookRefused(what, status=400, where=where, fix=fix, code="E-HOOKIN-016")
