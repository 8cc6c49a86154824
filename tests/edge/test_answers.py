"""What a box answers when it is asked, once and again, and what it does not."""

import asyncio
import logging
from pathlib import Path
from random import Random

import msgspec
import pytest
from fleet_rig import BEGIN_NS, BOX, SECOND_NS, now

from edge import answers as answering
from edge import own_log
from edge.answers import Answers
from edge.asked import Asked
from edge.checkup import Facts, Places
from edge.own_log import OwnLog, kept_in
from edge.ports import Delivery
from edge.sim import virtual_time
from wire import command as commands
from wire import topics
from wire.broker import Broker
from wire.command import Command, LogLine, Outcome, Reply, Verb, fitting
from wire.finding import State
from wire.receipt import BoxStatus
from wire.topics import PAYLOAD_MAX

COMMAND = Command(BOX, "a1", Verb.LOGS, BEGIN_NS + 86_400 * SECOND_NS)


class Rig:
    """A box that counts what it does."""

    def __init__(self, size: int = 0) -> None:
        self.done: list[str] = []
        self.said: list[Reply] = []
        self.sent: list[bytes] = []
        self.fails = 0
        self.answers = Answers(BOX, now, {Verb.LOGS: self.logs, Verb.MODE: self.logs})
        self._text = "x" * size

    async def logs(self, command: Command) -> Reply:
        """The only thing that this box can do."""
        await asyncio.sleep(1)
        self.done.append(command.id)
        log = (LogLine(now(), "INFO", "edge", self._text),)
        return Reply(BOX, command.id, command.verb, now(), Outcome.DONE, log=log)

    async def send(self, payload: bytes) -> None:
        """Up to the broker, if that is there."""
        if self.fails:
            self.fails -= 1
            raise ConnectionError
        self.sent.append(payload)
        self.said.append(commands.decode_reply(payload))

    def ask(self, *asked: Command | bytes, box: str = BOX) -> None:
        """They come down."""
        for one in asked:
            payload = one if isinstance(one, bytes) else commands.encode(one)
            self.answers.hear(Delivery(topics.topic(box, "commands"), payload))

    async def run(self, for_s: float = 30) -> None:
        """Over one connection."""
        try:
            async with asyncio.timeout(for_s):
                await self.answers.run(self.send)
        except (TimeoutError, ConnectionError):
            pass


def named(name: str) -> Command:
    """Another ask of the same."""
    return msgspec.structs.replace(COMMAND, id=name)


def test_what_comes_twice_is_done_once_and_answered_twice() -> None:
    """The broker delivers again, the cloud asks again: the answers are the same, byte for byte."""
    rig = Rig()

    async def story() -> None:
        rig.ask(COMMAND, COMMAND, named("a2"))
        await rig.run()
        rig.ask(COMMAND)
        await rig.run()

    virtual_time.run(story())
    assert rig.done == ["a1", "a2"]
    assert [one.id for one in rig.said] == ["a1", "a1", "a2", "a1"]
    assert len({payload for payload in rig.sent if b'"a1"' in payload}) == 1


def test_an_answer_outlasts_the_link() -> None:
    """What could not be sent is sent over the next connection, and not done again."""
    rig = Rig()
    rig.fails = 1

    async def story() -> None:
        rig.ask(COMMAND)
        await rig.run()
        assert rig.said == []
        await rig.run()

    virtual_time.run(story())
    assert (rig.done, [one.outcome for one in rig.said]) == (["a1"], [Outcome.DONE])


@pytest.mark.parametrize(
    ("command", "outcome", "code"),
    [
        (msgspec.structs.replace(COMMAND, expires_ns=BEGIN_NS - SECOND_NS), Outcome.EXPIRED, "E-CMD-002"),
        (msgspec.structs.replace(COMMAND, verb="reboot"), Outcome.REFUSED, "E-CMD-001"),
        (msgspec.structs.replace(COMMAND, verb="doctor"), Outcome.REFUSED, "E-CMD-001"),
    ],
    ids=["late", "no such verb", "not on this box"],
)
def test_what_is_not_done_says_why(command: Command, outcome: Outcome, code: str) -> None:
    """Too late by the box's clock, and what is not on the list: nothing is done, and the answer has the reason."""
    rig = Rig()

    async def story() -> None:
        rig.ask(command)
        await rig.run()

    virtual_time.run(story())
    [said] = rig.said
    assert (rig.done, said.outcome, said.error and said.error.code) == ([], outcome, code)


def test_what_is_no_command_has_no_answer() -> None:
    """Noise, one that is too large, one for another box, one without a name: the next one is answered."""
    rig = Rig()

    async def story() -> None:
        rig.ask(b"\xff{", commands.encode(COMMAND) + b" " * commands.COMMAND_MAX, named("a b"))
        rig.ask(msgspec.structs.replace(COMMAND, box="XM-SM-01"), COMMAND)
        await rig.run()

    virtual_time.run(story())
    assert [one.id for one in rig.said] == ["a1"]


def test_whoever_asks_without_end_is_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    """2 MiB of answers at once, then 128 KiB an hour; the log says it once. A mode is chosen all the same."""
    rig = Rig(size=200_000)

    async def story() -> None:
        for number in range(100):
            rig.ask(named(f"a{number}"))
            await rig.run(for_s=2)
        spent = len(rig.said)
        assert answering.ALLOWANCE / 200_000 <= spent <= answering.ALLOWANCE / 200_000 + 2
        rig.ask(msgspec.structs.replace(COMMAND, id="mode", verb="mode"))
        await rig.run()
        assert (rig.done[-1], len(rig.said)) == ("mode", spent)
        await asyncio.sleep(4 * 3600)
        rig.ask(COMMAND)
        await rig.run()
        assert len(rig.said) == spent + 1

    with caplog.at_level(logging.WARNING):
        virtual_time.run(story())
    assert len([one for one in caplog.records if "asked for more" in one.message]) == 1


def test_a_flood_of_nonsense_is_over_when_it_is_over() -> None:
    """The box is silent for as long as it was spoken at, and answers an hour later: silence costs nothing more."""
    rig = Rig()

    async def story() -> None:
        for _ in range(200):
            rig.ask(*[b"{"] * answering.WAITING_MOST)
            await rig.run(for_s=0.1)
        await asyncio.sleep(3600)
        rig.ask(COMMAND)
        await rig.run()

    virtual_time.run(story())
    assert [one.id for one in rig.said] == ["a1"]


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred that come at once sixteen are answered; whoever asks again is answered then."""
    rig = Rig()

    async def story() -> None:
        rig.ask(*(named(f"a{number}") for number in range(100)))
        await rig.run(for_s=200)

    virtual_time.run(story())
    assert len(rig.said) == answering.WAITING_MOST


def test_a_reply_is_never_larger_than_a_message() -> None:
    """The newest lines have a place; of lines of any size as many as fit."""
    rng = Random(1)
    log = [LogLine(BEGIN_NS, "INFO", "edge", "阴" * rng.randrange(3000)) for _ in range(300)]
    cut = fitting(log)
    assert 0 < len(cut) < 300
    assert cut == tuple(log[-len(cut) :])
    assert PAYLOAD_MAX - 16_384 < len(commands.encode(Reply(BOX, "a", "logs", 1, Outcome.DONE, log=cut))) < PAYLOAD_MAX
    assert fitting(log[:3]) == tuple(log[:3])


def test_the_log_outlasts_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines with their tracebacks, in order, after a restart, bounded on the disk; a torn one is passed over."""
    monkeypatch.setattr(own_log, "FILE_MOST", 20_000)
    log = logging.getLogger("edge.somewhere")
    log.setLevel(logging.INFO)
    with kept_in(tmp_path):
        log.warning("the broker is gone: mqtt://box:pass word@broker, mqtt://u:secret@broker:1883")
        try:
            int("odd")
        except ValueError:
            log.exception("a defect")
    with (tmp_path / own_log.NAME).open("a") as file:
        file.write('{"time_ns":1,"lev\n')
    with kept_in(tmp_path) as kept:
        log.info("again")
        told = kept.tail(10, 0, now)
        assert [one.text.splitlines()[0] for one in told][1:] == ["a defect", "again"]
        assert "secret" not in told[0].text
        assert told[1].text.splitlines()[-1] == "ValueError: invalid literal for int() with base 10: 'odd'"
        assert [one.text for one in kept.tail(1, 0, now)] == ["again"]
        assert kept.tail(10, 60.0, lambda: told[-1].time_ns + 120 * SECOND_NS) == ()
        for number in range(600):
            log.info("line %d", number)
        assert kept.tail(2_000, 0, now)[-1].text == "line 599"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2.1 * own_log.FILE_MOST


def test_a_disk_that_refuses_costs_lines_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be kept is not kept; whoever logs does not hear of it."""
    with kept_in(tmp_path / "nowhere") as kept:
        logging.getLogger("edge.somewhere").warning("as ever")
        assert kept.tail(10, 0, now) == ()
    assert "Traceback" not in capsys.readouterr().err


def test_samples_count_with_what_they_weigh() -> None:
    """They travel as readings: a box that was asked for many answers no more for a while, whoever asks."""
    rig = Rig()

    async def follow(command: Command) -> Reply:
        return Reply(BOX, command.id, command.verb, now(), Outcome.DONE, held_bytes=2 * answering.ALLOWANCE)

    rig.answers = Answers(BOX, now, {Verb.LOGS: rig.logs, Verb.SAMPLES: follow})
    rig.ask(msgspec.structs.replace(COMMAND, verb=Verb.SAMPLES), named("a2"))
    virtual_time.run(rig.run())
    assert ([said.verb for said in rig.said], rig.done) == ([Verb.SAMPLES], [])


async def test_a_page_of_health(tmp_path: Path) -> None:
    """The doctor's own looks, and what the agent knows: its lines, its spool, its data, a key that others may read."""
    key = tmp_path / "box.key"
    key.write_text("key")
    key.chmod(0o644)
    places = Places(tmp_path, tmp_path, tmp_path / "sensors.yaml", Broker("127.0.0.1", 1, key=str(key)))
    status = BoxStatus(
        BOX, online=True, time_ns=1, boot="b", version="0.1.0", waiting=5, data_used_mb=9, data_budget_mb=8
    )
    facts = Facts(
        msgspec.structs.replace(status, is_sparing=True),
        900.0,
        {"a": 3.0, "b": None, "c": 4_000.0, "d": 4_000.0},
        {"d": 7_200.0},
    )
    asked = Asked(places, OwnLog(tmp_path), lambda: BEGIN_NS)
    said = await asked.acts(lambda: facts)[Verb.DOCTOR](msgspec.structs.replace(COMMAND, verb="doctor"))
    assert commands.decode_reply(commands.encode(said)) == said
    by_subject = {one.subject: one.state for one in said.findings}
    assert by_subject["keys"] is State.FAILED
    lines = [by_subject[f"line {key}"] for key in "abcd"]
    assert lines == [State.OK, State.WARNING, State.WARNING, State.OK]  # d is of sensors that report twice a day
    assert (by_subject["spool"], by_subject["data"], by_subject["broker"]) == (State.OK, State.WARNING, State.WARNING)
    assert {"versions", "clock", "disk", "machine", "agent"} <= by_subject.keys()
