"""What was set aside, over HTTP: who may take it again, and the line that says who did."""

from collections.abc import AsyncIterator
from pathlib import Path

import guarded_town
import msgspec
import pytest
import small_city
from guarded_town import Town

from cloud.listening import Http

TOPIC = "egret/v1/XM-TA-01/alarms"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """On this machine, with a login."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        yield town


async def test_a_replay_is_a_line_of_the_audit_log(town: Town) -> None:
    """One message is stored and leaves; the other is still unreadable and stays. Both are said, with who it was."""
    good = msgspec.json.encode(small_city.lean(1, town.gate.at_ns))
    for payload in (good, b"noise"):
        await town.quarantine.put(TOPIC, payload, "the ledger was away")
    await town.log_in("zhao")
    status = {}
    for message in (await town.client.get("api/v1/quarantine")).json():
        answer = await town.change("POST", f"quarantine/{message['id']}/replay", json={})
        status[message["id"]] = answer.status_code
    assert sorted(status.values()) == [200, 409]
    [left] = await town.quarantine.summaries()
    lines = await town.gate.lines(act="quarantine.replay")
    assert {(line.actor, line.object, line.outcome) for line in lines} == {
        ("zhao", f"message {name}", "done" if code == 200 else "failed") for name, code in status.items()
    }
    assert status[left.id] == 409


async def test_what_was_set_aside_is_a_maintainers(town: Town) -> None:
    """An operator neither sees nor replays it; a message that is not there is 404, and no line says done."""
    await town.log_in("lin")
    assert (await town.client.get("api/v1/quarantine")).status_code == 403
    assert (await town.change("POST", "quarantine/x/replay", json={})).status_code == 403
    await town.log_in("zhao")
    assert (await town.change("POST", "quarantine/x/replay", json={})).json()["code"] == "E-QUAR-002"
    assert await town.gate.lines(act="quarantine.replay") == []
