"""A gatehouse for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import gatehouse
import pytest
from gatehouse import Gatehouse


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gatehouse]:
    """Where Lin has an account and nobody has logged in."""
    async with gatehouse.opened(tmp_path) as gate:
        yield gate
