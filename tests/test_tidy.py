"""The house rules that a machine can check, each printed as file:line with what to do instead."""

import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BROAD_EXCEPT = {"edge/supervise.py", "cloud/quarantine.py"}
OFF_LOOP = {"wire/blocking.py"}
WALL_CLOCK = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow")}
WALL_CLOCK_DOORS = re.compile(r"(edge|cloud|wire)/commands/|edge/demo/|edge/agent\.py|cloud/app\.py")
CHANCE = {("random", "random"), ("random", "choice"), ("random", "uniform"), ("random", "gauss")}


def tracked(pattern: str) -> list[str]:
    """Files of the project that git knows."""
    listed = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split() if (ROOT / name).exists()]


@cache
def trees() -> Sequence[tuple[str, str, ast.Module]]:
    """Name, text and syntax tree of every Python file."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in tracked("*.py")}
    return [(name, text, ast.parse(text)) for name, text in texts.items()]


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """What was read is forgotten at the end: half a million nodes would slow down whatever comes next."""
    yield
    trees.cache_clear()


def is_product(name: str) -> bool:
    """Is it shipped?"""
    return name.startswith(("edge/", "cloud/", "wire/"))


def complain(found: list[str]) -> None:
    """Fail with one place a line."""
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_files_fit_in_the_head() -> None:
    """A product file has at most 300 lines, a test at most 500: split it by the nouns in it."""
    complain(
        [
            f"{name}: {lines} lines; split it by the nouns in it"
            for name, text, _ in trees()
            if (lines := text.count("\n")) > (500 if name.startswith("tests/") else 300)
        ]
    )


def test_functions_fit_on_a_screen() -> None:
    """A function has at most 60 lines."""
    complain(
        [
            f"{name}:{node.lineno}: {node.name} has {size} lines; give its parts names"
            for name, _, tree in trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (size := (node.end_lineno or node.lineno) - node.lineno + 1) > 60
        ]
    )


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How deep control flow is stacked, not counting inner functions."""
    blocks = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, inner)]
    return max([depth, *(nesting(child, depth + isinstance(child, blocks)) for child in children)])


def test_control_flow_is_shallow() -> None:
    """Blocks are nested at most four deep."""
    complain(
        [
            f"{name}:{node.lineno}: {node.name} is nested {deep} deep; return early or name the inner part"
            for name, _, tree in trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (deep := nesting(node)) > 4
        ]
    )


def test_every_module_says_why_it_exists() -> None:
    """A module begins with a docstring."""
    complain([f"{name}:1: say why this module exists" for name, _, tree in trees() if not ast.get_docstring(tree)])


def test_every_test_says_what_it_pins() -> None:
    """A test has a docstring of one sentence."""
    complain(
        [
            f"{name}:{node.lineno}: {node.name}: say in one sentence what it pins"
            for name, _, tree in trees()
            if name.startswith("tests/")
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test_")
            and not ast.get_docstring(node)
        ]
    )


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Is it `except:`, `except Exception` or `except BaseException`?"""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id.endswith("Exception")) for kind in caught)


def test_broad_except_lives_in_two_rooms() -> None:
    """Only supervision and quarantine catch what nobody expected."""
    complain(
        [
            f"{name}:{node.lineno}: name the exceptions; broad ones live in {' and '.join(sorted(BROAD_EXCEPT))}"
            for name, _, tree in trees()
            if is_product(name) and name not in BROAD_EXCEPT
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler) and catches_everything(node)
        ]
    )


def calls(tree: ast.Module) -> Iterator[tuple[int, tuple[str, str]]]:
    """Line and (name, attribute) of every use of `name.attribute`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.lineno, (node.value.id, node.attr)


def test_clock_and_chance_are_passed_in() -> None:
    """The product asks no wall clock and no global dice but where a program begins."""
    complain(
        [
            f"{name}:{line}: take `now` or `rng` as a parameter instead of {'.'.join(used)}"
            for name, _, tree in trees()
            if is_product(name) and not WALL_CLOCK_DOORS.match(name)
            for line, used in calls(tree)
            if used in WALL_CLOCK | CHANCE
        ]
    )


def test_blocking_calls_leave_the_loop_in_one_place() -> None:
    """asyncio.to_thread stands in wire/blocking.py only, and no thread is ours."""
    complain(
        [
            f"{name}:{line}: use wire.blocking.OneAtATime instead of {'.'.join(used)}"
            for name, _, tree in trees()
            if is_product(name) and name not in OFF_LOOP
            for line, used in calls(tree)
            if used in {("asyncio", "to_thread"), ("threading", "Thread")}
        ]
    )


def test_nothing_is_left_for_later() -> None:
    """No open ends in the code: they belong into an issue."""
    marks = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]))
    complain(
        [
            f"{name}:{number}: {line.strip()[:80]}"
            for name, text, _ in trees()
            for number, line in enumerate(text.splitlines(), 1)
            if marks.search(line)
        ]
    )


def test_no_third_party_javascript_is_committed() -> None:
    """The board's modules come from the package lock at build time, and the lock names no addresses."""
    assert not tracked("cloud/board/modules/*")
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")
