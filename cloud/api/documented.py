"""The OpenAPI document, completed: every route may answer with a problem, and 405 says what is allowed."""

import re
from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import MutableScopeHeaders
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

_METHODS = ("get", "post", "put", "patch", "delete")
_TEXT = {"type": "string"}
_PROBLEM = {
    "description": "What happened, where, and what to do; `code` is stable",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "title": "Problem",
                "properties": {
                    "status": {"type": "integer"},
                    **dict.fromkeys(("title", "detail", "what", "where", "fix", "code"), _TEXT),
                },
                "required": ["status", "title", "detail", "what", "where", "fix", "code"],
            }
        }
    },
}
"""What an operation answers when it does not do what was asked."""


class Documented(JsonRenderPlugin):
    """The document as Litestar makes it when it is first asked for, and a problem (RFC 9457) in every operation."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """As JSON."""
        for path in openapi_schema["paths"].values():
            for operation in (path[method] for method in _METHODS if method in path):
                operation["responses"].pop("400", None)
                operation["responses"]["default"] = _PROBLEM
        return super().render(request, openapi_schema)


def allowance(app: Litestar) -> BeforeMessageSendHookHandler:
    """Adds `Allow` to every 405, and to what OPTIONS answers. Source: RFC 9110, §15.5.6 and §9.3.7."""
    routes = [
        (re.compile("/?".join([re.sub(r"\{[^}]+\}", "[^/]+", route.path.rstrip("/")), "$"])), route)
        for route in app.routes
    ]

    async def allow(message: Message, scope: Scope) -> None:
        is_asked = message["type"] == "http.response.start" and (
            message["status"] == 405 or scope.get("method") == "OPTIONS"
        )
        if is_asked:
            found = [route for pattern, route in routes if pattern.match(scope["path"])]
            methods = sorted({method for route in found for method in getattr(route, "methods", ())})
            MutableScopeHeaders.from_message(message)["Allow"] = ", ".join(methods)

    return allow
