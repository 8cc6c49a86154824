"""The link cut of a self-test in virtual time: nothing is lost over two minutes without a link."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from edge.clock import BoxClock
from edge.field.cut_link import CloudHere
from edge.field.link_cut import LinkCut, Way, cut_link
from edge.ports import Link
from edge.sim import virtual_time
from edge.sim.link import SimulatedBroker, SimulatedLink
from edge.spool import Spool
from wire.reading import Reading
from wire.receipt import Lane


async def tilting(spool: Spool) -> None:
    """Ten readings a second of a tilt sensor."""
    while True:
        await asyncio.sleep(0.1)
        at_ns = round(asyncio.get_running_loop().time() * 1000) * 1_000_000
        await spool.add([Reading("XM-TA-0901-T1", "tilt", 0.01, 1_795_000_000_000_000_000 + at_ns)])


def clock() -> BoxClock:
    """Virtual time since 2026."""
    return BoxClock.trusted(lambda: 1_795_000_000_000_000_000 + round(asyncio.get_running_loop().time() * 1e9))


def test_nothing_is_lost_over_two_minutes_without_a_link(tmp_path: Path) -> None:
    """1200 readings wait while it is cut, and all arrive once; the test alarm went before, in a lane of its own."""

    async def run() -> LinkCut:
        way = Way("XM-TA-09", None, clock(), Random(1))
        return await cut_link(tilting, "XM-TA-0901-T1", way, tmp_path, cut_s=120)

    found = virtual_time.run(run())
    assert found.is_here
    assert (found.lost, found.doubled) == (0, 0)
    assert 1190 <= found.during <= 1210
    assert found.readings > found.during
    assert found.alarm_s is not None
    assert found.drained_s is not None
    assert max(found.depth) >= 1190
    assert found.depth[-1] == 0


def test_what_nobody_receipts_is_counted_as_lost(tmp_path: Path) -> None:
    """A cloud that takes receipts away after the cut: the readings are on the disk, and the test says so."""

    class Forgetful(CloudHere):
        """Gives a receipt while its first hundred readings come."""

        def take(self, topic: str, payload: bytes) -> None:
            """As told."""
            if len(self.readings) < 100:
                super().take(topic, payload)

    async def run() -> LinkCut:
        way = Way("XM-TA-09", Forgetful(), clock(), Random(1))
        return await cut_link(tilting, "XM-TA-0901-T1", way, tmp_path, cut_s=30)

    found = virtual_time.run(run())
    assert found.lost > 200
    assert found.drained_s is None


def test_a_broker_that_does_not_answer_is_no_link(tmp_path: Path) -> None:
    """After half a minute the test says so, and cuts nothing."""
    broker = SimulatedBroker(Random(1))
    broker.stop()

    def away(will: bytes) -> Link:
        return SimulatedLink(broker, "XM-TA-09", will)

    async def run() -> LinkCut:
        return await cut_link(tilting, "XM-TA-0901-T1", Way("XM-TA-09", away, clock(), Random(1)), tmp_path, cut_s=120)

    found = virtual_time.run(run())
    assert (found.linked_s, found.alarm_s, found.during, found.is_here) == (None, None, 0, False)


def test_a_failing_line_ends_the_test(tmp_path: Path) -> None:
    """A defect of what samples is no result."""

    async def broken(spool: Spool) -> None:
        assert spool.depth(Lane.READINGS).waiting == 0
        raise RuntimeError("broken")

    async def run() -> LinkCut:
        return await cut_link(broken, "XM-TA-0901-T1", Way("XM-TA-09", None, clock(), Random(1)), tmp_path, cut_s=1)

    with pytest.raises(ExceptionGroup):
        virtual_time.run(run())
