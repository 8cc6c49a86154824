"""Other systems as they post to us: their payloads in the shape of their documents, and their proof.

The examples are written after the pages "Configure webhook notifications" (grafana.com/docs, v12.0),
`<webhook_config>` (prometheus.io/docs/alerting/latest/configuration) and the Standard Webhooks
specification; values and places are of our own city.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from standardwebhooks.webhooks import Webhook

from cloud.hooks import alertmanager, generic, grafana
from cloud.reporting.reports import Hook
from wire import kinds, located

NOW_NS = 1_794_965_700 * 10**9
"""2026-11-18 01:35:00 UTC."""

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NEXT_SECRET = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()

Headers = dict[str, str]
Proof = Callable[[bytes, str, int], Headers]
"""Headers that prove a body, from the secret and the sender's Unix time in seconds."""


@dataclass(frozen=True)
class Sender:
    """A system that posts to hooks of one kind. `one` makes its payload of n things that are raised."""

    module: ModuleType
    signature: str
    prove: Proof
    payload: Callable[[int], Any]

    @property
    def kind(self) -> str:
        """The word in cloud.yaml."""
        return self.module.__name__.rpartition(".")[2]

    def hook(self, secrets: str, folder: Path, **settings: Any) -> Hook:
        """A hook of this kind that knows `secrets`."""
        file = folder / "secret"
        file.write_text(secrets)
        more = {"timestamp_header": "X-Grafana-Timestamp"} if self.module is grafana else {}
        hook: Hook = self.module.open_hook(self.module.Config(secret_file=str(file), **{**more, **settings}))
        return hook

    def post(self, payload: object, *, secret: str = SECRET, age_s: int = 0) -> tuple[Headers, bytes]:
        """Headers and body; bytes are taken as they are, anything else becomes JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
        return self.prove(body, secret, NOW_NS // 10**9 - age_s), body


def alert(number: int = 0, /, **changes: Any) -> dict[str, Any]:
    """One alert that fires since 01:30 UTC, in nanoseconds and a zone as Go writes them."""
    return {
        "status": "firing",
        "labels": {"alertname": "水位过高", "severity": "critical", "site": "DR-0007", "team": "drainage"},
        "annotations": {"summary": "鹭江道泵站水位过高", "description": "水位 3.42 m，限值 3.00 m"},
        "startsAt": "2026-11-18T09:30:00.157076123+08:00",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://grafana.example/alerting/1afz29v7z/edit?orgId=1",
        "fingerprint": f"c6eadffa33fc{number:04x}",
        **changes,
    }


def grafana_payload(count: int = 1, **changes: Any) -> dict[str, Any]:
    """As Grafana 12 posts it."""
    more = {"dashboardURL": "", "panelURL": "", "silenceURL": "", "values": {"B": 3.42, "C": 1}, "orgId": 1}
    return {
        "receiver": "egret",
        "status": "firing",
        "orgId": 1,
        "alerts": [alert(number, **more) for number in range(count)],
        "groupLabels": {"alertname": "水位过高"},
        "commonLabels": {"team": "drainage"},
        "commonAnnotations": {},
        "externalURL": "https://grafana.example/",
        "version": "1",
        "groupKey": '{}:{alertname="水位过高"}',
        "truncatedAlerts": 0,
        "title": "[FIRING:1] 水位过高 (drainage)",
        "state": "alerting",
        "message": "**Firing**\n\nLabels: …",
        **changes,
    }


def alertmanager_payload(count: int = 1, **changes: Any) -> dict[str, Any]:
    """As Alertmanager posts it, version 4."""
    return {
        "version": "4",
        "groupKey": '{}/{severity="critical"}:{alertname="水位过高"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "egret",
        "groupLabels": {"alertname": "水位过高"},
        "commonLabels": {"severity": "critical"},
        "commonAnnotations": {},
        "externalURL": "http://prometheus.example:9093",
        "alerts": [alert(number) for number in range(count)],
        **changes,
    }


def item(number: int = 42, /, **changes: Any) -> dict[str, Any]:
    """One report of the hotline."""
    return {
        "schema": "egret.report/1",
        "key": f"XM-2026-1118-{number:04}",
        "title": "井盖缺失",
        "time": "2026-11-18T09:30:00+08:00",
        "level": "紧急",
        "code": "event 0592",
        "place": {"longitude": 118.0894, "latitude": 24.4798, "crs": "wgs84"},
        "address": {"district": "思明区", "street": "鹭江街道", "detail": "鹭江道 12 号门前"},
        "url": "https://hotline.example/c/42",
        "number": "2026111800042",
        "state": "已受理",
        "text": "市民来电：井盖缺失。",
        "reporter": "坐席 07",
        **changes,
    }


def items(count: int) -> Sequence[Mapping[str, Any]]:
    """A list of reports without words that a map must know."""
    return [item(number, level="orange") for number in range(count)]


def grafana_proof(body: bytes, secret: str, time_s: int) -> Headers:
    """HMAC-SHA256 of `timestamp:body` in hex."""
    digest = hmac.new(secret.encode(), str(time_s).encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Grafana-Alerting-Signature": digest, "X-Grafana-Timestamp": str(time_s)}


def bearer_proof(body: bytes, secret: str, time_s: int) -> Headers:
    """The secret itself."""
    return {"Authorization": f"Bearer {secret}"}


def standard_proof(body: bytes, secret: str, time_s: int) -> Headers:
    """By the standard's own library; it signs text, so what is no UTF-8 is signed as something else."""
    at = datetime.fromtimestamp(time_s, UTC)
    signature = Webhook(secret).sign("msg_1", at, body.decode(errors="replace"))
    return {"webhook-id": "msg_1", "webhook-timestamp": str(time_s), "webhook-signature": signature}


GRAFANA = Sender(grafana, "X-Grafana-Alerting-Signature", grafana_proof, grafana_payload)
ALERTMANAGER = Sender(alertmanager, "Authorization", bearer_proof, alertmanager_payload)
GENERIC = Sender(generic, "webhook-signature", standard_proof, items)
SENDERS = (ALERTMANAGER, GENERIC, GRAFANA)


def example(module: ModuleType) -> tuple[str, Any]:
    """Kind and settings of the block in a kind's manual page, read as cloud.yaml is. Raises ConfigError."""
    mistakes = located.Mistakes()
    text = (module.__doc__ or "").split("\n\n")[1]
    [block] = located.parse(text, module.__name__, mistakes).sequence("hooks").blocks()
    block.text("name")
    kind = block.text("kind")
    settings = kinds.build(kinds.find("cloud.hooks", kind).Config, block, mistakes)
    mistakes.raise_any()
    return kind, settings
