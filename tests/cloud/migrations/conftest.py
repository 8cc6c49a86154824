"""Here every ledger is migrated."""

import pytest


@pytest.fixture(autouse=True)
def copied_ledgers() -> None:
    """None is."""
