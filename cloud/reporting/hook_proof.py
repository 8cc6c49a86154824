"""Who sent a webhook: shared secrets, compared in constant time, and times that are not old."""

from collections.abc import Iterable, Mapping
from hmac import compare_digest

from cloud import secret
from cloud.reporting.reports import HookRefused
from wire.errors import ConfigError, Mistake

WINDOW_S = 300
"""A signed message is taken for so long; the sender's clock may be wrong by as much."""

_SECRET_MIN = 16
_TIME = "give the sender's clock and ours a time server (NTP)."


def secrets(*, env: str, file: str, where: str) -> tuple[str, ...]:
    """All secrets that count now, from the variable or file, separated by white space. Raises ConfigError."""
    found = tuple(secret.read(env=env, file=file, where=where).split())
    if not found:
        fix = "name it with secret_env or secret_file, and put at least 16 characters there."
        raise ConfigError([Mistake(where, "this hook has no secret.", fix, "E-HOOKIN-010")])
    if any(len(each) < _SECRET_MIN for each in found):
        what = f"a secret of this hook has fewer than {_SECRET_MIN} characters."
        raise ConfigError([Mistake(where, what, "make one with `openssl rand -base64 32`.", "E-HOOKIN-011")])
    return found


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header that must be there, its name in any case. Raises HookRefused."""
    for key, value in headers.items():
        if key.casefold() == name.casefold() and value.strip():
            return value.strip()
    what = f"the header {name} is missing."
    fix = "switch on the signature or the authorisation at the sender."
    raise HookRefused(what, status=401, fix=fix, code="E-HOOKIN-002")


def require_one_of(found: Iterable[str], expected: Iterable[str], where: str) -> None:
    """One text of `found` must be one of `expected`; the time it takes tells nothing. Raises HookRefused."""
    wanted = [each.encode() for each in expected]
    same = [compare_digest(each.encode(errors="replace"), other) for each in found for other in wanted]
    if not any(same):
        fix = "see that both sides have the same secret, and that nothing between them changes the body."
        raise HookRefused("this is not what our secret makes.", status=401, where=where, fix=fix, code="E-HOOKIN-003")


def require_fresh(seconds: str, now_ns: int, where: str) -> int:
    """The Unix time in seconds of a header, at most five minutes from now. Raises HookRefused."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        what = "this is no Unix time in seconds."
        raise HookRefused(what, status=401, where=where, fix="see the documents of the sender.", code="E-HOOKIN-004")
    time_s = int(seconds)
    age_s = now_ns // 10**9 - time_s
    if abs(age_s) > WINDOW_S:
        what = f"the message is {age_s} s old, between -{WINDOW_S} and {WINDOW_S} s are taken."
        raise HookRefused(what, status=401, where=where, fix=_TIME, code="E-HOOKIN-004")
    return time_s
