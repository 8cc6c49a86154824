"""How long to wait before trying again: doubling, capped, with jitter."""

from collections.abc import Iterator
from random import Random


def delays(first_s: float, most_s: float, rng: Random) -> Iterator[float]:
    """Seconds, for ever: between half and the whole of first, 2·first, 4·first … most.

    The jitter keeps a thousand boxes from knocking in step after a broker's restart.
    """
    delay = first_s
    while True:
        yield delay * (0.5 + rng.random() / 2)
        delay = min(2 * delay, most_s)
