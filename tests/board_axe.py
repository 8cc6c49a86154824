"""axe-core looks at a page as people with a screen reader, a keyboard or weak eyes meet it (WCAG 2.2, A and AA)."""

import sys
from functools import cache
from pathlib import Path

from playwright.async_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import build_board  # noqa: E402 - it lies in scripts/, which is no package

_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@cache
def _script() -> str:
    folder = ROOT / "var" / "axe"
    build_board.copy_out(ROOT / "tests" / "axe", {"axe-core/axe.min.js": "axe.js"}, folder)
    return (folder / "axe.js").read_text(encoding="utf-8")


async def violations(page: Page) -> list[str]:
    """Each as `rule: element`, of the page as it is now."""
    await page.evaluate(_script())
    found = await page.evaluate("rules => axe.run(document, rules)", _RULES)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
