"""Signed links that nobody issued and codes that nobody gave out, counted by the address they come from.

They have so many bits that nobody finds one by trying. Whoever tries is told to stop and is
named in the log once; one that is right opens all the same, for the whole office behind that address.
"""

import logging
from collections import OrderedDict

from cloud.api.problems import RequestError

MOST = 30
"""Wrong ones of one address within the window; a chat's preview of a cut link is one or two."""
WINDOW_NS = 600 * 10**9
_ADDRESSES_MOST = 1_000
_LOG = logging.getLogger(__name__)


class Guesses:
    """Of one process; the address that was quiet longest is forgotten first."""

    def __init__(self, what: str, fix: str, code: str) -> None:
        """Nobody has guessed. `what` is guessed: "links that were not issued here"."""
        self._what, self._fix, self._code = what, fix, code
        self._since: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, address: str, now_ns: int) -> None:
        """One more. Raises RequestError when they are too many."""
        since_ns, number = self._since.pop(address, (now_ns, 0))
        if now_ns - since_ns >= WINDOW_NS:
            since_ns, number = now_ns, 0
        self._since[address] = since_ns, number + 1
        if len(self._since) > _ADDRESSES_MOST:
            self._since.popitem(last=False)
        if number < MOST:
            return
        if number == MOST:
            _LOG.warning("%s tries %s [%s]", address, self._what, self._code)
        raise RequestError(f"too many {self._what}.", status=429, fix=self._fix, code=self._code)
