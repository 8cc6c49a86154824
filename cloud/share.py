"""Which part of the cloud's work a process does: its lanes, and its share of the boxes.

A city is divided into as many shares as it has ingesters. A box belongs to one share for ever, by its name alone, so
that every process says the same; who works for a share just now is a lease of the ledger's (`cloud/leases.py`).
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from wire.errors import ConfigError, Mistake

SHARES_MAX = 64
_SHARE = re.compile(r"(\d{1,3})/(\d{1,3})")


class Part(StrEnum):
    """What a process can be told to do; the words of `--lanes`."""

    READINGS = "readings"
    ALARMS = "alarms"
    """Alarm events, and what boxes say of themselves."""
    NOTIFY = "notify"
    """What is due by the clock (deadlines, shelves and modes that end), and what the outbox sends."""
    API = "api"


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """The `number`-th of `of` shares, from 1."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        """As `--share` has it."""
        return f"{self.number}/{self.of}"

    def has(self, box: str) -> bool:
        """Is it one of this share's boxes?"""
        return int.from_bytes(blake2b(box.encode(), digest_size=8).digest()) % self.of == self.number - 1


WHOLE = Share()


@dataclass(frozen=True, slots=True)
class Duty:
    """One lane's work for one share: what a lease is for. `notify` is one duty for the whole city."""

    part: Part
    share: Share = WHOLE

    def __str__(self) -> str:
        """`readings 2/4`."""
        return f"{self.part} {self.share}"


@dataclass(frozen=True, slots=True)
class Role:
    """What one process was started for; by itself, everything."""

    parts: frozenset[Part] = field(default=frozenset(Part))
    share: Share = WHOLE

    @property
    def duties(self) -> tuple[Duty, ...]:
        """All that it may do: its own share's, and those of others that nobody does."""
        shares = [Share(number, self.share.of) for number in range(1, self.share.of + 1)]
        by_share = [Duty(part, share) for part in (Part.READINGS, Part.ALARMS) for share in shares]
        return tuple(duty for duty in (*by_share, Duty(Part.NOTIFY)) if duty.part in self.parts)

    def is_own(self, duty: Duty) -> bool:
        """Is it this process' first duty, or one that it does when nobody else does?"""
        return duty.share in (self.share, WHOLE)


def parse_share(text: str) -> Share:
    """Of `2/4`. Raises ConfigError."""
    found = _SHARE.fullmatch(text.strip())
    share = Share(int(found[1]), int(found[2])) if found else Share(0, 0)
    if not 1 <= share.number <= share.of <= SHARES_MAX:
        fix = f"write the number of this process and how many there are, such as 2/4; at most {SHARES_MAX}."
        raise ConfigError([Mistake("--share", f"{text!r} is no share.", fix, "E-CLOUD-021")])
    return share


def parse_parts(text: str) -> frozenset[Part]:
    """Of `readings,alarms`. Raises ConfigError."""
    words = [word.strip() for word in text.split(",")]
    unknown = [word for word in words if word not in set(Part)]
    if unknown:
        fix = f"choose among {', '.join(Part)}."
        raise ConfigError([Mistake("--lanes", f"{unknown[0]!r} is no lane of the cloud's.", fix, "E-CLOUD-022")])
    return frozenset(map(Part, words))


def require_possible(role: Role, store: str, *, is_file: bool) -> None:
    """A store that is a file is one process' own. Raises ConfigError."""
    if not is_file:
        return
    fix = "keep readings in a store that several processes reach (docs/operate/stores.md), or run one cloud."
    users = {Part.READINGS, Part.NOTIFY, Part.API}
    mistakes = []
    if role.share.of > 1:
        what = f"the store {store!r} is a file of one process, and {role.share.of} are to write readings."
        mistakes.append(Mistake("--share", what, fix, "E-CLOUD-023"))
    if users & role.parts and not users <= role.parts:
        missing = ", ".join(sorted(users - role.parts))
        what = f"the store {store!r} is a file of one process, which must then do {missing}, too."
        mistakes.append(Mistake("--lanes", what, fix, "E-CLOUD-024"))
    if mistakes:
        raise ConfigError(mistakes)
