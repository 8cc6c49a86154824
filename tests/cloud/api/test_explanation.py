"""GET /alarms/explanation: why an alarm stands, for as long as the ledger knows it."""

from typing import Any

import frames
import msgspec
import small_city

from wire.alarm import Change, Evidence, Level
from wire.alarm_message import AlarmMessage

LEANING = (0, 0, 2048, 0, 0, 0, 0, 0, 0, 395, 0, 0, 2500)
"""Of the WT901C-485 at XM-TA-0117: roll 2.170°, pitch 0°."""


def leaning(town: Any, now_ns: int, sequence: int, change: Change = Change.RAISED) -> AlarmMessage:
    """The box's message, with evidence and the bytes of the sample."""
    message = small_city.lean(sequence, now_ns + sequence, change=change)
    frame = frames.frame(town.inventory.sensors["XM-TA-0117-T1"], "attitude", LEANING)
    evidence = (Evidence(now_ns - 1, 0.031), Evidence(now_ns, None, 4))
    [event] = message.events
    events = (msgspec.structs.replace(event, frame=frame, evidence=evidence, config_version=town.inventory.version),)
    return msgspec.structs.replace(message, events=events)


async def test_from_the_bytes_to_the_case(town: Any, now_ns: int) -> None:
    """As the page of a site shows it."""
    await town.ledger.take_alarms(leaning(town, now_ns, 1))
    answer = await town.client.get("api/v1/alarms/explanation", params={"alarm": small_city.LEAN})
    assert answer.status_code == 200
    why = answer.json()
    assert (why["alarm"]["id"], why["alarm"]["state"], why["case"]) == (
        small_city.LEAN,
        "unacknowledged",
        "20261118-00001",
    )
    event = why["event"]
    assert (event["level"], event["value"], event["limit"], event["is_current_config"]) == ("red", 2.17, 1.5, True)
    frame = why["frame"]
    assert (frame["request"], frame["unit"], frame["register"], frame["count"], frame["crc_ok"]) == (
        *("50030034000dc840", 80, "0x34", 13),
        True,
    )
    assert {"address": "0x3D", "value": 395} in why["registers"]
    assert why["points"][1]["registers"] == ["0x3D"]
    assert (why["steps"][-1]["name"], why["steps"][-1]["value"]) == ("lean", 2.17)
    assert why["evidence"] == [[now_ns - 1, 0.031, 0], [now_ns, None, 4]]
    assert (why["rule"]["name"], why["rule"]["levels"][-1]["limit"]) == ("lean", 1.5)
    assert (why["profile"]["name"], why["baseline"], why["commissioned"], why["doubt"]) == (
        "witmotion-wt901c-485",
        [{"name": "roll", "value": 0.0}, {"name": "pitch", "value": 0.0}],
        None,
        "",
    )


async def test_an_alarm_that_returned_is_still_explained(town: Any, now_ns: int) -> None:
    """It stands on the list until somebody acknowledges it, and was red because of what was then."""
    await town.ledger.take_alarms(leaning(town, now_ns, 1))
    await town.ledger.take_alarms(leaning(town, now_ns, 2, Change.CLEARED))
    why = (await town.client.get("api/v1/alarms/explanation", params={"alarm": small_city.LEAN})).json()
    assert (why["alarm"]["state"], why["alarm"]["is_active"]) == ("returned_unacknowledged", False)
    assert (why["event"]["change"], why["event"]["time_ns"]) == ("raised", now_ns + 1)


async def test_an_alarm_without_bytes_is_explained_as_far_as_it_goes(town: Any, now_ns: int) -> None:
    """An older box sends neither bytes nor evidence: rule, limit, baseline and case are there all the same."""
    await town.ledger.take_alarms(small_city.lean(1, now_ns, Level.ORANGE))
    why = (await town.client.get("api/v1/alarms/explanation", params={"alarm": small_city.LEAN})).json()
    assert (why["frame"], why["registers"], why["points"], why["steps"], why["evidence"]) == (None, [], [], [], [])
    assert (why["rule"]["on_delay_s"], why["case"]) == (5.0, "20261118-00001")
    assert why["doubt"] == "today the limit of orange is 0.76 deg, then it was 1.5 deg."


async def test_a_test_alarm_and_an_unknown_one(town: Any, now_ns: int) -> None:
    """A test has no rule to explain it; of an alarm that never was the answer says where to look."""
    await town.client.post("api/v1/alarms/test", json={"sensor": "XM-TA-0117-T1"})
    why = (await town.client.get("api/v1/alarms/explanation", params={"alarm": "XM-TA-0117-T1/test"})).json()
    assert (why["rule"], why["event"]["reason"], why["doubt"]) == (None, "test by demo", "")
    unknown = await town.client.get("api/v1/alarms/explanation", params={"alarm": "NOBODY/lean"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "E-ALARM-001")
    assert "`egret alarm list`" in unknown.json()["fix"]
