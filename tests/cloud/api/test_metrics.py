"""GET /metrics as Prometheus reads it."""

from functools import partial
from pathlib import Path
from typing import Any

import guarded_town
import small_city
from many_boards import leans, message
from prometheus_client.parser import text_string_to_metric_families
from small_city import SECOND_NS

from cloud.alarming import alarmwork
from cloud.alarming.alarmwork import Acknowledge
from cloud.cases.casebook import Casebook
from cloud.listening import Http
from cloud.ports import Notice
from cloud.tables import outbox
from wire.alarm import Change, Level
from wire.receipt import BoxStatus

Samples = dict[tuple[str, ...], float]


async def scrape(town: Any) -> Samples:
    """Numbers by name, state or stage or target, and level."""
    answer = await town.client.get("metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *(sample.labels[word] for word in sorted(sample.labels, reverse=True))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_a_cloud_in_which_nothing_has_happened(town: Any) -> None:
    """Every number is there and 0, so that an alert finds it: 6 states, 6 stages, 4 levels, 6 lanes."""
    found = await scrape(town)
    assert set(found.values()) == {0}
    assert len(found) == 6 * 4 + 4 + 2 + 6 * 4 + 1 + 2 + 1 + 6


async def test_what_happened_is_counted(town: Any, now_ns: int) -> None:
    """One acknowledged red alarm with its filed case, one test, a box that is there and one that is gone."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns - 599 * SECOND_NS))
    people = Casebook(town.ledger)
    await people.act_on_alarms([small_city.LEAN], Acknowledge(), small_city.person())
    await people.test_alarm(alarmwork.Test(sensor="XM-TA-0117-T1", level=Level.BLUE), small_city.person())
    for box, online in (("XM-TA-01", True), ("XM-SM-01", False)):
        await town.ledger.save_status(BoxStatus(box, online=online, time_ns=now_ns, boot="b", version="0.1.0"))
    found = await scrape(town)
    assert {key: value for key, value in found.items() if value} == {
        ("egret_alarms", "acknowledged", "red"): 1,
        ("egret_alarms", "unacknowledged", "blue"): 1,
        ("egret_alarms_raised_10m", "red"): 1,
        ("egret_cases_open", "filed", "red"): 1,
        ("egret_outbox_waiting", "store"): 2,
        ("egret_boxes", "online"): 1,
        ("egret_boxes", "offline"): 1,
        ("egret_ledger_last_event_id",): await town.ledger.last_event_id(),
    }


async def test_what_stands_and_what_chatters_is_counted(town: Any, now_ns: int) -> None:
    """A lean of yesterday morning stands; a sensor that fails three times within a minute chatters for ten minutes."""
    day_ns = 86_400 * SECOND_NS
    await town.ledger.take_alarms(small_city.lean(1, now_ns - day_ns - 1))
    changes = [change for _ in range(3) for change in (Change.RAISED, Change.CLEARED)]
    began_ns = now_ns - 599 * SECOND_NS
    events = [
        leans("XM-SM-0001-T1", at, began_ns + 10 * at * SECOND_NS, Level.BLUE, change, rule="fault")
        for at, change in enumerate(changes, 1)
    ]
    await town.ledger.take_alarms(message(events, box="XM-SM-01"))
    found = await scrape(town)
    assert (found["egret_alarms_standing",], found["egret_alarms_chattering_10m",]) == (1, 1)


async def test_dead_letters_are_counted_apart(town: Any, now_ns: int) -> None:
    """One notice waits for the command centre, one was given up after its last attempt."""
    for number in (1, 2):
        notice = Notice(f"20261118-0000{number}.opened.red", "case.opened", now_ns, b"{}")
        await town.ledger.database.write(partial(outbox.put, target="command-centre", notice=notice, due_ns=now_ns))
    [first, _] = await town.ledger.due("command-centre", now_ns, 10)
    await town.ledger.failed([first.id], None, "410 Gone")
    found = await scrape(town)
    assert found["egret_outbox_waiting", "command-centre"] == 1
    assert found["egret_outbox_dead_letters", "command-centre"] == 1


async def test_metrics_are_of_the_whole_city(tmp_path: Path) -> None:
    """Nobody without a login reads them, nor an operator of one district; a viewer of the city does."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        statuses = [(await town.client.get("metrics")).status_code]
        for name in ("lin", "wu"):
            await town.log_in(name)
            statuses.append((await town.client.get("metrics")).status_code)
            town.client.cookies.clear()
        assert statuses == [401, 403, 200]
