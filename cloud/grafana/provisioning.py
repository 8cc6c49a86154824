"""The files that a new Grafana reads at its start: data source, folder of dashboards, contact point.

Addresses and secrets come from Grafana's environment: `${NAME}` is Grafana's own interpolation. The same data source
and contact point as documents for the API of a Grafana that runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.grafana.dashboards import FOLDER_TITLE, FOLDER_UID
from cloud.grafana.draft import SOURCE
from cloud.grafana.model import Json

SOURCE_NAME = "Egret"
POINT_UID, POINT_NAME = "egret-cases", "白鹭 Egret"
SIGNATURE, TIMESTAMP = "X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp"
"""As `signature_header` and `timestamp_header` of the hook in cloud.yaml."""
ALERTS_MOST = 100
"""In one message: as many as our hook takes."""
SERIES_MOST = 1_000
"""That a panel draws; Grafana says so when there are more. Choose a district then."""

_SOURCE = f"""\
# Grafana reads this file at its start and puts its own environment in for ${{…}}.
# InfluxDB 2 and 3 take a token: leave out user and password, and add
#     jsonData:       httpHeaderName1: Authorization
#     secureJsonData: httpHeaderValue1: "Token ${{EGRET_INFLUX_TOKEN}}"
apiVersion: 1
datasources:
  - name: {SOURCE_NAME}
    uid: {SOURCE.uid}
    type: {SOURCE.type}
    access: proxy
    url: "${{EGRET_INFLUX_URL}}"
    user: "${{EGRET_INFLUX_USER}}"
    editable: false
    jsonData:
      dbName: "${{EGRET_INFLUX_DATABASE}}"
      httpMode: POST
      maxSeries: {SERIES_MOST}
    secureJsonData:
      password: "${{EGRET_INFLUX_PASSWORD}}"
"""
_PROVIDER = f"""\
# The dashboards as they come; `egret grafana build` makes them. In Grafana they cannot be saved over: "Save as" a copy,
# and bring it back into files with `egret grafana export`.
apiVersion: 1
providers:
  - name: egret
    folder: {FOLDER_TITLE}
    folderUid: {FOLDER_UID}
    type: file
    disableDeletion: true
    allowUiUpdates: false
    options:
      path: "${{EGRET_DASHBOARDS}}"
"""
_POINT = f"""\
# What Grafana's own alerting finds becomes a case of ours: see docs/operate/reports-in.md. The route to this contact
# point is yours to make: a file with `policies` would replace every route there is.
apiVersion: 1
contactPoints:
  - orgId: 1
    name: {POINT_NAME}
    receivers:
      - uid: {POINT_UID}
        type: webhook
        settings:
          url: "${{EGRET_BOARD_URL}}/api/v1/hooks/grafana"
          httpMethod: POST
          maxAlerts: {ALERTS_MOST}
          hmacConfig:
            secret: "${{EGRET_GRAFANA_SECRET}}"
            header: {SIGNATURE}
            timestampHeader: {TIMESTAMP}
"""


@dataclass(frozen=True, slots=True)
class Influx:
    """The store as Grafana reaches it. `user` and `token` are empty where it asks for none."""

    url: str
    database: str
    user: str = ""
    password: str = ""
    token: str = ""


def files() -> Mapping[str, bytes]:
    """By their path in the folder `provisioning`."""
    texts = {
        "provisioning/datasources/egret.yaml": _SOURCE,
        "provisioning/dashboards/egret.yaml": _PROVIDER,
        "provisioning/alerting/egret.yaml": _POINT,
    }
    return {name: text.encode() for name, text in texts.items()}


def data_source(influx: Influx) -> dict[str, Json]:
    """For the API, without what is secret."""
    settings: dict[str, Json] = {"dbName": influx.database, "httpMode": "POST", "maxSeries": SERIES_MOST}
    if influx.token:
        settings["httpHeaderName1"] = "Authorization"
    return {
        "name": SOURCE_NAME,
        "uid": SOURCE.uid,
        "type": SOURCE.type,
        "access": "proxy",
        "url": influx.url,
        "user": influx.user,
        "jsonData": settings,
    }


def source_secrets(influx: Influx) -> dict[str, Json]:
    """Grafana keeps them and never gives them back."""
    secrets: dict[str, Json] = {}
    if influx.password:
        secrets["password"] = influx.password
    if influx.token:
        secrets["httpHeaderValue1"] = f"Token {influx.token}"
    return secrets


def contact_point(board: str, hook: str, secret: str) -> dict[str, Json]:
    """For the API; `secret` is empty where it is only compared."""
    proof: dict[str, Json] = {"header": SIGNATURE, "timestampHeader": TIMESTAMP}
    if secret:
        proof["secret"] = secret
    settings: dict[str, Json] = {
        "url": f"{board.rstrip('/')}/api/v1/hooks/{hook}",
        "httpMethod": "POST",
        "maxAlerts": ALERTS_MOST,
        "hmacConfig": proof,
    }
    return {"uid": POINT_UID, "name": POINT_NAME, "type": "webhook", "settings": settings}
