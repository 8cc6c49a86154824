"""The whole product as real processes, killed, cut, slowed and filled up: nothing lost, nothing doubled, back in 5 s.

Real boxes on simulated lines, a real broker (nats-server, then a mosquitto that keeps nothing and drops what exceeds
a queue of 100), the cloud, InfluxDB. `--kills 200`: so many times one of box, cloud, broker and store is killed with
SIGKILL at a random moment and started again, while billboards begin to lean. Then the links of all boxes flap, forget
their connections, have 64 kbit/s; and the disk of one box is full (as root, on a tmpfs of 16 MiB). After each the
books are balanced: every reply of a device against the store, every lean against its one case. `--quick` takes 4
kills and nothing else.
"""

import statistics
from collections.abc import Iterable
from random import Random

from bench.real_faults import disk, killing, links
from bench.real_faults.plant import BROKERS, Outcome, plant
from bench.result import Figure, Goal, Result, at_most, machine

NUMBERS = ("kills",)
_USUAL_KILLS = 200
_RECOVERY_S = 5.0
_FULL_S = 20.0


async def run(*, is_quick: bool, kills: int | None) -> Result:
    """One plant after another."""
    rng = Random(1)
    many = 4 if is_quick else (kills or _USUAL_KILLS) // len(BROKERS)
    figures: dict[str, Figure] = {}
    outcomes: list[Outcome] = []
    recovered: dict[str, list[float]] = {}
    for broker in list(BROKERS)[: 1 if is_quick else None]:
        async with plant(broker, 12 if is_quick else 48) as running:
            for victim, times in (await killing.kill(running, many, rng)).items():
                recovered.setdefault(victim, []).extend(times)
            outcomes.append(await running.outcome())
    if not is_quick:
        async with plant("nats", 24) as running:
            recovered["flapping links"] = [await links.flap(running, 20, rng)]
            recovered["half open"] = [await links.half_open(running, rng)]
            figures["lean_to_case_s_at_64_kbit"] = round(await links.slow(running), 2)
            outcomes.append(await running.outcome())
    if not is_quick and disk.can_mount():
        async with disk.plant() as (running, folder):
            reaction_s, recovered_s = await disk.fill(running, folder, _FULL_S)
            figures["lean_to_case_s_on_full_disk"] = round(reaction_s, 2)
            recovered["full disk"] = [recovered_s]
            outcomes.append(await disk.outcome(running))
    figures |= {"kills": sum(len(times) for victim, times in recovered.items() if victim in killing.VICTIMS)}
    figures |= _sums(outcomes) | _recoveries(recovered)
    return Result("faults", figures, _goals(figures, recovered), machine(), _NOTES)


def _sums(outcomes: Iterable[Outcome]) -> dict[str, Figure]:
    found = list(outcomes)
    return {
        "readings_sampled": sum(outcome.books.sampled for outcome in found),
        "readings_lost": sum(outcome.lost for outcome in found),
        "readings_in_gaps": sum(outcome.gaps for outcome in found),
        "readings_doubled": sum(outcome.books.duplicated for outcome in found),
        "readings_in_flight": sum(outcome.books.in_flight for outcome in found),
        "readings_late": sum(outcome.books.late for outcome in found),
        "leans": sum(outcome.leans for outcome in found),
        "leans_without_exactly_one_case": sum(outcome.cases_wrong for outcome in found),
    }


def _recoveries(recovered: dict[str, list[float]]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for fault, times in recovered.items():
        name = fault.replace(" ", "_")
        figures |= {f"{name}_recovered_s_median": round(statistics.median(times), 2)}
        figures |= {f"{name}_recovered_s_worst": round(max(times), 2)}
    return figures


def _goals(figures: dict[str, Figure], recovered: dict[str, list[float]]) -> dict[str, Goal]:
    counted = ("readings_lost", "readings_doubled", "leans_without_exactly_one_case")
    goals = {name: Goal("0", figures[name], figures[name] == 0) for name in counted}
    for fault, times in recovered.items():
        goals[f"{fault}, worst of {len(times)}"] = at_most(round(max(times), 2), _RECOVERY_S, "s")
    return goals


_NOTES = (
    "recovered: every box has a reading in the store that was sampled after the fault ended; boxes send once a second",
    "a killed box or cloud is back when its new process is started, a broker or store when it answers",
    "half open: from the moment at which nobody hears the old connections",
)
