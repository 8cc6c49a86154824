"""How much a value moved while it was looked at: mean, deviation, drift, and the curve for the report."""

import math
import statistics
from collections.abc import Sequence

import msgspec

DRAWN_MAX = 240
"""Points of a curve in a report: more cannot be seen."""


class Spread(msgspec.Struct, frozen=True):
    """Of one value, in its unit. `drift`: how far the mean of the last third is from that of the first.

    `curve` has at most 240 of the samples, as they came, rounded to millionths.
    """

    unit: str
    mean: float
    sigma: float
    drift: float
    least: float
    most: float
    curve: tuple[float, ...]

    @property
    def moved(self) -> float:
        """What stillness is judged by: noise, or a slow drift that hides in it."""
        return max(self.sigma, abs(self.drift))


def spread_of(samples: Sequence[float], unit: str) -> Spread:
    """Of at least one sample."""
    third = max(1, len(samples) // 3)
    drift = statistics.fmean(samples[-third:]) - statistics.fmean(samples[:third])
    mean = statistics.fmean(samples)
    sigma = math.sqrt(math.fsum((value - mean) ** 2 for value in samples) / len(samples))  # pstdev is 40 times slower
    least, most = round(min(samples), 6), round(max(samples), 6)
    curve = tuple(round(value, 6) for value in thinned(samples))
    return Spread(unit, round(mean, 6), round(sigma, 6), round(drift, 6), least, most, curve)


def thinned(samples: Sequence[float]) -> Sequence[float]:
    """Every so manieth, so that it can be drawn; first and last stay."""
    if len(samples) <= DRAWN_MAX:
        return samples
    return [samples[round(place * (len(samples) - 1) / (DRAWN_MAX - 1))] for place in range(DRAWN_MAX)]
