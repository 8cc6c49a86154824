"""`scripts/bench line`, a short run."""

import bench_run


def test_line_measures_what_it_promises() -> None:
    """A quick run measures every figure and loses no poll; whether goals are met is not judged on a busy machine."""
    result = bench_run.result("line")
    assert set(result["goals"]) == {
        *("share_percent_9600", "core_percent_19200", "kept_beside_a_dead_one_percent"),
    }
    assert all(goal["value"] > 0 for goal in result["goals"].values())
    assert result["figures"]["polls_a_second_9600"] > 0
