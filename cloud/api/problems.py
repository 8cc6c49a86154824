"""Errors as people and programs get them over HTTP: `application/problem+json` (RFC 9457).

Beside the members of the RFC each problem carries ours: `what`, `where`, `fix`, and the stable `code`.
"""

import logging

from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin

from cloud.access.accounts import AccountError, AccountExists, NoSuchAccount
from cloud.access.actor import NotAllowed
from cloud.access.logins import LoginLocked, LoginRefused
from cloud.access.passwords import BadPassword
from wire.errors import CaseClosed, EgretError, NoSuchCase, Unavailable

_LOG = logging.getLogger(__name__)


class RequestError(EgretError):
    """A request we do not answer; `status` is the HTTP status code that says so."""

    def __init__(self, what: str, *, status: int, where: str = "", fix: str = "", code: str) -> None:
        """`status` 400..499."""
        super().__init__(what, where=where, fix=fix, code=code)
        self.status = status


_STATUS: dict[type[EgretError], int] = {
    Unavailable: 503,
    NoSuchCase: 404,
    CaseClosed: 409,
    NotAllowed: 403,
    LoginRefused: 401,
    LoginLocked: 429,
    BadPassword: 400,
    AccountError: 400,
    NoSuchAccount: 404,
    AccountExists: 409,
}


def plugin() -> ProblemDetailsPlugin:
    """Turns whatever a route raises into a problem."""
    return ProblemDetailsPlugin(
        ProblemDetailsConfig(
            exception_to_problem_detail_map={EgretError: _expected, HTTPException: _refused, Exception: _defect}
        )
    )


def _expected(error: EgretError) -> ProblemDetailsException:
    return _problem(error.status if isinstance(error, RequestError) else _STATUS.get(type(error), 500), error)


def _refused(error: HTTPException) -> ProblemDetailsException:
    """Litestar's own refusals: no such path, a parameter that is missing or no number."""
    what = "there is nothing at this address" if error.status_code == 404 else error.detail
    if isinstance(error.extra, list):
        what += ": " + "; ".join(f"{item.get('key', '')}: {item.get('message', '')}" for item in error.extra)
    code = {400: "E-API-005", 404: "E-API-004", 405: "E-API-004"}.get(error.status_code, "E-API-006")
    return _problem(error.status_code, EgretError(what, fix="see /api/v1/openapi.json", code=code))


def _defect(error: Exception) -> ProblemDetailsException:
    _LOG.error("a request failed in a way nobody expected [E-API-007]", exc_info=error)
    fix = "see the cloud's log and report it"
    return _problem(500, EgretError("this is a defect of Egret", fix=fix, code="E-API-007"))


def _problem(status: int, error: EgretError) -> ProblemDetailsException:
    extra = {"what": error.what, "where": error.where, "fix": error.fix, "code": error.code}
    return ProblemDetailsException(
        status_code=status, title=error.what, detail=str(error), extra=extra, headers=_headers(status, error)
    )


def _headers(status: int, error: EgretError) -> dict[str, str]:
    """What RFC 9110 wants beside a status."""
    if isinstance(error, LoginLocked):
        return {"Retry-After": str(error.wait_s)}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else {}
