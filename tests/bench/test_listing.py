"""`scripts/bench` without a name."""

import bench_run


def test_lists_the_benches() -> None:
    """Each with the first line of its manual page."""
    assert "path       From a register on a device to a committed case" in bench_run.bench()
