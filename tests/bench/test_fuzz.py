"""`scripts/bench fuzz`, a short run."""

import bench_run


def test_fuzz_finds_nothing() -> None:
    """Two thousand bent messages and files: each is taken or refused with its reason, and lanes and boxes go on."""
    result = bench_run.result("fuzz", "--inputs", "2000")
    assert all(goal["met"] for goal in result["goals"].values()), result
    heard = {"batch", "alarms", "status", "receipt", "reported", "desired", "desired_mistaken", "command", "reply"}
    heard |= {"sensors", "cloud", "device_reply", "stream"}
    assert {f"{kind}: taken, refused" for kind in heard} <= set(result["figures"])
