"""`scripts/bench drain`, a short run."""

import bench_run


def test_drain_measures_what_it_promises() -> None:
    """Three minutes of four sensors drain while billboards lean; whether goals are met is not judged here."""
    result = bench_run.result("drain")
    assert result["figures"]["readings"] == 32_000
    assert set(result["goals"]) == {"times_real_time", "reaction_ms_p99", "edge_rss_mib"}
    assert all(goal["value"] > 0 for goal in result["goals"].values())
