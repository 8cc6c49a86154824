"""`scripts/bench` lists the benches; `scripts/bench NAME [--quick] [--json]` runs one."""

import argparse
import asyncio
import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import msgspec

from bench.result import Result

_NO_BENCH = {"__main__", "result"}


def names() -> list[str]:
    """The benches: the files of this folder; what they share is in folders of its own."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.ispkg]
    return sorted(name for name in found if name not in _NO_BENCH)


def show(result: Result) -> None:
    """Goals as a table, for people."""
    for name, goal in result.goals.items():
        print(f"  {'met ' if goal.met else 'MISS'}  {name:32} {goal.value!s:>12}   goal {goal.goal}", file=sys.stderr)
    for note in result.notes:
        print(f"  note: {note}", file=sys.stderr)


def _add_own(parser: argparse.ArgumentParser, bench: ModuleType) -> list[str]:
    """The options that a bench has beside those of all: numbers, words and switches."""
    see = "see the head of the bench's file"
    numbers, words, switches = (getattr(bench, kind, ()) for kind in ("NUMBERS", "WORDS", "SWITCHES"))
    for name in numbers:
        parser.add_argument(f"--{name}", type=int, help=see)
    for name in words:
        parser.add_argument(f"--{name.rstrip('_')}", dest=name, help=see)
    for name in switches:
        parser.add_argument(f"--{name}", action="store_true", help=see)
    return [*numbers, *words, *switches]


def main() -> None:
    """Exit code 0 when the bench ran, whether or not its goals are met."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names())
    parser.add_argument("--quick", action="store_true", help="a short run, for tests")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    chosen, _ = parser.parse_known_args()
    if chosen.name is None:
        for name in names():
            summary = (importlib.import_module(f"bench.{name}").__doc__ or "").splitlines()[0]
            print(f"{name:10} {summary}")
        return
    bench = importlib.import_module(f"bench.{chosen.name}")
    own = _add_own(parser, bench)
    chosen = parser.parse_args()
    result = asyncio.run(bench.run(is_quick=chosen.quick, **{name: getattr(chosen, name) for name in own}))
    if not chosen.json:
        show(result)
    print(msgspec.json.encode(result).decode())


main()
