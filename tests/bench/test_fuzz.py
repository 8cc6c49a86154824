"""`scripts/bench fuzz`, a short run."""

import bench_run


def test_fuzz_finds_nothing() -> None:
    """Two thousand bent messages and files: each is taken or refused with its reason, and lanes and boxes go on."""
    result = bench_run.result("fuzz", "--inputs", "2000")
    assert all(goal["met"] for goal in result["goals"].values()), result
    heard = {"batch", "alarms", "status", "receipt", "reported", "desired", "desired_mistaken", "command", "reply"}
    heard |= {"sensors", "cloud", "device_reply", "stream"}
    assert {f"{kind}: taken, refused" for kind in heard} <= set(result["figures"])


def test_devices_and_their_profiles_find_nothing() -> None:
    """A thousand bent replies, frames, lines, uplinks and profiles: no more is believed than a checksum promises."""
    result = bench_run.result("fuzz", "--part", "devices", "--inputs", "1000")
    assert all(goal["met"] for goal in result["goals"].values()), result
    heard = {"profile", "crc of 16 bits", "sum of 8 bits", "no sum", "carried by radio"}
    assert {f"{kind}: taken, refused" for kind in heard} <= set(result["figures"])
