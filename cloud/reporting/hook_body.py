"""The body of an incoming webhook: bounded before it is read, and JSON of a known shape or refused."""

from collections.abc import Sized
from typing import TypeVar

import msgspec

from cloud.reporting import report_text
from cloud.reporting.reports import HookRefused

SIZE_MAX = 256 * 1024
"""Bytes of one body."""

REPORTS_MAX = 100
"""Reports in one body."""

T = TypeVar("T")


def require_size(body: bytes) -> None:
    """Raises HookRefused. Asked before the proof: nobody makes us hash megabytes."""
    if len(body) > SIZE_MAX:
        what = f"the body has {len(body)} bytes, the limit is {SIZE_MAX}."
        raise HookRefused(what, status=413, fix="send fewer reports at once.", code="E-HOOKIN-001")


def text(body: bytes) -> str:
    """The body as text, as some signatures want it. Raises HookRefused."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("it is not UTF-8") from error


def decoded(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """The body as the decoder's type. Raises HookRefused.

    Of a key that is written twice the last value counts. NaN, numbers beyond a double, halves of
    surrogate pairs and what is no UTF-8 are refused.
    """
    try:
        return decoder.decode(body)
    except RecursionError as error:
        raise _unreadable("it is nested too deep") from error
    except UnicodeDecodeError as error:
        raise _unreadable("it is not UTF-8") from error
    except msgspec.DecodeError as error:
        raise _unreadable(report_text.line(str(error), 200)) from error


def _unreadable(why: str) -> HookRefused:
    what = f"the body cannot be read: {why}."
    return HookRefused(what, status=400, fix="compare it with the example of this kind of hook.", code="E-HOOKIN-005")


def require_few(reports: Sized, fix: str) -> None:
    """Raises HookRefused; `fix` is what the sender can do."""
    if len(reports) > REPORTS_MAX:
        what = f"there are {len(reports)} reports in one body, the limit is {REPORTS_MAX}."
        raise HookRefused(what, status=413, fix=fix, code="E-HOOKIN-006")
