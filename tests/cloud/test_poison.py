"""Messages set aside: kept once however often they come, counted, found again, bounded."""

from pathlib import Path

from cloud.poison import PoisonFolder
from cloud.quarantine import Quarantine
from wire.errors import WireError

TOPIC = "egret/v1/XM-TA-01/readings"


async def test_kept_once_and_counted(tmp_path: Path) -> None:
    """A box sends the same unreadable batch again and again: one message, three times."""
    quarantine = Quarantine(PoisonFolder(tmp_path, lambda: 7))
    for _ in range(3):
        await quarantine.put(TOPIC, b"noise", "no batch")
    [summary] = await quarantine.summaries()
    assert (summary.topic, summary.reason, summary.times) == (TOPIC, "no batch", 3)
    found = await quarantine.get(summary.id)
    assert found is not None
    assert found.payload == b"noise"
    await quarantine.drop(summary.id)
    assert not await quarantine.summaries()


async def test_a_handler_that_fails_is_no_end(tmp_path: Path) -> None:
    """An expected error and a defect of ours are both set aside; the lane is told, and goes on."""
    quarantine = Quarantine(PoisonFolder(tmp_path, lambda: 7))

    async def refuse() -> None:
        raise WireError("no batch", fix="see docs/wire.md", code="E-WIRE-003")

    async def break_down() -> None:
        raise ZeroDivisionError

    await quarantine.guard(TOPIC, b"1", refuse)
    await quarantine.guard(TOPIC, b"2", break_down)
    reasons = sorted(summary.reason for summary in await quarantine.summaries())
    assert len(reasons) == 2
    assert any("E-WIRE-003" in reason for reason in reasons)
    assert any("ZeroDivisionError" in reason for reason in reasons)
