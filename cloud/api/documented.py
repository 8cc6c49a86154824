"""The OpenAPI document, completed: every route may answer with a problem, and 405 says what is allowed."""

import re
from typing import Any

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, PathItem, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

_METHODS = ("get", "post", "put", "patch", "delete")


def document_problems(app: Litestar) -> None:
    """Adds to every operation what it answers when it does not do what was asked (RFC 9457)."""
    text = Schema(type=OpenAPIType.STRING)
    problem = Schema(
        type=OpenAPIType.OBJECT,
        title="Problem",
        properties={
            "status": Schema(type=OpenAPIType.INTEGER),
            **dict.fromkeys(("title", "detail", "what", "where", "fix", "code"), text),
        },
        required=["status", "title", "detail", "what", "where", "fix", "code"],
    )
    said = OpenAPIResponse(
        description="What happened, where, and what to do; `code` is stable",
        content={"application/problem+json": OpenAPIMediaType(schema=problem)},
    )
    for path in (app.openapi_schema.paths or {}).values():
        for operation in _operations(path):
            operation.responses = {
                status: answer for status, answer in (operation.responses or {}).items() if status != "400"
            } | {"default": said}


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


def _operations(path: PathItem) -> list[Any]:
    return [operation for method in _METHODS if (operation := getattr(path, method))]
