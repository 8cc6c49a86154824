"""The ways in for other systems, by name: what each took and refused, and what is said of that.

A sender with a wrong secret tries for ever, and so does a stranger. So a refusal is counted always, and
logged and audited when it is another one than before, and then at most once in ten minutes.
"""

import logging
from collections.abc import Mapping

import msgspec

from cloud.access.actor import Actor, Right, Role
from cloud.ports import Now
from cloud.reporting.reports import Hook, HookRefused, Report

QUIET_NS = 600 * 10**9
_LOG = logging.getLogger(__name__)


class HookState(msgspec.Struct, frozen=True, kw_only=True):
    """How a hook does: messages taken and refused since the start. Times are None for what never happened."""

    name: str
    kind: str
    taken: int = 0
    taken_ns: int | None = None
    refused: int = 0
    refused_ns: int | None = None
    refusal: str = ""


class HookDoor:
    """One way in."""

    def __init__(self, name: str, kind: str, hook: Hook, now: Now) -> None:
        """Nothing has come yet."""
        self.state = HookState(name=name, kind=kind)
        self._hook, self._now = hook, now
        self._code, self._said_ns = "", -QUIET_NS

    def actor(self, address: str) -> Actor:
        """The system as the logs call it; it may file reports and nothing else."""
        scopes = frozenset({Right.POST_REPORTS})
        return Actor(self.state.name, Role.OPERATOR, "token", scopes=scopes, address=address)

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[Report, ...]:
        """Raises HookRefused, which the caller hands to `refuse`."""
        reports = self._hook.read(headers, body, self._now())
        if self._code:
            _LOG.info("hook %s takes messages again, after %d refusals", self.state.name, self.state.refused)
            self._code = ""
        self.state = msgspec.structs.replace(self.state, taken=self.state.taken + 1, taken_ns=self._now())
        return reports

    def refuse(self, error: HookRefused) -> bool:
        """Counts a refusal; is it one to put on record?"""
        now_ns = self._now()
        refused = self.state.refused + 1
        self.state = msgspec.structs.replace(self.state, refused=refused, refused_ns=now_ns, refusal=str(error))
        is_news = error.code != self._code and now_ns - self._said_ns >= QUIET_NS
        if is_news:
            _LOG.warning("hook %s refuses: %s", self.state.name, error)
            self._code, self._said_ns = error.code, now_ns
        return is_news
