"""Alarm events, receipts, status and topic names: what third parties read and write."""

import json

import msgspec
import pytest

from wire import alarm_message, command, receipt, topics
from wire.alarm import AlarmEvent, Change, Evidence, Frame, Level
from wire.alarm_message import AlarmMessage
from wire.errors import WireError
from wire.receipt import BoxStatus, Lane, Receipt

RAISED = AlarmEvent(
    alarm="XM-TA-0117-T1/tilt",
    sensor="XM-TA-0117-T1",
    rule="tilt",
    quantity="tilt",
    change=Change.RAISED,
    level=Level.RED,
    value=2.004,
    limit=1.5,
    time_ns=1_795_480_000_123_000_000,
    sequence=7,
    evidence=(Evidence(1_795_479_999_623_000_000, 0.031),),
)


def test_alarm_message_is_plain_json() -> None:
    """Any MQTT client can read it: words, not numbers, and a schema."""
    message = AlarmMessage("XM-TA-01", "k3v9q2ma", 6, (RAISED,))
    document = json.loads(alarm_message.encode(message))
    assert document["schema"] == "egret.alarms/1"
    assert document["events"][0]["level"] == "red"
    assert document["events"][0]["change"] == "raised"
    assert document["events"][0]["evidence"] == [[1_795_479_999_623_000_000, 0.031, 0]]
    assert alarm_message.decode(alarm_message.encode(message)) == message


def test_the_bytes_of_an_event_are_optional() -> None:
    """A box that does not send them and a cloud that does not know them understand each other as before."""
    frame = Frame("attitude", "50030034000dc840", "50031a")
    message = AlarmMessage("XM-TA-01", "k3v9q2ma", 6, (msgspec.structs.replace(RAISED, frame=frame),))
    document = json.loads(alarm_message.encode(message))
    assert document["events"][0]["frame"] == {"block": "attitude", "request": "50030034000dc840", "reply": "50031a"}
    assert alarm_message.decode(alarm_message.encode(message)) == message
    document["events"][0]["unheard_of"] = document["events"][0].pop("frame")
    assert alarm_message.decode(json.dumps(document).encode()).events == (RAISED,)


@pytest.mark.parametrize(
    ("trimmed_through", "sequences"),
    [(0, ()), (0, (0,)), (7, (7,)), (0, (1, 3)), (0, (2, 1)), (0, tuple(range(1, 102)))],
)
def test_alarm_sequences_are_checked(trimmed_through: int, sequences: tuple[int, ...]) -> None:
    """1 to 100 events, consecutive, above what the box has trimmed."""
    events = tuple(msgspec.structs.replace(RAISED, sequence=sequence) for sequence in sequences)
    with pytest.raises(WireError, match="this is no alarm message"):
        alarm_message.decode(alarm_message.encode(AlarmMessage("B", "s", trimmed_through, events)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sensor": "XM-TA-0117-T1\n"}, "no id of a sensor"),
        ({"alarm": "XM-SM-0001-T1/tilt"}, "is no alarm of XM-TA-0117-T1/tilt"),
        ({"rule": "tilt\u202e"}, "no name of a quantity or a rule"),
        ({"time_ns": 2**63}, "this is no alarm message"),
        ({"time_ns": -1}, "this is no alarm message"),
        ({"sequence": 2**53 + 1}, "this is no alarm message"),
        ({"reason": "x" * 1001}, "this is no alarm message"),
        ({"reason": "\x00"}, "this is no alarm message"),
        ({"evidence": (Evidence(2**64, 0.0),)}, "this is no alarm message"),
    ],
)
def test_an_event_holds_nothing_that_a_ledger_could_choke_on(change: dict[str, object], why: str) -> None:
    """Names of others, times after 2262, numbers no database has, texts without end: refused at the door."""
    event = msgspec.structs.replace(RAISED, **change)
    with pytest.raises(WireError, match=why):
        alarm_message.decode(alarm_message.encode(AlarmMessage("B", "s", 0, (event,))))


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"schema":"egret.receipt/1","more":' + b"[" * 200_000, b"\xff"])
def test_what_cannot_be_json_is_refused(deep: bytes) -> None:
    """200 000 arrays in each other, also in a member that nobody reads, and bytes that are no text."""
    readers = (alarm_message.decode, receipt.decode_receipt, receipt.decode_status)
    for decode in (*readers, command.decode_command, command.decode_reply):
        with pytest.raises(WireError):
            decode(deep)


def test_receipt_and_status_are_told_apart() -> None:
    """A status where a receipt is expected is refused, and the other way round."""
    stored = Receipt("XM-TA-01", "k3v9q2ma", Lane.READINGS, 40960)
    status = BoxStatus("XM-TA-01", online=True, time_ns=1, boot="b7e1", version="0.1.0")
    assert receipt.decode_receipt(receipt.encode(stored)) == stored
    assert receipt.decode_status(receipt.encode(status)) == status
    with pytest.raises(WireError, match="this is no receipt"):
        receipt.decode_receipt(receipt.encode(status))
    with pytest.raises(WireError, match="this is no status"):
        receipt.decode_status(b"\xff")


def test_topics_name_their_box() -> None:
    """egret/v1/{box}/{what}; anything else is none of ours."""
    assert topics.topic("XM-TA-01", "readings") == "egret/v1/XM-TA-01/readings"
    assert topics.box_of("egret/v1/XM-TA-01/readings") == "XM-TA-01"
    for wrong in ("egret/v1/readings", "egret/v2/B/readings", "egret/v1/a.b/readings", "egret/v1/-a/readings", "x"):
        with pytest.raises(WireError):
            topics.box_of(wrong)


def test_a_refusal_quotes_little_of_what_was_sent() -> None:
    """A schema of 70 000 characters, with line breaks: a log, a screen and a quarantine get one short line."""
    with pytest.raises(WireError, match="this is no receipt: Invalid value") as refused:
        receipt.decode_receipt(json.dumps({"schema": "x\nBcc: a@b.example" + "x" * 70_000}).encode())
    assert len(refused.value.what) < 400
    assert refused.value.what.isprintable()
