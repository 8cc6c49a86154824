"""How long a broker that owes an answer may be silent before its connection is taken for dead.

A network that forgets a connection tells neither side (half-open TCP), and MQTT's keepalive needs half a minute to
notice. Here it is noticed within seconds, by what was heard and not by time alone: silence counts only while an answer
is due, any byte ends it, a broker that is slow to store is asked (PINGREQ) before it is given up, and a slow link has
the time that it usually takes, and what the message needs at 64 kbit/s. Nothing is sent on an idle SIM card.
"""

LINK_BYTES_S = 8_000
"""64 kbit/s: the slowest link that a large message need not fear."""
MOST_S = 30.0
"""No silence is borne longer (judgement): a message of 256 KiB has as much more as it needs."""
_FORGETS = 0.95
"""What an answer once took counts for less with every one that came sooner."""
_STRAINED_S = 3600.0
_FACTOR_MOST = 8


class Patience:
    """Of one client, for its connections one after another. `least_s`: with a link that answers at once."""

    def __init__(self, least_s: float) -> None:
        """Nothing is known of the link."""
        self._least_s = least_s
        self._usual_s = 0.0
        self._factor, self._strained_until_s = 1, 0.0

    def answered(self, seconds: float, size: int = 0) -> None:
        """What so many bytes had to wait for their answer."""
        self._usual_s = max(seconds - size / LINK_BYTES_S, _FORGETS * self._usual_s)

    def lasts_s(self, now_s: float, size: int) -> float:
        """So much silence is borne while the largest message that waits for its PUBACK is of so many bytes."""
        return min(MOST_S, self._strain(now_s) * (self._least_s + 2 * self._usual_s)) + size / LINK_BYTES_S

    def end(self, now_s: float) -> None:
        """A connection was given up. Were it for nothing, it must not be so again: it is twice as long for an hour."""
        self._factor = min(_FACTOR_MOST, 2 * self._strain(now_s))
        self._strained_until_s = now_s + _STRAINED_S

    def _strain(self, now_s: float) -> int:
        return self._factor if now_s < self._strained_until_s else 1


class Silence:
    """Of one connection."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._looked_s: float | None = None
        self.seconds = 0.0

    def look(self, now_s: float, most_s: float, *, is_due: bool, is_news: bool) -> None:
        """Something is due, something was heard: since the last look. A look counts for `most_s` at most.

        A process that was itself frozen, or busy, has heard nothing because it did not listen.
        """
        passed_s = 0.0 if self._looked_s is None else min(now_s - self._looked_s, most_s)
        self._looked_s = now_s if is_due else None
        self.seconds = 0.0 if is_news or not is_due else self.seconds + passed_s
