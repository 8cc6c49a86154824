"""A dashboard that somebody saved as a copy, back into a file that can be kept, checked and provisioned."""

import re

import msgspec

from cloud.grafana.api import GrafanaApi
from cloud.grafana.dashboards import written
from cloud.grafana.model import Json
from wire.errors import EgretError

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""As Grafana makes them; the file is named after it."""
_OF_THAT_GRAFANA = ("id", "version", "iteration", "gnetId")
"""Numbers that mean something in one Grafana only, and change with every save."""


def exported(api: GrafanaApi, uid: str) -> bytes:
    """The file; the same however often nobody changed anything. Raises EgretError when there is no such dashboard."""
    stored = api.dashboard(uid) if _UID.fullmatch(uid) else None
    if stored is None:
        fix = "the uid is in the address of the dashboard: /d/UID/…"
        raise EgretError(f"there is no dashboard with the uid {uid!r}.", where=api.url, fix=fix, code="E-GRAF-025")
    kept = {key: value for key, value in stored.dashboard.items() if key not in _OF_THAT_GRAFANA}
    return written(_ordered(kept))


def _ordered(part: Json) -> Json:
    """Keys by name, so that two exports differ only where the dashboards do."""
    encoded = msgspec.json.encode(part, order="deterministic")
    ordered: Json = msgspec.json.decode(encoded)
    return ordered
