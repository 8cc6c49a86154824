"""What a device shows while one looks at it: values, how much they vary, and how well the line works."""

import math
import statistics
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wire.addresses import BLE
from wire.errors import DeviceRefused, FrameError, SourceError
from wire.expression import ExpressionError
from wire.fields import decode_message
from wire.profile import LinkKind, Profile
from wire.registers import Value, decode_block

RECENT = 600
"""Samples that mean and deviation are of."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One value: the last, the mean and deviation of the recent ones (NaN where it is no number)."""

    name: str
    last: Value
    unit: str
    mean: float
    sigma: float


@dataclass
class Watch:
    """Of one device."""

    profile: Profile
    polls: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """By what went wrong: damaged, silent, refused."""
    last_failure: SourceError | None = None
    dropped: int = 0
    """Bytes of one that speaks by itself that were no message."""
    _took_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _recent: dict[str, deque[float]] = field(default_factory=dict)
    _values: dict[str, Value] = field(default_factory=dict)

    def answered(self, part: str, answer: Sequence[int] | bytes, took_s: float) -> None:
        """One good poll: a block's registers, or a message's bytes. Raises SourceError where this is another model."""
        self._took_s.append(took_s)
        self.heard(part, answer)

    def heard(self, part: str, answer: Sequence[int] | bytes) -> None:
        """The same of a device that speaks by itself."""
        self.polls += 1
        if isinstance(answer, bytes):
            self._values |= decode_message(self.profile, part, answer)
        else:
            self._values |= decode_block(self.profile, part, answer)
        for derived in self.profile.derived:
            try:
                value = derived.expression(self._values)
            except ExpressionError:
                continue
            self._values[derived.name] = value if isinstance(value, float | str | bool) else None
        for name, shown in self._values.items():
            if isinstance(shown, float):
                self._recent.setdefault(name, deque(maxlen=RECENT)).append(shown)

    def failed(self, error: SourceError) -> None:
        """One poll without a value."""
        self.polls += 1
        self.last_failure = error
        kinds = {FrameError: "damaged", DeviceRefused: "refused"}
        self.failures[next((word for kind, word in kinds.items() if isinstance(error, kind)), "silent")] += 1

    @property
    def speaks(self) -> bool:
        """Is it listened to, not asked?"""
        return self.profile.link.kind in (LinkKind.SERIAL_STREAM, *BLE)

    @property
    def round_trip_ms(self) -> float:
        """The median from request to reply, in ms; NaN before the first."""
        return 1000 * statistics.median(self._took_s) if self._took_s else math.nan

    def shown(self) -> list[Shown]:
        """All values, in the order of the profile."""
        units: Mapping[str, str] = {
            **{point.name: point.unit for point in self.profile.points},
            **{derived.name: derived.unit for derived in self.profile.derived},
        }
        return [
            Shown(name, value, units.get(name, ""), *_spread(self._recent.get(name, ())))
            for name, value in self._values.items()
        ]


def _spread(recent: Sequence[float] | deque[float]) -> tuple[float, float]:
    if not recent:
        return math.nan, math.nan
    return statistics.fmean(recent), statistics.pstdev(recent)
