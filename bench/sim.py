"""What a city survives: simulated hours of hostile links, disks, clocks and deaths, each from a seed.

The whole path in one process under virtual time: agents of boxes, a broker, the cloud's lanes, its ledger and a
store, while everything in docs/develop/simulation.md goes wrong; then quiet, and a checker that looks from outside.

    scripts/bench sim --seeds 1000          fresh seeds; each that fails prints the command that replays it
    scripts/bench sim --seed 4711           one seed again, with what happened last
    scripts/bench sim --mutants             planted bugs: after how many seeds is each found?
    scripts/bench sim --mutant lost_fsync   one of them

`--minutes N` of faults instead of an hour. `--quick` takes two seeds and ten minutes, and four of the bugs.
"""

import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence

from bench.result import Figure, Goal, Result, at_most, machine
from bench.simulation.mutants import MUTANTS
from bench.simulation.seeds import HOUR_S, Outcome, ground, outcomes

NUMBERS = ("seeds", "seed", "minutes")
WORDS = ("mutant",)
SWITCHES = ("mutants",)
"""Options of this bench beside those of all."""
_WITHIN = 50
_QUICK = ("refused_group_forgotten", "trim_on_puback", "lost_fsync", "no_idempotence")


async def run(
    *,
    is_quick: bool,
    seeds: int | None,
    seed: int | None,
    minutes: int | None,
    mutant: str | None,
    mutants: bool,
) -> Result:
    """Seeds of the product as it is, or of mutants of it."""
    seconds = 60.0 * minutes if minutes else 600.0 if is_quick else HOUR_S
    first = secrets.randbelow(10**9) if seed is None else seed
    if mutants or mutant:
        wanted = [mutant] if mutant else _QUICK if is_quick else list(MUTANTS)
        return await _mutants(wanted, range(first, first + (seeds or _WITHIN)), seconds)
    if seeds is None:
        seeds = 1 if seed is not None else 2 if is_quick else 20
    return await _seeds(range(first, first + seeds), seconds)


async def _seeds(seeds: range, seconds: float) -> Result:
    began, figures, happened = time.monotonic(), Counter[str](), Counter[str]()
    failed: list[Outcome] = []
    trace, cpu_s = "", 0.0
    async with ground() as there:
        for outcome in outcomes(there, seeds, seconds=seconds):
            figures.update(outcome.figures)
            happened.update(outcome.faults)
            trace, cpu_s = outcome.trace, cpu_s + outcome.cpu_s
            if outcome.wrong:
                failed.append(outcome)
                _tell(outcome, seconds, with_end=len(seeds) == 1)
    found: dict[str, Figure] = {
        "seeds": len(seeds),
        "first_seed": seeds[0],
        "minutes_a_seed": seconds / 60,
        "failed": len(failed),
        **dict(figures),
        **{f"fault {name}": times for name, times in sorted(happened.items())},
        "processor_s_a_seed": round(cpu_s / len(seeds), 2),
        "passed_s": round(time.monotonic() - began, 1),
    }
    if len(seeds) == 1:
        found["trace"] = trace
    goals = {"failed_seeds": at_most(len(failed), 0, f"of {len(seeds)}")}
    notes = [f"seed {outcome.seed}: {outcome.wrong[0]}" for outcome in failed[:20]]
    return Result("sim", found, goals, machine(), tuple(notes))


async def _mutants(wanted: Sequence[str], seeds: range, seconds: float) -> Result:
    """A table on stderr while it grows."""
    after: dict[str, Figure] = {}
    notes: list[str] = []
    async with ground() as there:
        for name in wanted:
            found = next(
                (outcome for outcome in outcomes(there, seeds, seconds=seconds, mutant=name) if outcome.wrong), None
            )
            after[name] = None if found is None else found.seed - seeds[0] + 1
            said = found.wrong[0] if found else f"not found in {len(seeds)} seeds"
            notes.append(f"{name}: {said}")
            print(f"  {name:26} {after[name] or '-':>3}  {MUTANTS[name].bug}: {said}", file=sys.stderr, flush=True)
            if found:
                _tell_replay(f"--mutant {name} --seed {found.seed} --seeds 1", seconds)
    missed = sum(seed is None for seed in after.values())
    goals = {"not_found": Goal(f"0 of {len(wanted)} in {len(seeds)} seeds", missed, missed == 0)}
    return Result("sim", {"first_seed": seeds[0], **after}, goals, machine(), tuple(notes))


def _tell(outcome: Outcome, seconds: float, *, with_end: bool) -> None:
    """What is wrong, and how to see it again."""
    for line in (*(outcome.last if with_end else ()), *outcome.wrong):
        print(f"  {line}", file=sys.stderr)
    _tell_replay(f"--seed {outcome.seed}", seconds)


def _tell_replay(options: str, seconds: float) -> None:
    hour = "" if seconds == HOUR_S else f" --minutes {seconds / 60:g}"
    print(f"  replay: scripts/bench sim {options}{hour}", file=sys.stderr, flush=True)
