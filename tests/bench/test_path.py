"""`scripts/bench path`, a short run."""

import bench_run


def test_path_measures_what_it_promises() -> None:
    """A quick run measures every figure; whether goals are met is not judged here, the machine may be busy."""
    result = bench_run.result("path")
    assert set(result) == {"bench", "figures", "goals", "machine", "notes"}
    assert set(result["goals"]) == {
        *("reaction_ms_p99", "edge_rss_mib", "edge_core_percent"),
        *("bytes_a_value_1s", "bytes_a_value_10s"),
    }
    assert all(goal["value"] > 0 for goal in result["goals"].values())
