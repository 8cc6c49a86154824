"""A stand-in for Grafana's HTTP API: keeps what it is given as Grafana does, and every request it got.

What it does not know it refuses with 418, so that a call nobody thought of fails its test. It is no Grafana: it shows
what we send and in which order, never how Grafana shows it.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_of-a-service-account"
Document = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request; `body` is None for none."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]

    @property
    def said(self) -> str:
        """`POST /api/folders`."""
        return f"{self.method} {self.path}"


@dataclass
class Standin:
    """What this Grafana has. Dashboards are (document, meta)."""

    url: str = ""
    version: str = "13.2.3"
    folders: dict[str, Document] = field(default_factory=dict)
    sources: dict[str, Document] = field(default_factory=dict)
    dashboards: dict[str, tuple[Document, Document]] = field(default_factory=dict)
    points: list[Document] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @property
    def writes(self) -> list[Call]:
        """Everything that is no question."""
        return [call for call in self.calls if call.method != "GET"]

    def answer(self, call: Call) -> tuple[int, Any]:  # noqa: C901, PLR0911 - one case a route
        """Status and body."""
        if call.headers.get("authorization") != f"Bearer {TOKEN}" and call.path != "/api/health":
            return 401, {"message": "Invalid API key"}
        parts = call.path.removeprefix("/api/").split("/")
        match call.method, parts:
            case "GET", ["health"]:
                return 200, {"database": "ok", "version": self.version}
            case "GET", ["folders", uid]:
                return found(self.folders.get(uid))
            case "POST", ["folders"]:
                self.folders[call.body["uid"]] = call.body
                return 200, call.body
            case "GET", ["datasources", "uid", uid]:
                return found(self.sources.get(uid))
            case ("POST", ["datasources"]) | ("PUT", ["datasources", "uid", _]):
                kept = {key: value for key, value in call.body.items() if key != "secureJsonData"}
                self.sources[call.body["uid"]] = {"id": 7, "readOnly": False, "isDefault": False, **kept}
                return 200, {"message": "Datasource saved"}
            case "GET", ["dashboards", "uid", uid]:
                known = self.dashboards.get(uid)
                return found(known and {"dashboard": known[0], "meta": known[1]})
            case "POST", ["dashboards", "db"]:
                return self._save(call.body)
            case "GET", ["v1", "provisioning", "contact-points"]:
                return 200, [blotted(point) for point in self.points]
            case "POST", ["v1", "provisioning", "contact-points"]:
                self.points.append(call.body | {"provenance": provenance(call)})
                return 202, call.body
            case "PUT", ["v1", "provisioning", "contact-points", uid]:
                others = [point for point in self.points if point["uid"] != uid]
                self.points = [*others, call.body | {"provenance": provenance(call)}]
                return 202, {"message": "contactpoint updated"}
        return 418, {"message": f"the stand-in does not know {call.said}"}

    def _save(self, body: Document) -> tuple[int, Any]:
        document: Document = body["dashboard"]
        before = self.dashboards.get(document["uid"])
        version = before[0]["version"] + 1 if before else 1
        meta = {"folderUid": body["folderUid"], "folderTitle": self.folders[body["folderUid"]]["title"]}
        self.dashboards[document["uid"]] = document | {"id": len(self.dashboards) + 1, "version": version}, meta
        return 200, {"status": "success", "uid": document["uid"], "version": version}


def found(what: Document | None) -> tuple[int, Any]:
    """Grafana's 404 has a message."""
    return (200, what) if what else (404, {"message": "not found"})


def provenance(call: Call) -> str:
    """What comes by the API is locked in the pages of Grafana, unless it says otherwise."""
    return "" if call.headers.get("x-disable-provenance") == "true" else "api"


def blotted(point: Document) -> Document:
    """As Grafana gives a contact point back."""
    copy: Document = json.loads(json.dumps(point))
    if "secret" in copy["settings"].get("hmacConfig", {}):
        copy["settings"]["hmacConfig"]["secret"] = "[REDACTED]"
    return copy


@contextmanager
def standing_in() -> Iterator[Standin]:
    """On a free port of 127.0.0.1."""
    standin = Standin()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, self.path, body, headers)
            standin.calls.append(call)
            status, document = standin.answer(call)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    standin.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield standin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
