"""Hook kind `grafana`: what Grafana's own alerting posts, signed with HMAC-SHA256.

    hooks:
      - name: grafana
        kind: grafana
        secret_env: EGRET_GRAFANA_SECRET
        timestamp_header: X-Grafana-Alerting-Timestamp
        level_map: {critical: red, high: orange, warning: yellow, info: blue}
        labels: {severity: priority, site: installation}

In Grafana (12.0 or newer): Contact points, Webhook, "HMAC Signature": the secret, the header
`X-Grafana-Alerting-Signature` (`signature_header` here), and a timestamp header of your choice. With
`timestamp_header` set, Grafana signs `timestamp:body` and a message older than five minutes is
refused; without it the body alone is signed, and an old message could be sent again. Set "Max
alerts" to 100. `secret_file` reads the secret from a file; while it is replaced by the next, both
may stand there, separated by a space.

Every alert is one report; its key is the fingerprint and the time it began, so repetitions change
nothing. `resolved` marks a report as returned and closes no case. The title is the annotation
`summary`, else the name of the rule; the text is `description`, the values and the labels. Read from
labels or annotations: severity, site, code, district, street, address, longitude, latitude, crs;
`labels` gives them other names. A severity that is neither a colour nor in `level_map` is `level`
(yellow). Coordinates count only with `crs: wgs84` beside them; otherwise the report comes without a
place and its text says why. `code` is for alerts without one.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from cloud.reporting import hook_alerts, hook_body, hook_proof
from cloud.reporting.hook_words import Colour
from cloud.reporting.reports import Hook, Report


@dataclass(frozen=True, slots=True)
class Config:
    """With what it is signed, and what its labels mean."""

    secret_env: str = ""
    secret_file: str = ""
    signature_header: str = "X-Grafana-Alerting-Signature"
    timestamp_header: str = ""
    level: Colour = "yellow"
    level_map: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    reporter: str = "Grafana"


class _Message(msgspec.Struct, frozen=True):
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
    return _GrafanaHook(config, words, keys)


class _GrafanaHook:
    def __init__(self, config: Config, words: hook_alerts.Wording, keys: tuple[str, ...]) -> None:
        self._config, self._words, self._keys = config, words, keys

    def read(self, headers: Mapping[str, str], body: bytes, now_ns: int) -> tuple[Report, ...]:
        """Raises HookRefused."""
        hook_body.require_size(body)
        self._require_proof(headers, body, now_ns)
        message = hook_body.decoded(_DECODER, body)
        hook_body.require_few(message.alerts, 'set "Max alerts" of the contact point to 100.')
        return hook_alerts.reports(message.alerts, message.truncated, self._words, now_ns)

    def _require_proof(self, headers: Mapping[str, str], body: bytes, now_ns: int) -> None:
        """Source: Grafana, "Configure webhook notifications", HMAC signature (grafana/grafana#100960)."""
        name, signed = self._config.signature_header, body
        found = hook_proof.header(headers, name)
        if self._config.timestamp_header:
            time_s = hook_proof.header(headers, self._config.timestamp_header)
            hook_proof.require_fresh(time_s, now_ns, self._config.timestamp_header)
            signed = time_s.encode() + b":" + body
        expected = [hmac.digest(key.encode(), signed, "sha256").hex() for key in self._keys]
        hook_proof.require_one_of([found.lower()], expected, name)
