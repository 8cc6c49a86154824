"""`scripts/bench`, as it is typed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def bench(*arguments: str) -> str:
    """What it prints on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def result(name: str, *arguments: str) -> dict[str, Any]:
    """The one JSON line of a short run."""
    found: dict[str, Any] = json.loads(bench(name, "--quick", "--json", *arguments).splitlines()[-1])
    return found
