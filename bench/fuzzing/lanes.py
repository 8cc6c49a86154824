"""The real lanes with ledger, store and quarantine, on messages that a fuzz has made."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import Self

from bench.fuzzing import fleet, targets
from cloud.alarms import AlarmsLane
from cloud.cases.practice import Practice
from cloud.fleet.fleet_lane import FleetLane
from cloud.ingest import ReadingsLane
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.poison import PoisonFolder
from cloud.ports import Delivery, Inbox
from cloud.quarantine import Quarantine
from cloud.stores import embedded
from cloud.tables.fleet import answers
from wire import receipt
from wire.errors import Unreachable
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

_FRESH = "after-all"
"""A spool of its own for what must get through at the end."""
_PATIENCE_S = 600


class _Box:
    """An inbox of given messages; the connection ends when all are acknowledged. `receipts`: what it was answered."""

    def __init__(self, topic: str, bad: Sequence[bytes], valid: bytes) -> None:
        self._topic, self._bad, self._valid = topic, bad, valid
        self._acknowledged = 0
        self.receipts: list[receipt.Receipt] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Each once. Raises Unreachable then."""
        for payload in chain(self._bad, (self._valid,)):
            yield Delivery(self._topic, payload, self._acknowledge)
        while self._acknowledged <= len(self._bad):
            await asyncio.sleep(0.02)
        raise Unreachable("that was all.", code="E-LINK-002")

    async def send(self, _topic: str, payload: bytes, **_: bool) -> None:
        """A receipt."""
        self.receipts.append(receipt.decode_receipt(payload))

    def _acknowledge(self) -> None:
        self._acknowledged += 1

    def covers(self, spool_id: str, through: int) -> bool:
        """Is there a receipt of so much of this spool?"""
        return any(one.spool_id == spool_id and one.stored_through == through for one in self.receipts)


async def feed(folder: Path, documents: fleet.Documents, messages: Mapping[str, Sequence[bytes]]) -> str:
    """Messages by kind, and a valid one after them, through every lane; what went wrong, or nothing."""
    path = folder / "sensors.yaml"
    path.write_text(targets.CITY, encoding="utf-8")
    city = load(path, load_library(library_folder()))
    quarantine = Quarantine(PoisonFolder(folder / "quarantine", time.time_ns))
    rng = Random(1)
    async with (
        Ledger(folder / "ledger.sqlite", time.time_ns, Practice(city)) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
    ):
        behind = {"ledger": ledger, "quarantine": quarantine, "rng": rng}
        lanes: dict[str, tuple[Callable[[Inbox], Awaitable[None]], str, bytes]] = {
            "batch": (
                ReadingsLane(store=store, live=Live(), inventory=city, **behind).run,
                "readings",
                targets.valid_batch(_FRESH),
            ),
            "alarms": (AlarmsLane(changed=lambda: None, **behind).run, "alarms", targets.valid_alarms(_FRESH)),
        }
        for kind, (run, topic, valid) in lanes.items():
            bad = messages[kind]
            box = _Box(f"egret/v1/{targets.BOX}/{topic}", bad, valid)
            await _until_read(run, box)
            if not box.covers(_FRESH, targets.LAST[kind]):
                return f"{kind}: a valid message after {len(bad)} bad ones has no receipt"
        box = _Box(f"egret/v1/{targets.BOX}/reported", messages["reported"], fleet.LAST_REPORT)
        await _until_read(FleetLane(now=time.time_ns, **behind).run, box)
        found = await ledger.read(lambda connection: answers(connection, targets.BOX))
        if [one.counter for one in found] != [fleet.LAST_COUNTER]:
            return f"reported: a valid report after {len(messages['reported'])} bad ones is not in the ledger"
        boxes = fleet.Boxes(folder, documents)
        if trouble := await boxes.trouble(messages["desired"], messages["desired_mistaken"]):
            return trouble
        defects = [one.reason for one in await quarantine.summaries() if one.reason.startswith("defect")]
    return "; ".join(defects[:3])


async def _until_read(run: Callable[[Inbox], Awaitable[None]], box: _Box) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await run(box)
    except* Unreachable:
        pass
