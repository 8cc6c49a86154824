"""`scripts/bench` lists the benches; `scripts/bench NAME [--quick] [--json]` runs one."""

import argparse
import asyncio
import importlib
import pkgutil
import sys
from pathlib import Path

import msgspec

from bench.result import Result

_NO_BENCH = {"__main__", "result"}


def names() -> list[str]:
    """The benches: the files of this folder."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    return sorted(name for name in found if name not in _NO_BENCH)


def show(result: Result) -> None:
    """Goals as a table, for people."""
    for name, goal in result.goals.items():
        print(f"  {'met ' if goal.met else 'MISS'}  {name:32} {goal.value!s:>12}   goal {goal.goal}", file=sys.stderr)
    for note in result.notes:
        print(f"  note: {note}", file=sys.stderr)


def main() -> None:
    """Exit code 0 when the bench ran, whether or not its goals are met."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names())
    parser.add_argument("--quick", action="store_true", help="a short run, for tests")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    chosen = parser.parse_args()
    if chosen.name is None:
        for name in names():
            summary = (importlib.import_module(f"bench.{name}").__doc__ or "").splitlines()[0]
            print(f"{name:10} {summary}")
        return
    result = asyncio.run(importlib.import_module(f"bench.{chosen.name}").run(is_quick=chosen.quick))
    if not chosen.json:
        show(result)
    print(msgspec.json.encode(result).decode())


main()
