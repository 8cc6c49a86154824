"""The board's files: what they weigh, what they say, and that nothing comes from elsewhere."""

import gzip
import importlib.util
import json
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from cloud.api.board import FOLDER

ROOT = Path(__file__).parents[3]
MODULES = FOLDER / "modules"
OWN = sorted(
    path
    for path in FOLDER.rglob("*")
    if path.suffix in {".js", ".css", ".html", ".svg", ".json"} and MODULES not in path.parents
)
SCRIPTS = [path for path in OWN if path.suffix == ".js"]
WORDS = {name: json.loads((FOLDER / "words" / f"{name}.json").read_text(encoding="utf-8")) for name in ("zh", "en")}
WEIGHT_MAX = 100_000
"""Bytes, gzip, of all that a browser loads to show the city."""
LINES_MAX, COLUMNS_MAX = 300, 160
"""Of a script."""
_IMPORT = re.compile(r'(?:\bfrom|\bimport) ?"(\.{1,2}/[^"]*)"')


@pytest.fixture(scope="session")
def build_board() -> ModuleType:
    """scripts/build_board.py as a module."""
    spec = importlib.util.spec_from_file_location("build_board", ROOT / "scripts" / "build_board.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def modules(build_board: ModuleType) -> Path:
    """The third-party modules, installed unless they are up to date."""
    build_board.install(ROOT)
    return MODULES


def imported_from(start: Path) -> set[Path]:
    """The module and all that it imports by name; what a page loads when it is first shown is not among them."""
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [(path.parent / name).resolve() for name in _IMPORT.findall(path.read_text(encoding="utf-8"))]
    return found


def weight(paths: Iterable[Path]) -> int:
    """Compressed one by one, as they are sent."""
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def test_weighs_little(modules: Path) -> None:
    """The city's page, all modules of others, the styles and one language fit 100 kB, compressed."""
    loaded = imported_from(FOLDER / "main.js") | set((FOLDER / "styles").iterdir()) | set(modules.glob("*.js"))
    loaded |= {modules / "uPlot.css", FOLDER / "index.html", FOLDER / "egret.svg", FOLDER / "words" / "zh.json"}
    assert weight(loaded) <= WEIGHT_MAX


def test_every_file_is_used(modules: Path) -> None:
    """From the three pages and the worker every script is reached; a page is named in main.js."""
    starts = [FOLDER / "main.js", FOLDER / "link" / "link.js", FOLDER / "core" / "stream_worker.js"]
    named = re.search(r"PAGES = new Set\(\[(.*?)\]\)", (FOLDER / "main.js").read_text(encoding="utf-8"))
    assert named is not None
    starts += [FOLDER / "pages" / f"{name}.js" for name in re.findall(r'"(\w+)"', named[1])]
    reached = {path for start in starts for path in imported_from(start)}
    assert reached == set(SCRIPTS)


def test_modules_of_the_import_map_are_installed(build_board: ModuleType, modules: Path) -> None:
    """Every bare name that a module imports leads to a file, and a second install does nothing."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    imports = json.loads(found.group(1))["imports"]
    assert all((FOLDER / target).is_file() for target in imports.values())
    bare = {
        name
        for path in [*SCRIPTS, *modules.glob("*.js")]
        for name in re.findall(r'\bimport\b[^;"]*?\bfrom ?"([^"./][^"]*)"', path.read_text(encoding="utf-8"))
    }
    assert bare <= set(imports)
    assert not build_board.install(ROOT)


def test_every_module_comes_with_its_licence(modules: Path) -> None:
    """What we pass on says whose it is."""
    assert len(list((modules / "licenses").glob("*.txt"))) == 5


def test_lock_has_hashes_and_no_addresses() -> None:
    """package.json names exact versions; the lock says what they hash to, and not where they come from."""
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert "resolved" not in lock
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {f"node_modules/{name}" for name in wanted} == set(packages) - {""}
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)


def test_nothing_comes_from_elsewhere() -> None:
    """No address of another server stands in our files; the SVG namespace is a name, not an address."""
    found = [
        f"{path.name}: {address}"
        for path in OWN
        for address in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"']*", path.read_text(encoding="utf-8"))
    ]
    assert [line for line in found if "www.w3.org/2000/svg" not in line] == []


def test_scripts_are_rooms_and_say_what_they_are_for() -> None:
    """Each begins with its sentence, fits 300 lines, and sets no markup from text."""
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        assert lines[0].startswith("/** "), path.name
        assert len(lines) <= LINES_MAX, path.name
        assert max(map(len, lines)) <= COLUMNS_MAX, path.name
        assert not re.search(r"innerHTML|dangerouslySetInnerHTML|\beval\(|document\.write", text), path.name


def test_what_a_script_imports_it_uses() -> None:
    """A name that is imported stands in the script once more."""
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        named = [
            name for names in re.findall(r"^import [^;]*?\{([^}]*)\}", text, re.MULTILINE) for name in names.split(",")
        ]
        for name in filter(None, (name.split(" as ")[-1].strip() for name in named)):
            assert len(re.findall(rf"\b{name}\b", text)) > 1, (path.name, name)


def test_the_page_names_what_it_needs_beforehand() -> None:
    """All that main.js imports, and what that imports, is asked for at once."""
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    modules = json.loads(page.split('<script type="importmap">')[1].split("</script>")[0])["imports"]
    needed, left = set(), ["main.js"]
    while left:
        script = left.pop()
        for name in re.findall(
            r'\b(?:import|export)\b(?:[\w*\s{},$]*?\bfrom)?\s*"([^"]+)"', (FOLDER / script).read_text()
        ):
            found = (FOLDER / modules[name]) if name in modules else (FOLDER / script).parent / name
            path = str(found.resolve().relative_to(FOLDER.resolve()))
            left += [] if path in needed else [path]
            needed.add(path)
    assert re.findall(r'rel="modulepreload" href="([^"]+)"', page) == sorted(needed)


def test_words_are_the_same_in_both_languages() -> None:
    """A key of one language exists in the other, with the same places to fill in."""
    assert list(WORDS["zh"]) == list(WORDS["en"])
    for key, words in WORDS["zh"].items():
        assert sorted(re.findall(r"\{\w+\}", words)) == sorted(re.findall(r"\{\w+\}", WORDS["en"][key])), key


def test_every_key_that_is_said_exists() -> None:
    """A key in the scripts stands in the catalogue, and none stands there in vain."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    assert set(re.findall(r'\bsay\("([^"]+)"', code)) <= set(WORDS["zh"])
    said = {key for key in WORDS["zh"] if f'"{key}"' in code}
    for part in re.findall(r"\bsay(?:Or)?\(`([^`$]+)\$\{", code):
        family = {key for key in WORDS["zh"] if key.startswith(part)}
        assert family, part
        said |= family
    assert said == set(WORDS["zh"])
