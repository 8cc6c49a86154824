"""`scripts/bench shares`, a short run."""

import bench_run


def test_a_killed_cloud_is_replaced() -> None:
    """A quick run kills one of two clouds: its boxes are served by the other, nothing is lost, nothing doubled."""
    result = bench_run.result("shares")
    assert (result["goals"]["lost"]["value"], result["goals"]["doubled"]["value"]) == (0, 0), result
    assert result["figures"]["cases"] == result["figures"]["boxes"] == 4
