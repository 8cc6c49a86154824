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
from cloud.alarming.alarmwork import NoSuchSensor
from cloud.city.case_codes import NoSuchCode
from cloud.city.mode import ModeError
from cloud.fleet.askbook import NoSuchAsk, TooManyAsks
from cloud.fleet.claimbook import ClaimOver, NoSuchClaim
from cloud.fleet.fleetbook import NoSuchBox, StaleDesired
from cloud.handover.bundle import BadBundle
from cloud.notices.action_links import LinkRefused
from cloud.photos import NoSuchPhoto
from cloud.reporting.reports import HookRefused
from cloud.tables.alarm_history import BadCursor
from cloud.tables.once import KeyUsed
from wire.claim import EnrolmentError
from wire.errors import (
    AlarmError,
    BadAct,
    CaseError,
    CheckFailed,
    DesiredRefused,
    EgretError,
    NoSuchAlarm,
    NoSuchCase,
    Rejected,
    StaleCase,
    Unavailable,
)
from wire.picture import PhotoRefused

_LOG = logging.getLogger(__name__)


class RequestError(EgretError):
    """A request we do not answer; `status` is the HTTP status code that says so."""

    def __init__(self, what: str, *, status: int, where: str = "", fix: str = "", code: str) -> None:
        """`status` 400..499."""
        super().__init__(what, where=where, fix=fix, code=code)
        self.status = status


_STATUS: dict[type[EgretError], int] = {
    Unavailable: 503,
    Rejected: 422,
    AlarmError: 409,
    BadCursor: 400,
    NoSuchAlarm: 404,
    NoSuchSensor: 422,
    CaseError: 409,
    NoSuchCase: 404,
    NoSuchCode: 422,
    BadAct: 422,
    StaleCase: 412,
    ModeError: 422,
    DesiredRefused: 422,
    NoSuchBox: 404,
    StaleDesired: 409,
    NoSuchAsk: 404,
    TooManyAsks: 429,
    EnrolmentError: 422,
    NoSuchClaim: 404,
    ClaimOver: 410,
    KeyUsed: 422,
    LinkRefused: 404,
    PhotoRefused: 422,
    NoSuchPhoto: 404,
    BadBundle: 422,
    CheckFailed: 422,
    NotAllowed: 403,
    LoginRefused: 401,
    LoginLocked: 429,
    BadPassword: 400,
    AccountError: 400,
    NoSuchAccount: 404,
    AccountExists: 409,
}
"""Of a class and of those derived from it that have none of their own."""
_OF_CODE = {"E-LINKS-001": 410, "E-HANDOVER-003": 413, "E-PHOTO-001": 413, "E-PHOTO-002": 415, "E-PHOTO-005": 415}
"""Where one class has several: a link that has expired; a photo that is too large, or no photo at all."""
_OF_THE_MACHINE = frozenset({"E-LEDG-001", "E-LEDG-003", "E-PHOTO-007"})
"""Errors whose words are those of a database or a file system."""


def plugin() -> ProblemDetailsPlugin:
    """Turns whatever a route raises into a problem."""
    return ProblemDetailsPlugin(
        ProblemDetailsConfig(
            exception_to_problem_detail_map={
                EgretError: _expected,
                HTTPException: _refused,
                RecursionError: _too_deep,
                Exception: _defect,
            }
        )
    )


def _expected(error: EgretError) -> ProblemDetailsException:
    """What a database said names machines, folders and users of it: that is for the log, and not for whoever asks."""
    if error.code in _OF_THE_MACHINE:
        _LOG.warning("%s", error)
        what, fix = "the cloud cannot do this now.", "try again in a minute; the cloud's log says what is wrong."
        if isinstance(error, Rejected):
            what, fix = "the ledger does not take this.", "report it: the cloud's log says what is wrong."
        return _problem(status_of(error), EgretError(what, fix=fix, code=error.code))
    return _problem(status_of(error), error)


def status_of(error: EgretError) -> int:
    """The HTTP status code that says it."""
    if isinstance(error, RequestError | HookRefused):
        return error.status
    of_class = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    return _OF_CODE.get(error.code, of_class)


def _refused(error: HTTPException) -> ProblemDetailsException:
    """Litestar's own refusals: no such path, a parameter that is missing or no number."""
    what = "there is nothing at this address" if error.status_code == 404 else error.detail
    if isinstance(error.extra, list):
        what += ": " + "; ".join(f"{item.get('key', '')}: {item.get('message', '')}" for item in error.extra)
    code = {400: "E-API-005", 404: "E-API-004", 405: "E-API-004"}.get(error.status_code, "E-API-006")
    return _problem(error.status_code, EgretError(what, fix="see /api/v1/openapi.json", code=code))


def _too_deep(_: Exception) -> ProblemDetailsException:
    """JSON of a hundred thousand brackets: nothing of ours is nested deeper than a few."""
    return _problem(400, EgretError("the body is nested too deep", fix="see /api/v1/openapi.json", code="E-API-005"))


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
