"""The simulation bench in short: a few seeds hold, a few planted bugs are found, a seed is the same every time."""

import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.simulation.mutants import MUTANTS, planted
from bench.simulation.plan import PER_HOUR

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs/develop/simulation.md").read_text(encoding="utf-8")


def sim(*options: str, hash_seed: str = "random") -> tuple[dict[str, object], str]:
    """What `scripts/bench sim` says on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "sim", "--json", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_seeds_hold() -> None:
    """Three seeds of ten minutes: nothing is lost or doubled, and there were deaths and faults enough to lose it."""
    result, said = sim("--seed", "1", "--seeds", "3", "--minutes", "10")
    assert result["goals"]["failed_seeds"]["met"], said
    assert result["figures"]["deaths"] > 5
    assert result["figures"]["samples"] > 200


def test_a_seed_is_the_same_every_time() -> None:
    """Two runs in two processes, with other hashes of strings, are the same to the last byte of the last message."""
    options = ("--seed", "12", "--minutes", "6")
    first, second = (sim(*options, hash_seed=hash_seed)[0]["figures"] for hash_seed in ("1", "2"))
    assert first["trace"] == second["trace"]
    assert first["samples"] == second["samples"] > 0


def test_planted_bugs_are_found() -> None:
    """Four of the mutants, in their first seeds; the command that replays one is printed."""
    result, said = sim("--mutants", "--quick", "--seed", "1")
    assert result["goals"]["not_found"]["met"], result["notes"]
    assert "replay: scripts/bench sim --mutant no_idempotence --seed" in said


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_can_be_planted(name: str) -> None:
    """The product's text has not changed under it, and is as it was afterwards."""
    mutant = MUTANTS[name]
    *path, attribute = mutant.function.split(".")
    owner = importlib.import_module(mutant.module)
    owner = getattr(owner, path[0]) if path else owner
    before = inspect.getattr_static(owner, attribute)
    with planted(name):
        assert inspect.getattr_static(owner, attribute) is not before
    assert inspect.getattr_static(owner, attribute) is before


def test_the_manual_lists_faults_and_bugs() -> None:
    """Every fault and every planted bug stands in the manual, in the words of the bench."""
    rows = [(fault.__name__, (fault.__doc__ or "").rstrip(".")) for fault in PER_HOUR]
    rows += [(name, mutant.bug) for name, mutant in MUTANTS.items()]
    assert [f"| `{name}` | {words} |" for name, words in rows if f"| `{name}` | {words} |" not in MANUAL] == []
