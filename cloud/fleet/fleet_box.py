"""How one box stands to the configuration that it was given, in one word and its particulars."""

import re
from enum import StrEnum

import msgspec

from cloud.tables.boxes import BoxState
from cloud.tables.fleet import Answer, Pushed
from wire.errors import Mistake


class Standing(StrEnum):
    """Of the last document that a box was given, as far as the ledger knows, or of a newer one that it runs."""

    OWN = "own"
    """Nothing was ever pushed: it runs the file that it was installed with."""
    WAITS = "waits"
    """The box has not answered it yet."""
    EXPIRED = "expired"
    """Nor will it: it came back too late, or not at all."""
    TRIAL = "trial"
    KEPT = "kept"
    REFUSED = "refused"
    RETURNED = "returned"
    """It was tried, and the one before came back."""


class FleetBox(msgspec.Struct, frozen=True, kw_only=True):
    """`running` is the counter of the document that a box runs, 0 its own file; `desired` of the last one pushed.

    `version` and `desired_version` are their hashes. `refused` is the counter of the last document that it does not
    run, 0 for none or one that cannot be read, with all `errors`. Times are 0 where there is none. `modes` are those
    that the city has signed for it, `mode` the one that it is in, empty for the normal one. `renewal_ns` is since when
    it waits for another certificate.
    """

    box: str
    standing: Standing
    is_online: bool
    software: str
    running: int
    version: str
    desired: int
    desired_version: str
    next: int
    actor: str
    pushed_ns: int
    expires_ns: int
    answered_ns: int
    refused: int
    errors: tuple[Mistake, ...]
    modes: tuple[str, ...]
    mode: str
    mode_ends_ns: int
    renewal_ns: int = 0


def release(software: str) -> tuple[int, ...]:
    """The numbers of a version, in their order; none for a box that has not said it."""
    return tuple(int(number) for number in re.findall(r"\d+", software)[:6])


def is_behind(software: str, newest: str) -> bool:
    """Has the box said an older version?"""
    return () < release(software) < release(newest)


def next_counter(pushed: Pushed | None, answer: Answer | None) -> int:
    """What the next document must be numbered: above all that were pushed, and all that the box has proven."""
    return 1 + max(pushed.counter if pushed else 0, answer.seen if answer else 0)


def fleet_box(box: str, state: BoxState | None, pushed: Pushed | None, answer: Answer | None, now_ns: int) -> FleetBox:
    """From what is known of it."""
    refusal = answer.refusal if answer else None
    return FleetBox(
        box=box,
        standing=_standing(pushed, answer, now_ns),
        is_online=state is not None and state.online,
        software=state.version if state else "",
        running=answer.counter if answer else 0,
        version=answer.config_version if answer else state.config_version if state else "",
        desired=pushed.counter if pushed else 0,
        desired_version=pushed.version if pushed else "",
        next=next_counter(pushed, answer),
        actor=pushed.actor if pushed else "",
        pushed_ns=pushed.time_ns if pushed else 0,
        expires_ns=pushed.expires_ns if pushed else 0,
        answered_ns=answer.known_ns if answer else 0,
        refused=refusal.counter if refusal else 0,
        errors=refusal.errors if refusal else (),
        modes=answer.modes if answer else (),
        mode=answer.mode if answer else "",
        mode_ends_ns=answer.mode_ends_ns if answer else 0,
    )


def _standing(pushed: Pushed | None, answer: Answer | None, now_ns: int) -> Standing:
    if answer and answer.counter and answer.counter >= (pushed.counter if pushed else 0):
        return Standing.TRIAL if answer.is_trial else Standing.KEPT  # a newer one was pushed by a ledger that is lost
    if pushed is None:
        return Standing.OWN
    if answer and answer.refusal and answer.refusal.counter == pushed.counter:
        return Standing.RETURNED if answer.refusal.is_returned else Standing.REFUSED
    return Standing.WAITS if now_ns < pushed.expires_ns else Standing.EXPIRED
