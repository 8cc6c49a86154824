"""`scripts/bench newcomer`, a short run."""

import bench_run


def test_newcomer_gets_through_in_five_minutes() -> None:
    """Everything the first five minutes promise happens on the board of a small demonstration, in that time."""
    result = bench_run.result("newcomer")
    assert result["goals"]["five_minutes"]["met"], result["figures"]
    assert "acknowledged with one click" in result["figures"]
