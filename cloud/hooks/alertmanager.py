"""Hook kind `alertmanager`: what Prometheus' Alertmanager posts (webhook version 4).

    hooks:
      - name: prometheus
        kind: alertmanager
        secret_env: EGRET_ALERTMANAGER_SECRET
        level_map: {page: red, ticket: blue}
        code: sensor

Alertmanager signs nothing: it shows a secret, so the way to us must be TLS. In alertmanager.yml:

    receivers:
      - name: egret
        webhook_configs:
          - url: https://egret.example/api/v1/hooks/prometheus
            max_alerts: 100
            http_config:
              authorization: {credentials_file: /etc/alertmanager/egret-secret}

That is `Authorization: Bearer …`. With `user` set here, `basic_auth` of that user is expected
instead, its password is the secret. `secret_file` reads the secret from a file; while it is replaced
by the next, both may stand there, separated by a space.

Every alert is one report; its key is the fingerprint and the time it began, so repetitions change
nothing. `resolved` marks a report as returned and closes no case. The title is the annotation
`summary`, else the name of the rule; the text is `description` and the labels. Read from labels or
annotations: severity, site, code, district, street, address, longitude, latitude, crs; `labels`
gives them other names. A severity that is neither a colour nor in `level_map` is `level` (yellow).
Coordinates count only with `crs: wgs84` beside them; otherwise the report comes without a place and
its text says why. Alerts beyond `max_alerts` never arrive; the text says how many.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from cloud.reporting import hook_alerts, hook_body, hook_proof
from cloud.reporting.hook_words import Colour
from cloud.reporting.reports import Hook, Report

_HEADER = "Authorization"


@dataclass(frozen=True, slots=True)
class Config:
    """Which secret it shows, and what its labels mean."""

    secret_env: str = ""
    secret_file: str = ""
    user: str = ""
    level: Colour = "yellow"
    level_map: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    reporter: str = "Alertmanager"


class _Message(msgspec.Struct, frozen=True):
    version: Literal["4"]
    alerts: list[hook_alerts.Alert]
    truncated: int = msgspec.field(name="truncatedAlerts", default=0)


_DECODER = msgspec.json.Decoder(_Message)


def open_hook(config: Config, where: str = "cloud.yaml: hooks") -> Hook:
    """The hook; does no I/O but reading the secret. Raises ConfigError."""
    words = hook_alerts.wording(
        config.labels,
        config.level_map,
        level=config.level,
        code=config.code,
        reporter=config.reporter,
        where=where,
    )
    keys = hook_proof.secrets(env=config.secret_env, file=config.secret_file, where=where)
    return _AlertmanagerHook(tuple(_credentials(key, config.user) for key in keys), words)


def _credentials(key: str, user: str) -> str:
    """Scheme in lower case, a space, and what proves it (RFC 6750 §2.1, RFC 7617 §2)."""
    return f"basic {base64.b64encode(f'{user}:{key}'.encode()).decode()}" if user else f"bearer {key}"


class _AlertmanagerHook:
    def __init__(self, expected: tuple[str, ...], words: hook_alerts.Wording) -> None:
        self._expected, self._words = expected, words

    def read(self, headers: Mapping[str, str], body: bytes, now_ns: int) -> tuple[Report, ...]:
        """Raises HookRefused."""
        hook_body.require_size(body)
        scheme, _, shown = hook_proof.header(headers, _HEADER).partition(" ")
        hook_proof.require_one_of([f"{scheme.lower()} {shown.strip()}"], self._expected, _HEADER)
        message = hook_body.decoded(_DECODER, body)
        hook_body.require_few(message.alerts, "set max_alerts: 100 in its webhook_configs.")
        return hook_alerts.reports(message.alerts, message.truncated, self._words, now_ns)
