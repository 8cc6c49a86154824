"""Asks the API as a program would, one request after another, and takes the times."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx

from bench.big_ledger.questions import QUESTIONS, Words, forgotten
from bench.big_ledger.stopwatch import Pids, Times, lap

_ROOT = Path(__file__).parents[2]
_UNHURRIED_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A client of the API, and the process that serves it."""

    client: httpx.Client
    pid: int


@dataclass(frozen=True, slots=True)
class Answers:
    """Times by question, what was not answered with 200, and routes that no question asks."""

    times: Mapping[str, Times]
    refused: tuple[str, ...]
    forgotten: tuple[str, ...]


@contextmanager
def served(ledger_url: str, folder: Path) -> Iterator[Served]:
    """The real API on this ledger, which runs in a process of its own while the block does."""
    command = [sys.executable, "-m", "bench.big_ledger.server", ledger_url, str(folder)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        url, token = process.stdout.readline().split()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=_UNHURRIED_S, trust_env=False) as client:
            yield Served(client, process.pid)
        process.stdin.close()


def ask(api: Served, words: Words, count: int, more_pids: Pids) -> Answers:
    """Each question `count` times with other words, after one that does not count."""
    paths = api.client.get("/api/v1/openapi.json").raise_for_status().json()["paths"]
    there = [path for path, methods in paths.items() if "get" in methods]
    rng, refused, found = Random(6), [], {}

    def pids() -> list[int]:
        return [os.getpid(), api.pid, *more_pids()]

    for name, question in QUESTIONS.items():
        route = f"/api/v1{question.partition('?')[0]}"
        if route not in there:
            refused.append(f"not there: {route}")
            continue
        asked = [f"/api/v1{question.format(**words.draw(rng))}" for _ in range(count + 1)]
        found[name], problem = _timed(api.client, asked, pids)
        if problem:
            refused.append(problem)
            del found[name]
    return Answers(found, tuple(dict.fromkeys(refused)), tuple(forgotten(there)))


def _timed(client: httpx.Client, asked: list[str], pids: Pids) -> tuple[Times, str]:
    """The times of all but the first, and what was not answered."""
    times = Times()
    for path in asked:
        with lap(times, pids):
            answer = client.get(path)
        if not answer.is_success:
            return times, f"{answer.status_code} {path}: {answer.text[:200]}"
    return Times(times.wall[1:], times.running[1:]), ""
