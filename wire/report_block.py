"""`report:` of a sensor or a kind: what of its samples leaves the box.

report: {every: 30s}                          # one sample in each 30 s
report: {every: 5min, change: {tilt: 0.05}}   # what moves by 0.05°, and a sign of life every 5 min
report: {every: 1min, statistics: true}       # a sample, and minimum, mean, maximum and deviation of the minute
report: {every: 0s}                           # every sample, where the kind says otherwise
"""

from wire.inventory import LONGEST_S, ReportPolicy
from wire.located import Block, nearest
from wire.profile import Profile
from wire.quantities import QUANTITIES

USUAL_S = 300.0

AROUND_MOST_S = 600.0
_USUAL = ReportPolicy()


def read_report(block: Block) -> ReportPolicy | None:
    """None when nothing is written."""
    if "report" not in block:
        return None
    entry, before = block.mapping("report"), len(block.mistakes)
    change = entry.mapping("change", optional=True)
    policy = ReportPolicy(
        every_s=entry.duration("every", 0.0, LONGEST_S, default=USUAL_S),
        deadbands={quantity: _deadband(change, quantity) for quantity in change},
        has_statistics=entry.flag("statistics", default=False),
        before_s=entry.duration("before", 0.0, AROUND_MOST_S, default=_USUAL.before_s),
        after_s=entry.duration("after", 0.0, AROUND_MOST_S, default=_USUAL.after_s),
    )
    entry.done()
    is_read = len(block.mistakes) == before
    if is_read and policy.is_everything and (policy.deadbands or policy.has_statistics):
        what = "'every' 0s reports every sample: nothing is left to choose or to sum up."
        entry.wrong("every", what, "write every: and a time, or nothing else", "E-CITY-020")
    return policy


def check_report(block: Block, policy: ReportPolicy, profile: Profile) -> None:
    """Deadbands are of what the device measures; what a recording holds is not known before it is read."""
    known = tuple(QUANTITIES) if profile.is_open else profile.quantities
    for quantity in policy.deadbands:
        if quantity not in known:
            what = f"profile {profile.name} does not measure {quantity!r}."
            block.wrong("report", what, f"in change: {nearest(quantity, known)}", "E-CITY-021")


def _deadband(change: Block, quantity: str) -> float:
    """At least the step in which the quantity is kept: below it every sample would leave."""
    known = QUANTITIES.get(quantity)
    return change.number(quantity, 10.0**-known.decimals if known else 0.0)
