"""The few calls of Grafana's HTTP API that `egret grafana apply` and `export` make, everything by uid.

Nothing here deletes, and nothing touches notification policies: `PUT /policies` replaces every route that somebody
made. Why no client library: docs/decisions/0009-grafana.md.
"""

import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import httpx
import msgspec

from cloud.grafana.model import Json
from wire.errors import EgretError, NotAuthorised, Unreachable

T = TypeVar("T")
Document: TypeAlias = dict[str, Any]
"""A JSON object of somebody else's: compared and handed on, never believed."""

TIMEOUT_S = 30.0
_FREE = {"X-Disable-Provenance": "true"}
"""What comes by the API stays editable in Grafana."""


class Health(msgspec.Struct, frozen=True):
    """Of GET /api/health."""

    version: str = ""


class Folder(msgspec.Struct, frozen=True):
    """One folder."""

    uid: str
    title: str


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """What Grafana says about a dashboard. A provisioned one comes from a file, and cannot be saved."""

    folder_uid: str = ""
    folder_title: str = ""
    provisioned: bool = False


class Stored(msgspec.Struct, frozen=True):
    """A dashboard as Grafana has it."""

    dashboard: Document
    meta: Meta


class _Said(msgspec.Struct, frozen=True):
    message: str = ""


class GrafanaApi:
    """One conversation with one Grafana."""

    def __init__(self, url: str, token: str) -> None:
        """`token` is that of a service account; `url` is Grafana's own, with its sub-path if it has one."""
        self.url = url.rstrip("/")
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        # The machine's own authorities, so that a Grafana on an intranet can have a certificate of its city's.
        verify = ssl.create_default_context()
        self._http = httpx.Client(
            base_url=f"{self.url}/api", headers=headers, timeout=TIMEOUT_S, verify=verify, trust_env=False
        )

    def __enter__(self) -> Self:
        """Connects at the first call."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnects."""
        self._http.close()

    def health(self) -> Health:
        """Which Grafana answers."""
        return self._read(self._ask("GET", "/health"), Health)

    def folder(self, uid: str) -> Folder | None:
        """None when there is none."""
        return self._find(f"/folders/{uid}", Folder)

    def create_folder(self, folder: Folder) -> None:
        """Under no other folder."""
        self._ask("POST", "/folders", msgspec.to_builtins(folder))

    def data_source(self, uid: str) -> Document | None:
        """Without its secrets; None when there is none."""
        return self._find(f"/datasources/uid/{uid}", Document)

    def create_data_source(self, source: Mapping[str, Json]) -> None:
        """A new one."""
        self._ask("POST", "/datasources", source)

    def update_data_source(self, uid: str, source: Mapping[str, Json]) -> None:
        """Secrets that are not in it stay as they are."""
        self._ask("PUT", f"/datasources/uid/{uid}", source)

    def dashboard(self, uid: str) -> Stored | None:
        """None when there is none."""
        return self._find(f"/dashboards/uid/{uid}", Stored)

    def save_dashboard(self, dashboard: Mapping[str, Json], folder: str, message: str) -> None:
        """New, or over the one of the same uid."""
        body: dict[str, Json] = {"dashboard": {**dashboard, "id": None}, "folderUid": folder, "message": message}
        self._ask("POST", "/dashboards/db", {**body, "overwrite": True})

    def contact_points(self) -> Sequence[Document]:
        """All, their secrets blotted out."""
        return self._read(self._ask("GET", "/v1/provisioning/contact-points"), list[Document])

    def create_contact_point(self, point: Mapping[str, Json]) -> None:
        """A new one, with its uid."""
        self._ask("POST", "/v1/provisioning/contact-points", point, _FREE)

    def update_contact_point(self, uid: str, point: Mapping[str, Json]) -> None:
        """Over the one of this uid."""
        self._ask("PUT", f"/v1/provisioning/contact-points/{uid}", point, _FREE)

    def _find(self, path: str, kind: type[T]) -> T | None:
        answer = self._send("GET", path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._read(self._good(answer, path), kind)

    def _ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self._good(self._send(method, path, body, headers), path)

    def _send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, json=body, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            fix = "check --url and that Grafana runs."
            what = f"Grafana does not answer: {error}."
            raise Unreachable(what, where=self.url, fix=fix, code="E-GRAF-020") from error

    def _good(self, answer: httpx.Response, path: str) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            said = msgspec.json.decode(answer.content, type=_Said).message
        except msgspec.MsgspecError:
            said = answer.text.strip()[:200]
        what = f"Grafana answers {answer.status_code} to {answer.request.method} {path}: {said or 'nothing'}."
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            fix = "give the service account the role Admin, or the right to write what --dry-run lists."
            raise NotAuthorised(what, where=self.url, fix=fix, code="E-GRAF-021")
        raise EgretError(what, where=self.url, fix="see Grafana's log.", code="E-GRAF-022")

    def _read(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            what = f"this is no answer of Grafana: {error}."
            fix = "check that --url is Grafana's own address, with its sub-path."
            raise EgretError(what, where=self.url, fix=fix, code="E-GRAF-023") from error
