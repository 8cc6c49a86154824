"""How lists are paged and acts are repeated: `Link`, `ETag`, `If-Match`, `Idempotency-Key`.

A list is a JSON array. When there is more, the header `Link` has the address of the next page
(RFC 8288). A case's `ETag` is its version (RFC 9110, §8.8.3): an act with `If-Match` is done only to
the version that its actor saw. An act that is sent again with the same `Idempotency-Key` is not done
twice (draft-ietf-httpapi-idempotency-key-header-06).
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from litestar import Request, Response

from cloud.access.actor import Actor
from cloud.api.problems import RequestError
from cloud.cases.case_flow import Case
from cloud.tables.once import Once

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

BIGGEST = 2**63 - 1
"""Of whole numbers that a ledger compares with: a time in ns, or an id."""
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def page(found: Sequence[T], limit: int, request: AnyRequest, last: str) -> Response[list[T]]:
    """A page; `last` is the cursor behind its last item."""
    headers = {"Link": following(request, last)} if found and len(found) >= limit else {}
    return Response(list(found), headers=headers)


def following(request: AnyRequest, last: str) -> str:
    """What the header `Link` says of the page behind `last`."""
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "after"]
    return f'<{request.url.path}?{urlencode([*query, ("after", last)])}>; rel="next"'


def etag(case: Case) -> str:
    """The case's version as an entity tag."""
    return f'"{case.version}"'


def seen_version(request: AnyRequest) -> int | None:
    """The version in `If-Match`, None when any will do. Raises RequestError."""
    given = request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    found = _ETAG.fullmatch(given)
    if found is None:
        what = f"If-Match {given[:40]!r} is no version of a case."
        raise RequestError(what, status=400, fix="send the ETag of the case as it is.", code="E-API-014")
    return int(found[1])


async def repeat_of(request: AnyRequest, actor: Actor) -> Once | None:
    """What makes a repetition harmless, when the client wants that. Raises RequestError."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        fix = "send 1 to 128 visible ASCII characters, such as a UUID."
        raise RequestError("the Idempotency-Key cannot be used.", status=400, fix=fix, code="E-API-015")
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Once(key, actor.name, hashlib.sha256(asked).hexdigest())
