"""How much of one kind is under way at once: what goes on for minutes or holds megabytes has an end.

Each stream of events is told everything by itself, and each photo that comes in is held whole; one account, or one
link, that opens a thousand of them must not take the rest from the others.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from cloud.api.problems import RequestError


class Crowd:
    """Of one process: at most `most` together, and `of_one` of each."""

    def __init__(self, what: str, *, most: int, of_one: int) -> None:
        """`what` they are, in the plural, for whoever is refused."""
        self._what, self._most, self._of_one = what, most, of_one
        self._under_way: Counter[str] = Counter()

    def has_room(self, who: str) -> bool:
        """Is one more not one too many?"""
        return self._under_way[who] < self._of_one and self._under_way.total() < self._most

    def require_room(self, who: str) -> None:
        """Raises RequestError."""
        if not self.has_room(who):
            what, fix = f"too many {self._what} at once.", "end one that is open, or try again in a minute."
            raise RequestError(what, status=429, fix=fix, code="E-API-020")

    @contextmanager
    def joined(self, who: str) -> Iterator[None]:
        """One more, as long as the block runs."""
        self._under_way[who] += 1
        try:
            yield
        finally:
            self._under_way[who] -= 1
            self._under_way += Counter()  # who has none left is forgotten
