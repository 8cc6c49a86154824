"""Bodies of requests, bounded while they come: nobody makes us hold more than we would take."""

import asyncio
from typing import Any

from litestar import Request

from cloud.api.problems import RequestError

AnyRequest = Request[Any, Any, Any]


async def read(request: AnyRequest, most: int, within_s: float, too_large: Exception) -> bytes:
    """The whole body. Raises `too_large` for more than `most` bytes, and RequestError when it takes longer.

    The route must say `request_max_body_size=None`, or Litestar's own limit answers first.
    """
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise too_large
    except TimeoutError as error:
        what = f"the body did not come within {within_s:g} s."
        raise RequestError(what, status=408, fix="send it again.", code="E-API-018") from error
    return bytes(body)
