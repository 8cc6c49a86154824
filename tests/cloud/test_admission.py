"""The gate of the lanes: a box that sends too much, or speaks of others' sensors, harms nobody, and loses nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self

import msgspec
import small_city

from cloud.admission import ALARMS, READINGS, SET_ASIDE, Admission, Allowance, MeteredInbox, Overruns
from cloud.alarming.alarm_state import AlarmState
from cloud.alarms import AlarmsLane
from cloud.cases.practice import Practice
from cloud.ingest import ReadingsLane
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.ownership import UNKNOWN_MAX
from cloud.poison import PoisonFolder
from cloud.ports import Delivery, Store
from cloud.quarantine import Quarantine
from cloud.replay import Replay
from cloud.stores import embedded
from wire import alarm_message, receipt, topics
from wire import batch as wire_batch
from wire.alarm import Change
from wire.alarm_message import AlarmMessage
from wire.batch import UNPACKED_MAX, VALUES_MAX, Batch, Series
from wire.inventory import UNREGISTERED, Inventory

HONEST, HOSTILE = "XM-TA-01", "XM-SM-01"
BOXES = (HONEST, HOSTILE)
SENSOR, OTHERS = "XM-TA-0117-T1", "XM-SM-0001-T1"
START_NS = 1_795_480_000 * small_city.SECOND_NS


def batch(box: str, first: int, *names: tuple[str, str]) -> bytes:
    """One reading of each sensor and quantity."""
    series = tuple(Series(sensor, quantity, (START_NS,), (0.031,), (0,)) for sensor, quantity in names)
    return wire_batch.encode(Batch(box, "k3v9q2ma", first, 0, series))


@dataclass
class Broker:
    """An inbox of what it is given; `taken` are the acknowledged, `sent` the receipts."""

    waiting: Sequence[tuple[str, bytes]]
    taken: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """All of it."""
        for topic, payload in self.waiting:
            yield Delivery(topic, payload, lambda payload=payload: self.taken.append(payload))

    async def send(self, _topic: str, payload: bytes, **_: bool) -> None:
        """Keeps it."""
        self.sent.append(payload)


@dataclass
class Gate:
    """Both lanes with what is behind them."""

    city: Inventory
    readings: ReadingsLane
    alarms: AlarmsLane
    ledger: Ledger
    quarantine: Quarantine
    store: Store


@asynccontextmanager
async def gate(folder: Path, overruns: Overruns | None = None) -> AsyncIterator[Gate]:
    """Of the small city."""
    city = small_city.inventory(folder)
    admission = Admission("quarantine", SET_ASIDE, city.boxes, overruns or Overruns(lambda: START_NS))
    quarantine = Quarantine(PoisonFolder(folder / "quarantine", lambda: START_NS), admission)
    async with (
        Ledger(folder / "ledger.sqlite", lambda: START_NS, Practice(city)) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
    ):
        rest = {"ledger": ledger, "quarantine": quarantine, "rng": Random(1)}
        readings = ReadingsLane(store=store, live=Live(), inventory=city, **rest)
        alarms = AlarmsLane(changed=lambda: None, **rest)
        yield Gate(city, readings, alarms, ledger, quarantine, store)


def test_a_box_that_floods_is_slowed_down_and_no_other() -> None:
    """10 000 messages at once of one box: its 400 are taken, then 100 a second; the neighbour's all the while."""
    overruns = Overruns(lambda: START_NS)
    admission = Admission("readings", READINGS, BOXES, overruns)
    topic, other = topics.topic(HOSTILE, "readings"), topics.topic(HONEST, "readings")
    assert sum(admission.admits(topic, 100, 0.0) for _ in range(10_000)) == 400
    assert admission.admits(other, UNPACKED_MAX, 0.0)
    assert sum(admission.admits(topic, 100, at / 1000) for at in range(1, 10_001)) == 1000
    [overrun] = overruns.all()
    assert (overrun.box, overrun.what, overrun.messages) == (HOSTILE, "readings", 18_600)


def test_boxes_that_nobody_knows_share_one_bucket() -> None:
    """Names that are made up, one a message, take no memory, and no topic of ours gets none."""
    overruns = Overruns(lambda: START_NS)
    admission = Admission("alarms", ALARMS, BOXES, overruns)
    made_up = [f"egret/v1/NO-{number}/alarms" for number in range(500)] + ["$SYS/x"] * 500
    assert sum(admission.admits(topic, 100, 0.0) for topic in made_up) == 200
    assert [overrun.box for overrun in overruns.all()] == [""]


def test_a_drain_at_fifty_times_real_time_is_within_the_allowance() -> None:
    """72 h of 40 sensors at 10 Hz and 3 quantities, sealed every 4 s: 50 times as fast, nothing is let go."""
    times = tuple(START_NS + at * 100_000_000 for at in range(40))
    values = tuple(round(0.031 + (at * 7 % 13) / 1000, 3) for at in range(40))
    series = tuple(
        Series(f"XM-TA-01{number:02}-T1", quantity, times, values, (0,) * 40)
        for number in range(40)
        for quantity in ("tilt_x", "tilt_y", "tilt")
    )
    payload = wire_batch.encode(Batch(HONEST, "k3v9q2ma", 1, 0, series))
    overruns = Overruns(lambda: START_NS)
    admission = Admission("readings", READINGS, BOXES, overruns)
    topic, weight = topics.topic(HONEST, "readings"), wire_batch.weight(payload)
    assert all(admission.admits(topic, weight, message * 4 / 50) for message in range(72 * 3600 // 4))
    assert not overruns.all()


def test_readings_weigh_what_they_unpack_to() -> None:
    """5000 equal values come in less than 100 bytes and weigh 5000; a bomb weighs what anybody would unpack of it."""
    times = tuple(range(VALUES_MAX))
    series = Series(SENSOR, "tilt", times, (0.0,) * VALUES_MAX, (0,) * VALUES_MAX)
    payload = wire_batch.encode(Batch(HONEST, "k3v9q2ma", 1, 0, (series,)))
    assert len(payload) < 100
    assert 2 * VALUES_MAX < wire_batch.weight(payload) < 3 * VALUES_MAX
    header_of_a_gigabyte = bytes.fromhex("28b52ffd a0 00000040".replace(" ", ""))
    assert wire_batch.weight(header_of_a_gigabyte) == UNPACKED_MAX
    assert wire_batch.weight(b"noise") == 5


async def test_what_is_let_go_is_acknowledged_and_has_no_receipt(tmp_path: Path) -> None:
    """The broker forgets it and goes on; its box keeps it, and sends it again."""
    async with gate(tmp_path) as found:
        payload = alarm_message.encode(small_city.lean(1, START_NS))
        broker = Broker([(topics.topic(HONEST, "alarms"), payload)] * 300)
        no_refill = Allowance(0, 200, 0, 4 * 2**20)
        admission = Admission("alarms", no_refill, BOXES, Overruns(lambda: START_NS))
        await found.alarms.run(MeteredInbox(broker, admission))
        assert (len(broker.taken), len(broker.sent)) == (300, 200)
        assert await found.ledger.open_cases()


async def test_one_box_does_not_fill_the_quarantine(tmp_path: Path) -> None:
    """Of 150 different messages that nobody can read 100 are kept, of another box's the one."""
    overruns = Overruns(lambda: START_NS)
    async with gate(tmp_path, overruns) as found:
        noise = [(topics.topic(HOSTILE, "alarms"), f"noise {number}".encode()) for number in range(150)]
        broker = Broker([*noise, (topics.topic(HONEST, "alarms"), b"noise")])
        await found.alarms.run(broker)
        assert len(broker.taken) == 151
        kept = [one.topic for one in await found.quarantine.summaries()]
        assert kept.count(topics.topic(HONEST, "alarms")) == 1
        assert 100 <= len(kept) <= 111  # one more every ten seconds that the machine takes
    assert [(one.box, one.what) for one in overruns.all()] == [(HOSTILE, "quarantine")]


async def test_a_box_clears_no_alarm_of_anothers(tmp_path: Path) -> None:
    """A stolen box says that a billboard of another box has come back, and that the other box is gone: it stands."""
    async with gate(tmp_path) as found:
        await found.ledger.take_alarms(small_city.lean(1, START_NS))
        [event] = small_city.lean(1, START_NS + 1, change=Change.CLEARED).events
        gone = {"sensor": HONEST, "rule": "offline", "alarm": f"{HONEST}/offline", "sequence": 2}
        forged = msgspec.structs.replace(event, **gone, change=Change.RAISED)
        message = AlarmMessage(HOSTILE, "spool-1", 0, (event, forged))
        broker = Broker([(topics.topic(HOSTILE, "alarms"), alarm_message.encode(message))])
        await found.alarms.run(broker)
        standing = {alarm.id: alarm.state for alarm in await found.ledger.alarms()}
        assert standing[small_city.LEAN] is AlarmState.UNACKNOWLEDGED
        assert f"{HONEST}/offline" not in standing
        assert f"{HONEST}@{HOSTILE}/offline" in standing
        assert receipt.decode_receipt(broker.sent[0]).stored_through == 2


async def test_a_sensor_that_was_moved_is_heard(tmp_path: Path) -> None:
    """sensors.yaml still hangs it on its old box: an alarm is a case, of an unknown place, and clears."""
    async with gate(tmp_path) as found:
        moved = msgspec.structs.replace(small_city.lean(1, START_NS), box=HOSTILE)
        await found.ledger.take_alarms(moved)
        [alarm] = await found.ledger.alarms()
        assert (alarm.sensor, alarm.site, len(await found.ledger.open_cases())) == (
            f"{SENSOR}@{HOSTILE}",
            UNREGISTERED,
            1,
        )
        back = small_city.lean(2, START_NS + 1, change=Change.CLEARED)
        await found.ledger.take_alarms(msgspec.structs.replace(back, box=HOSTILE))
        [alarm] = await found.ledger.alarms()
        assert alarm.state is AlarmState.RETURNED_UNACKNOWLEDGED


async def test_readings_of_anothers_sensor_are_kept_apart(tmp_path: Path) -> None:
    """It was moved, or somebody forges: all are stored and receipted, none among those of the sensor's own box."""
    async with gate(tmp_path) as found:
        payload = batch(HONEST, 1, (SENSOR, "tilt"), (OTHERS, "tilt"))
        assert await found.readings.take([wire_batch.decode(payload)]) == {(HONEST, "k3v9q2ma"): 2}
        stored = [
            len(await found.store.readings(sensor, "tilt", 0, 2**62, 10))
            for sensor in (SENSOR, OTHERS, f"{OTHERS}@{HONEST}")
        ]
        assert stored == [1, 0, 1]
        assert not await found.quarantine.summaries()


async def test_a_million_series_do_not_come_in(tmp_path: Path) -> None:
    """A box makes up names: a thousand are stored as unregistered, the rest is set aside, its own is stored."""
    async with gate(tmp_path) as found:
        for start in range(0, 3 * UNKNOWN_MAX, UNKNOWN_MAX):
            names = [(f"MADE-UP-{number}", "tilt") for number in range(start, start + UNKNOWN_MAX)]
            await found.readings.take([wire_batch.decode(batch(HONEST, start + 1, *names))])
        await found.readings.take([wire_batch.decode(batch(HONEST, 3 * UNKNOWN_MAX + 1, (SENSOR, "tilt")))])
        assert await found.store.count(0, 2**62) == UNKNOWN_MAX + 1
        kept = await found.quarantine.summaries()
        assert len(kept) == 2
        poison = await found.quarantine.get(kept[0].id)
        assert poison is not None
        await Replay(found.quarantine, lambda: found.readings, found.alarms).take(poison)
        assert await found.store.count(0, 2**62) == 2 * UNKNOWN_MAX + 1
