"""The tree of errors Egret expects, each with what happened, where, and how to fix it.

    EgretError                what · where · fix · code
    ├ ConfigError             the user's file: every mistake at once, each with file:line
    ├ SourceError             a device or its line
    │  ├ SourceTimeout        no reply in time
    │  ├ FrameError           bytes that are no valid reply (`raw` holds them)
    │  │  └ AddressShared     two devices answer at one unit identifier
    │  ├ DeviceRefused        a Modbus exception code
    │  └ PortBusy             the port is missing, held by another process, or forbidden
    ├ LinkError               the broker
    │  ├ Unreachable          nobody answers
    │  ├ Refused              it answers and says no
    │  └ NotAuthorised        it does not accept this certificate or password
    ├ StoreError              a database: the time-series store, or the ledger
    │  ├ Unavailable          try again, never drop
    │  └ Rejected             it will never take this: quarantine
    ├ AlarmError              an act on an alarm that cannot be done in its state
    │  └ NoSuchAlarm          nobody knows this id
    ├ CaseError               an act on a case
    │  ├ NoSuchCase           nobody knows this number
    │  ├ CaseClosed           somebody has closed it before
    │  ├ WrongStage           not from the stage the case is in
    │  ├ BadAct               the act says too little, or names what is not there
    │  └ StaleCase            somebody else has changed it meanwhile
    ├ NotifyError             a notice that its receiver has not taken: try again
    │  └ Undeliverable        it will never take it: a dead letter
    ├ DesiredRefused          a configuration that a box does not take
    ├ CheckFailed             it was done and looked at, and is not as it should be
    ├ Unsafe                  what would be done harms somebody
    └ WireError               bytes we cannot read: quarantine

Exit codes of the command belong to the classes, so a script can tell them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

E = TypeVar("E", bound=Exception)


class EgretError(Exception):
    """Something expected went wrong; the message is for the person who must act."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "", code: str) -> None:
        """`code` is stable (`E-BUS-012`), so that people can search for it in any language."""
        super().__init__(what)
        self.what, self.where, self.fix, self.code = what, where, fix, code

    def __str__(self) -> str:
        """One line: `where: what fix: … [code]`."""
        place = f"{self.where}: " if self.where else ""
        remedy = f" fix: {self.fix}" if self.fix else ""
        return f"{place}{self.what}{remedy} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a file: where it is, what it is, what to write instead."""

    where: str
    what: str
    fix: str
    code: str

    def __str__(self) -> str:
        """As `egret check` prints it."""
        return f"{self.where}: {self.what} fix: {self.fix} [{self.code}]"


class ConfigError(EgretError):
    """A user's file is wrong; `mistakes` lists all of them, in the order of the file."""

    exit_code = 4

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        """At least one mistake."""
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        super().__init__(first.what, where=first.where, fix=first.fix, code=first.code)

    def __str__(self) -> str:
        """One line a mistake."""
        return "\n".join(str(mistake) for mistake in self.mistakes)


class SourceError(EgretError):
    """A device, or the line it hangs on."""

    exit_code = 3


class SourceTimeout(SourceError):
    """No reply in time."""


class FrameError(SourceError):
    """A reply that is not a valid answer to what was asked."""

    def __init__(self, what: str, *, raw: bytes, where: str = "", fix: str = "", code: str) -> None:
        """`raw` is what came over the line."""
        super().__init__(what, where=where, fix=fix, code=code)
        self.raw = raw


class AddressShared(FrameError):
    """Two devices answer at one unit identifier: whose values these are, nobody can tell."""


class DeviceRefused(SourceError):
    """The device answered with a Modbus exception code (1..255)."""

    def __init__(self, what: str, *, exception_code: int, where: str = "", fix: str = "", code: str) -> None:
        """`exception_code` as in the Modbus application protocol, §7."""
        super().__init__(what, where=where, fix=fix, code=code)
        self.exception_code = exception_code


class PortBusy(SourceError):
    """The port is missing, held by another process, or forbidden."""


class LinkError(EgretError):
    """The MQTT broker."""

    exit_code = 3


class Unreachable(LinkError):
    """Nobody answers at the broker's address."""


class Refused(LinkError):
    """The broker answers and says no, or TLS does."""


class NotAuthorised(LinkError):
    """The broker does not accept this certificate or password."""


class StoreError(EgretError):
    """A database: the time-series store, or the ledger of alarms and cases."""

    exit_code = 3


class Unavailable(StoreError):
    """The store cannot take anything now; the same write may succeed later."""


class Rejected(StoreError):
    """The store will never take this; the rest of the batch may still be good."""


class AlarmError(EgretError):
    """An act on an alarm that cannot be done in the state it is in."""


class NoSuchAlarm(AlarmError):
    """Nobody has ever heard of an alarm with this id."""


class CaseError(EgretError):
    """An act on a case that cannot be done."""


class NoSuchCase(CaseError):
    """Nobody knows a case with this number."""


class CaseClosed(CaseError):
    """The case was closed before, perhaps by somebody else a moment ago."""


class WrongStage(CaseError):
    """The act is none for the stage the case is in."""


class BadAct(CaseError):
    """The act says too little, or names what is not there."""


class StaleCase(CaseError):
    """Somebody else has changed the case since it was read."""


class NotifyError(EgretError):
    """A receiver has not taken a notice; it is sent again later."""

    exit_code = 3

    def __init__(
        self, what: str, *, retry_after_s: float | None = None, where: str = "", fix: str = "", code: str
    ) -> None:
        """`retry_after_s`: how long the receiver asks us to wait, if it does."""
        super().__init__(what, where=where, fix=fix, code=code)
        self.retry_after_s = retry_after_s


class Undeliverable(NotifyError):
    """The receiver will never take this notice, however often it is sent: a dead letter at once."""


class DesiredRefused(EgretError):
    """A configuration that a box does not take; it goes on with the one it has."""


class CheckFailed(EgretError):
    """A check or a self-test: something was done and looked at, and is not as it should be."""

    exit_code = 5


class Unsafe(EgretError):
    """Refused for safety."""

    exit_code = 6


class WireError(EgretError):
    """A message we cannot read."""


def first_of(errors: BaseExceptionGroup[E]) -> E:
    """The first error inside a group, however deep tasks have wrapped it."""
    first = errors.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
