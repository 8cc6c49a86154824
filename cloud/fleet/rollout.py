"""Pushing configurations, on the maintainer's machine: who gets one, who gets it first, and when to stop.

The key is here, so the stages are here, too: the cloud passes on what was signed. Whoever stops this half-way has
pushed to some boxes and not to others, and may say the same again: a box that has it already is left alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from cloud.api_client import ApiClient
from cloud.fleet.fleet_box import FleetBox, Standing
from cloud.fleet.slicing import CityFiles
from cloud.reporting.report_text import TEXT_MAX, line
from wire import desired
from wire.desired import Desired, Files
from wire.errors import CheckFailed, ConfigError, EgretError, Mistake, Unsafe
from wire.inventory import Inventory
from wire.located import nearest
from wire.overlay import Allowed, Lease
from wire.signing import Signer

POLL_S = 2.0
PATIENCE_S = 120.0
"""How much longer than its trial a box may take to say that it keeps what it was given (judgement)."""
_DONE = frozenset({Standing.KEPT})
_TROUBLE = frozenset({Standing.REFUSED, Standing.RETURNED, Standing.EXPIRED})
_AS_IT_IS = frozenset({Standing.KEPT, Standing.TRIAL, Standing.WAITS})


class Outcome(msgspec.Struct, frozen=True):
    """Of one box: `same` (it has this already), `planned`, `pushed`, `kept`, `refused`, `returned` or `waits`.

    An `is_online` of false: the broker keeps it until the box is back.
    """

    box: str
    outcome: str
    counter: int
    version: str
    is_online: bool
    is_canary: bool = False
    errors: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A box, what it is to run, and how it stands."""

    files: Files
    before: FleetBox
    modes: tuple[Allowed, ...] = ()
    lease: Lease | None = None

    @property
    def version(self) -> str:
        """Of what it is to run."""
        return desired.version_of(self.files, self.lease, self.modes)

    @property
    def has_it(self) -> bool:
        """Was this the last that it was given, and is nothing wrong with it?"""
        return self.before.desired_version == self.version and self.before.standing in _AS_IT_IS

    def outcome(self, word: str, *, is_canary: bool = False) -> Outcome:
        """Before anything was done."""
        before = self.before
        return Outcome(before.box, word, before.next, self.version, before.is_online, is_canary)


@dataclass(slots=True)
class Rollout:
    """One push. `said` is told every outcome as it comes; `now` is UTC in ns. Times are in seconds."""

    client: ApiClient
    signer: Signer
    trial_s: float
    expires_s: float
    now: Callable[[], int]
    sleep: Callable[[float], None]
    said: Callable[[Outcome], None]
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, targets: Sequence[Target], canary: float) -> None:
        """All that have not got it; `canary` of them first, 0..1. Raises CheckFailed, and Unsafe."""
        for target in (target for target in targets if target.has_it):
            self.say(target.outcome("same"))
        left = [target for target in targets if not target.has_it]
        first = canaries(left, canary) if canary and left else []
        if first:
            self._try(first)
        for target in left:
            if target not in first:
                self.push(target)

    def push(self, target: Target, *, is_canary: bool = False) -> FleetBox:
        """Give one box its configuration. Raises EgretError in the cloud's words."""
        box, issued_ns = target.before.box, self.now()
        expires_ns = issued_ns + round(self.expires_s * 1e9)
        document = Desired(
            box,
            target.before.next,
            issued_ns,
            expires_ns,
            self.trial_s,
            dict(target.files),
            target.lease,
            target.modes,
        )
        form = desired.signed_form(document)
        sealed = desired.sealed(form, self.signer.key, self.signer.sign(form.signed))
        body = {"document": sealed.document, "key": sealed.key, "signature": sealed.signature}
        after = self.client.post(f"fleet/{box}/documents", body, FleetBox)
        self.say(target.outcome("pushed", is_canary=is_canary))
        return after

    def _try(self, first: Sequence[Target]) -> None:
        """Push to these, and wait until each has kept it. Raises CheckFailed when one does not."""
        for target in first:
            self.push(target, is_canary=True)
        waiting = {target.before.box: target for target in first}
        until_ns = self.now() + round((self.trial_s + PATIENCE_S) * 1e9)
        while waiting:
            self.sleep(POLL_S)
            for one in self.client.get("fleet", list[FleetBox]):
                if one.box in waiting and (self._is_over(one, waiting[one.box]) or self.now() > until_ns):
                    self._judge(one, waiting.pop(one.box))

    @staticmethod
    def _is_over(one: FleetBox, target: Target) -> bool:
        """Has the box answered, or has somebody else given it another meanwhile?"""
        return one.standing in _DONE | _TROUBLE or one.desired != target.before.next

    def _judge(self, one: FleetBox, target: Target) -> None:
        """Raises CheckFailed for a canary that has not kept what it was given."""
        is_ours = one.desired == target.before.next
        is_well = is_ours and one.standing in _DONE
        errors = () if is_well else one.errors
        word = one.standing.value if is_ours else "replaced"
        number, version = target.before.next, target.version
        self.say(Outcome(one.box, word, number, version, one.is_online, is_canary=True, errors=errors))
        if not is_well:
            reasons = "; ".join(f"{error.where}: {error.what}" for error in errors) or "it has not kept it in time."
            reasons = line(reasons, TEXT_MAX)  # what a box says may move a cursor
            what = f"the canary is {word}: {reasons} The push has stopped, the other boxes run what they ran."
            fix = "mend the files and push again, or `egret fleet rollback` the canaries."
            raise CheckFailed(what, where=f"box {one.box}", fix=fix, code="E-FLEET-022")

    def say(self, outcome: Outcome) -> None:
        """One more outcome."""
        self.outcomes.append(outcome)
        self.said(outcome)


def canaries(left: Sequence[Target], share: float) -> Sequence[Target]:
    """That share of them, at least one, spread over the list, online all of them. Raises Unsafe when none is."""
    online = [target for target in left if target.before.is_online]
    if not online:
        what = "none of these boxes is online: no canary could say how it is."
        raise Unsafe(what, fix="wait until one is back, or push without --canary.", code="E-FLEET-023")
    count = min(len(online), max(1, round(len(left) * share)))
    return [online[place * len(online) // count] for place in range(count)]


def chosen(
    inventory: Inventory, boxes: Sequence[str], sites: Sequence[str], districts: Sequence[str], *, everything: bool
) -> Sequence[str]:
    """The boxes that are named in one way or another, by name. Raises ConfigError for names that there are not."""
    for noun, named, known in (
        ("box", boxes, inventory.boxes),
        ("site", sites, inventory.sites),
        ("district", districts, inventory.districts),
    ):
        for name in named:
            if name not in known:
                raise ConfigError(
                    [Mistake("fleet", f"there is no {noun} {name!r}.", nearest(name, known), "E-FLEET-024")]
                )
    if everything:
        return sorted(inventory.boxes)
    there = [sensor.box for sensor in inventory.sensors.values() if sensor.site in sites]
    there += [sensor.box for sensor in inventory.sensors.values() if inventory.sites[sensor.site].district in districts]
    return sorted({*boxes, *there})


def targets_of(
    city: CityFiles,
    fleet: Sequence[FleetBox],
    names: Sequence[str],
    modes: tuple[Allowed, ...] = (),
    lease: Lease | None = None,
) -> Sequence[Target]:
    """What each is to run. Raises EgretError for a box that the cloud does not know."""
    return [Target(city.slice_of(name), box_among(fleet, name), modes, lease) for name in names]


def box_among(fleet: Sequence[FleetBox], name: str) -> FleetBox:
    """Raises EgretError for a box that the cloud does not know."""
    found = next((one for one in fleet if one.box == name), None)
    if found is None:
        what = "the cloud does not know this box: its sensors.yaml is another one, or it is not yours to see."
        fix = "start the cloud with the same sensors.yaml, then push."
        raise EgretError(what, where=f"box {name}", fix=fix, code="E-FLEET-025")
    return found
