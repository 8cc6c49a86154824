"""`scripts/bench faults`, a short run."""

import bench_run


def test_faults_lose_and_double_nothing() -> None:
    """A quick run kills a box, the cloud, the broker and the store once each, while billboards begin to lean."""
    result = bench_run.result("faults")
    figures = result["figures"]
    assert figures["kills"] == 4
    assert figures["readings_sampled"] > 1_000
    assert figures["leans"] > 0
    assert (figures["readings_lost"], figures["readings_doubled"], figures["leans_without_exactly_one_case"]) == (
        0,
        0,
        0,
    )
