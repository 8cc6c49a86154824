"""A report as PDF, by a Chromium of this machine: no library that draws Chinese is a small one."""

import os
import shutil
import subprocess
from pathlib import Path

from wire.errors import CheckFailed

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
_PATIENCE_S = 60.0


def print_pdf(page: Path, target: Path) -> None:
    """Raises CheckFailed where there is no browser, or it makes none."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise CheckFailed(
            "there is no Chromium on this machine that could print it.",
            where=str(page),
            fix="apt install chromium, or open the page in any browser and print it to a file.",
            code="E-FIELD-043",
        )
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={target.absolute()}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium has none for root
    target.unlink(missing_ok=True)
    try:
        command = [browser, *options, page.absolute().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)  # noqa: S603 - our own page
    except (subprocess.SubprocessError, OSError) as error:
        raise _no_pdf(page, str(error)) from error
    if not target.exists():
        raise _no_pdf(page, "it has written nothing")


def _no_pdf(page: Path, why: str) -> CheckFailed:
    fix = "open the page in a browser and print it to a file."
    return CheckFailed(f"Chromium made no PDF: {why}.", where=str(page), fix=fix, code="E-FIELD-045")
