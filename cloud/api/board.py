"""The board's files, and the headers that keep a page here from loading or sending anything elsewhere."""

import base64
import hashlib
import logging
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path

from litestar import Response, Router, route
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import BeforeMessageSendHookHandler, Message, Scope
from msgspec.structs import replace

from cloud.api import packed
from cloud.api.doors import PUBLIC
from cloud.api.packed import AnyRequest, Packed

FOLDER = Path(__file__).parent.parent / "board"

_LOG = logging.getLogger(__name__)


def router() -> Router:
    """The board at `/`. Without its third-party modules the API works all the same, and the log says so."""
    if not (FOLDER / "modules" / "stamp.txt").is_file():
        _LOG.warning("the board's modules are missing. fix: python scripts/build_board.py [E-API-008]")
    files = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
    made = {name: packed.pack(path.read_bytes(), _media_type(path), is_made_once=True) for name, path in files.items()}
    made["index.html"] = replace(made["index.html"], etag=_tag_of_all(made))

    @route(["/", "/{name:path}"], http_method=["GET", "HEAD"], include_in_schema=False, sync_to_thread=False)
    def file(request: AnyRequest, name: FromPath[str] = "") -> Response[bytes]:
        """One file, as it was when the cloud started."""
        found = made.get(name.strip("/") or "index.html")
        if found is None:
            raise NotFoundException(detail=f"there is no {name!r} here")
        return packed.answer(found, request)

    return Router("/", route_handlers=[file], opt=PUBLIC)


def _tag_of_all(files: Mapping[str, Packed]) -> str:
    """The page is another when any of its files is: by this an open board knows that it was upgraded."""
    tags = "".join(files[name].etag for name in sorted(files))
    return f'"{hashlib.sha256(tags.encode()).hexdigest()[:32]}"'


def _media_type(path: Path) -> str:
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") or path.suffix in {".js", ".json"} else guessed


def confinement(*, is_https: bool) -> BeforeMessageSendHookHandler:
    """Adds to every response the headers that confine a page to this server.

    The one inline script that is allowed is the import map of index.html, by its hash. A page that
    brings a policy of its own keeps it. A browser that has seen us over TLS comes by nothing else for a
    year (RFC 6797).
    """
    policy = (
        f"default-src 'none'; script-src 'self' '{_import_map_hash()}'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    async def confine(message: Message, _: Scope) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            headers.setdefault("Content-Security-Policy", policy)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            if is_https:
                headers["Strict-Transport-Security"] = "max-age=31536000"

    return confine


def _import_map_hash() -> str:
    """As a CSP source expression. Source: Content Security Policy Level 3, §2.3.1."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)
    assert found is not None, "index.html has an import map"
    return "sha256-" + base64.b64encode(hashlib.sha256(found.group(1).encode()).digest()).decode()
