"""`scripts/bench lies`, a short run, and whether it would find a lie."""

import bench_run
import pytest

from bench import lies
from edge.bus import Bus
from edge.sim import virtual_time


def test_a_short_run_believes_nothing_wrong() -> None:
    """3 000 polls under noise, late replies and two devices at one address: all answered or reported, none wrong."""
    result = bench_run.result("lies", "--seed", "1")
    assert result["figures"]["wrong"] == 0
    assert result["figures"]["answered_or_reported"] == 3000
    assert result["figures"]["E-BUS-019"] > 0


def test_a_client_without_the_quiet_time_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same line and a bus that asks on at once after a timeout: late replies are taken for answers, and found."""
    monkeypatch.setattr(Bus, "_quiet_until", property(lambda _: 0.0, lambda _self, _value: None), raising=False)
    books = lies.Books()
    virtual_time.run(lies.polled(1500, 1, books))
    assert books.wrong
