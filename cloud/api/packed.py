"""Answers that stay the same for long: sent compressed, and once to whoever has them already."""

import gzip
import hashlib
from typing import Any

import msgspec
from litestar import Request, Response

AnyRequest = Request[Any, Any, Any]
JSON = "application/json"
_MOST_PACKED = 9
"""Of files: made once."""
_FAST = 1
"""Of what is made anew for an answer: a third larger, and ten times as fast."""


class Packed(msgspec.Struct, frozen=True):
    """A body, the same compressed, and its entity tag (RFC 9110, §8.8.3)."""

    body: bytes
    zipped: bytes
    media_type: str
    etag: str


def pack(body: bytes, media_type: str = JSON, *, is_made_once: bool = False) -> Packed:
    """Compressed as far as it goes when it is made once, quickly otherwise."""
    zipped = gzip.compress(body, _MOST_PACKED if is_made_once else _FAST, mtime=0)
    return Packed(body, zipped, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def answer(packed: Packed, request: AnyRequest) -> Response[bytes]:
    """The body as this client takes it, or 304 when it has it."""
    headers = {"ETag": packed.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if packed.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=packed.media_type)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(packed.body, headers=headers, media_type=packed.media_type)
    return Response(packed.zipped, headers=headers | {"Content-Encoding": "gzip"}, media_type=packed.media_type)
