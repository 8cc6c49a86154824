"""From an alarm to a committed case, five hundred at once, and every list in a ledger of a million cases.

A ledger as a city has it after three years (10⁶ cases, 10⁷ alarm events) is built in SQLite, in about
ten minutes, and copied into PostgreSQL. The real API answers on each, in a process of its own: what is
asked stands in `bench/big_ledger/questions.py`. Then alarms come, as decoded payloads of a box, until
the transaction with their case is committed. `--quick` takes 10⁴ cases and 10⁵ events, and proves that
the sums in it are those of its rows; `--cases N` and `--events N` choose others.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import servers

from bench.big_ledger import proof, town
from bench.big_ledger.alarming import FLOOD, Alarming, Boxes
from bench.big_ledger.asking import Answers, ask, served
from bench.big_ledger.filling import Filling, told
from bench.big_ledger.past_cases import YEARS_DAYS
from bench.big_ledger.questions import Words
from bench.big_ledger.stopwatch import Pids, Times, backends
from bench.big_ledger.transfer import transfer
from bench.result import Figure, Goal, Result, at_most, machine
from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from edge.demo.story import spread

NUMBERS = ("cases", "events")
"""Options of this bench beside those of all."""
_MOST_MS, _MOST_ALARM_MS, _MOST_FLOOD_S = 50, 30, 2
_PROVEN_CASES = 50_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is, how often each question is asked, and how many alarms come one by one."""

    cases: int
    events: int
    questions: int
    alarms: int


@dataclass(frozen=True, slots=True)
class Place:
    """A database, and its processes that are not ours."""

    url: str
    pids: Pids


@dataclass(frozen=True, slots=True)
class Measured:
    """On one database."""

    answers: Answers
    alarming: Alarming


async def run(*, is_quick: bool, cases: int | None = None, events: int | None = None) -> Result:
    """Both databases, one after the other."""
    size = Size(10_000, 100_000, 5, 50) if is_quick else Size(1_000_000, 10_000_000, 20, 1_000)
    size = Size(cases or size.cases, events or size.events, size.questions, size.alarms)
    there, now_ns = town.build(crowd=size.alarms + 2 * FLOOD), time.time_ns()
    measured: dict[str, Measured] = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as name, _postgresql(Path(name), notes) as postgresql:
        path = Path(name) / "ledger.sqlite"
        async with _ledger(path, there):
            told("a ledger without cases")
        Filling(path, town.build(), now_ns).fill(size.cases, size.events)
        async with _ledger(path, there) as ledger:
            if size.cases <= _PROVEN_CASES:
                notes += await ledger.read(proof.contradictions)
        url = postgresql.new_database() if postgresql else ""
        if url:
            async with _ledger(url, there):
                told("copying it into PostgreSQL")
            transfer(path, url)
        places = {"sqlite": Place(f"sqlite:///{path}", lambda: ())}
        if postgresql:
            places["postgresql"] = Place(url, lambda: backends(postgresql.pid))
        for database, place in places.items():
            told(f"asking {database}")
            measured[database] = await _measure(place, there, now_ns, size)
            path.unlink(missing_ok=True)
    return _result(size, measured, notes)


async def _measure(place: Place, there: town.Town, now_ns: int, size: Size) -> Measured:
    words = Words(there, now_ns, size.cases // YEARS_DAYS)
    with tempfile.TemporaryDirectory(prefix="egret-bench-") as folder, served(place.url, Path(folder)) as api:
        answers = ask(api, words, size.questions, place.pids)
    async with _ledger(place.url, there) as ledger:
        return Measured(answers, await Boxes(ledger, there, place.pids).measure(size.alarms))


def _ledger(place: str | Path, there: town.Town) -> Ledger:
    return Ledger(place, time.time_ns, Practice(there.inventory, there.rules))


@contextmanager
def _postgresql(folder: Path, notes: list[str]) -> Iterator[servers.PostgreSQL | None]:
    """A server; without PostgreSQL on this machine none, and a note."""
    with ExitStack() as stack:
        running = None
        try:
            running = stack.enter_context(servers.postgresql(folder))
        except pytest.skip.Exception as missing:
            notes.append(f"not on PostgreSQL: {missing}")
        yield running


def _result(size: Size, measured: Mapping[str, Measured], notes: list[str]) -> Result:
    figures: dict[str, Figure] = {"cases": size.cases, "alarm_events": size.events}
    goals: dict[str, Goal] = {}
    for database, found in measured.items():
        figures |= _figures(database, found)
        goals |= _goals(database, found)
        notes += _notes(database, found)
    notes += [
        "a query is a whole HTTP request on 127.0.0.1, with a token, one after another",
        "`running` is the processor's part of a time: what passes on an idle machine, but for the disk",
    ]
    return Result("cases", figures, goals, machine(), tuple(dict.fromkeys(notes)))


def _figures(database: str, found: Measured) -> dict[str, Figure]:
    figures: dict[str, Figure] = {f"{database}_flood_members": found.alarming.members}
    figures |= _spreads(f"{database}_alarm_to_case", found.alarming.one)
    for what, times in (("flood", found.alarming.grouped), ("flood_ungrouped", found.alarming.single)):
        figures |= {
            f"{database}_{what}_s": _seconds(times.wall),
            f"{database}_{what}_s_running": _seconds(times.running),
        }
    for question, times in found.answers.times.items():
        figures |= _spreads(f"{database}: {question},", times)
    return figures


def _spreads(what: str, times: Times) -> dict[str, Figure]:
    passed, ran = spread(times.wall), spread(times.running)
    return {
        f"{what} ms p50": passed.median,
        f"{what} ms p99": passed.p99,
        f"{what} ms max": passed.max,
        f"{what} ms p50 running": ran.median,
        f"{what} ms max running": ran.max,
    }


def _goals(database: str, found: Measured) -> dict[str, Goal]:
    times, flood = [spread(one.wall) for one in found.answers.times.values()], _seconds(found.alarming.grouped.wall)
    return {
        f"{database}_alarm_to_case_ms_p99": at_most(spread(found.alarming.one.wall).p99, _MOST_ALARM_MS, "ms"),
        f"{database}_flood_s": at_most(flood, _MOST_FLOOD_S, f"s for {FLOOD} alarms in one case"),
        f"{database}_slowest_query_ms_p50": at_most(max(one.median or 0 for one in times), _MOST_MS, "ms"),
        f"{database}_slowest_query_ms_max": at_most(max(one.max or 0 for one in times), _MOST_MS, "ms"),
    }


def _seconds(times_ms: Sequence[float]) -> float:
    return round(sum(times_ms) / 1000, 3)


def _notes(database: str, found: Measured) -> list[str]:
    slow = {
        question: f"{passed.median} ms, at most {passed.max}, running {spread(times.running).median}"
        for question, times in found.answers.times.items()
        if (passed := spread(times.wall)).max is not None and passed.max > _MOST_MS
    }
    return [
        *(f"{database}: {question} took {ms}" for question, ms in slow.items()),
        *(f"{database}: {what}" for what in found.answers.refused),
        *(f"no question asks {route}" for route in found.answers.forgotten),
    ]
