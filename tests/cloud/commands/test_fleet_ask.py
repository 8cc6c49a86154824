"""`egret fleet logs` and `doctor` against the real API, ledger and lane, with a box that answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
import pytest
import small_city
from broker_session import BrokerSession
from click.testing import CliRunner, Result

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.commands import fleet_ask
from cloud.fleet import command_lane
from cloud.fleet.askbook import WAITING_MOST, Askbook, NoSuchAsk, Question, Standing
from cloud.fleet.command_lane import CommandLane
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.poison import PoisonFolder
from cloud.ports import Delivery
from cloud.quarantine import Quarantine
from cloud.stores import embedded
from cloud.tables import asks, audit
from cloud.tables.audit import Wanted
from wire import command as commands
from wire import topics
from wire.command import Command, LogLine, Outcome, Reply
from wire.errors import EgretError, Mistake, Unreachable
from wire.finding import Finding, State
from wire.inventory import Inventory
from wire.main import root
from wire.receipt import BoxStatus

NOW_NS, SECOND_NS = 1_795_000_000 * small_city.SECOND_NS, small_city.SECOND_NS
BOX, OTHER = "XM-TA-01", "XM-SM-01"
LOG = (LogLine(NOW_NS, "WARNING", "edge.link", "the broker\x1b[2J is gone\nTraceback\n  odd"),)
BAD = (Finding(State.OK, "clock", "it is right"), Finding(State.FAILED, "disk", "it is full.", "make room."))


@dataclass
class Town:
    """A cloud with a lane to a box. `asked` is what came down; `now_ns` is the cloud's clock."""

    ledger: Ledger
    quarantine: Quarantine
    city: Inventory
    url: str = ""
    now_ns: int = NOW_NS
    session: BrokerSession = field(default_factory=BrokerSession)
    running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """The lane, on a new connection."""
        self.session = BrokerSession()
        lane = CommandLane(
            ledger=self.ledger, quarantine=self.quarantine, inventory=self.city, now=lambda: self.now_ns, rng=Random(1)
        )
        self.running = asyncio.create_task(lane.run(self.session))

    async def stop(self) -> None:
        """As a cloud that dies."""
        assert self.running
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running

    async def egret(self, *words: str) -> Result:
        """The command in a thread, so that the server can answer."""
        asked = ("fleet", *words, "--url", f"{self.url}/api/v1")
        return await asyncio.to_thread(CliRunner().invoke, root, asked, catch_exceptions=True)

    async def online(self, *, is_online: bool = True) -> None:
        """The box says that it is there, or the broker that it is gone."""
        status = BoxStatus(BOX, online=is_online, time_ns=self.now_ns, boot="b1", version="0.1.0")
        await self.ledger.save_status(status, is_fresh=True)

    async def asked(self, count: int = 1) -> list[Command]:
        """What came down, once it is so many."""
        async with asyncio.timeout(30):
            while len(self.session.sent) < count:
                await asyncio.sleep(0.01)
        assert {topic for topic, _, _ in self.session.sent} == {topics.topic(BOX, "commands")}
        return [commands.decode_command(payload) for _, payload, _ in self.session.sent]

    def say(self, reply: Reply, box: str = BOX) -> None:
        """It comes up."""
        delivery = Delivery(topics.topic(box, "replies"), commands.encode(reply), lambda: None)
        self.session.published.put_nowait(delivery)

    async def lines(self) -> list[tuple[str, str, str]]:
        """Of the audit log."""
        found = await self.ledger.read(lambda connection: list(audit.onward(connection, Wanted())))
        return [(one.act, one.object, one.detail) for one in found]


def reply_to(command: Command, **said: object) -> Reply:
    """What the box has done."""
    usual = Reply(command.box, command.id, command.verb, NOW_NS, Outcome.DONE)
    return msgspec.structs.replace(usual, **said)


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """In which the box is online."""
    monkeypatch.setattr(command_lane, "LOOK_S", 0.02)
    monkeypatch.setattr(fleet_ask, "_POLL_S", 0.02)
    city = small_city.inventory(tmp_path)
    store = embedded.open_store(embedded.Config(folder=str(tmp_path)))
    ledger = Ledger(tmp_path / "ledger.sqlite", lambda: found.now_ns, Practice(city))
    found = Town(ledger, Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS)), city)
    async with ledger, store, serving(create_app(ledger, store, Live(), city, lambda: found.now_ns)) as url:
        found.url = url
        await found.online()
        found.start()
        yield found
        await found.stop()


async def test_a_box_sends_its_samples(town: Town) -> None:
    """The ask says how far back; what people read says how much that is; the audit log has who asked."""
    asking = asyncio.create_task(town.egret("samples", BOX, "--since", "30min"))
    [command] = await town.asked()
    assert (command.verb, command.since_s) == ("samples", 1800.0)
    town.say(reply_to(command, held_bytes=2048))
    done = await asking
    assert done.stdout == f"{BOX}: it holds 2.0 KiB of that time; what was not sent before follows.\n"
    assert await town.lines() == [("fleet.samples", f"box {BOX}", "none older than 1800 s")]


async def test_a_box_brings_its_log(town: Town) -> None:
    """The ask goes down, the answer comes up; nothing in it moves a cursor; the audit log has who asked what."""
    asking = asyncio.create_task(town.egret("logs", BOX, "--lines", "50", "--since", "2h"))
    [command] = await town.asked()
    assert (command.verb, command.lines, command.since_s) == ("logs", 50, 7200.0)
    assert command.expires_ns == NOW_NS + 60 * SECOND_NS
    town.say(reply_to(command, log=LOG, is_cut=True))
    done = await asking
    assert done.exit_code == 0
    first, *rest = done.stdout.splitlines()
    assert first.endswith("WARNING edge.link the broker[2J is gone")
    assert rest == ["    Traceback", "    odd"]
    assert "older lines have no room" in done.stderr
    assert await town.lines() == [("fleet.logs", f"box {BOX}", "50 lines, none older than 7200 s")]


async def test_a_box_brings_its_health(town: Town) -> None:
    """The worst first, and exit code 5 where something has failed; `--json` has the doctor's own schema."""
    for words in ((), ("--json",)):
        asking = asyncio.create_task(town.egret("doctor", BOX, *words))
        await town.asked(1 + bool(words))
        command = (await town.asked())[-1]
        town.say(reply_to(command, findings=BAD))
        done = await asking
        assert done.exit_code == 5
    assert json.loads(done.stdout)["state"] == "failed"


async def test_a_box_that_is_gone_expires(town: Town) -> None:
    """Nothing is sent to it, so nothing waits at the broker; exit code 3 with since when it is gone."""
    await town.online(is_online=False)
    asking = asyncio.create_task(town.egret("logs", BOX))
    async with asyncio.timeout(30):
        while not await town.lines():
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert town.session.sent == []
    town.now_ns += 61 * SECOND_NS
    done = await asking
    assert isinstance(done.exception, Unreachable)
    assert (done.exception.exit_code, done.exception.code) == (3, "E-CMD-010")
    assert f"{BOX} is offline since" in str(done.exception)
    await town.online()
    await asyncio.sleep(0.1)
    assert town.session.sent == []


async def test_a_box_that_comes_back_in_time_answers(town: Town) -> None:
    """What was asked while it was gone goes out when it is there."""
    await town.online(is_online=False)
    asking = asyncio.create_task(town.egret("logs", BOX))
    async with asyncio.timeout(30):
        while not await town.lines():
            await asyncio.sleep(0.01)
    await town.online()
    [command] = await town.asked()
    town.say(reply_to(command, log=LOG))
    done = await asking
    assert (done.exit_code, "it is waited for until" in done.stderr) == (0, True)


async def test_what_waits_outlasts_others_that_have_expired(town: Town) -> None:
    """Somebody waits an hour for a box that is away; others gave up after five seconds: they are forgotten first."""
    await town.online(is_online=False)
    book = Askbook(town.ledger, town.city, lambda: town.now_ns)
    patient = Question(verb="doctor", wait_s=3600.0)
    await book.ask(BOX, patient, small_city.person(), "patient")
    for number in range(asks.KEPT + 2):
        await book.ask(BOX, Question(verb="logs", wait_s=5.0), small_city.person(), f"brief-{number}")
        town.now_ns += 6 * 10**9
    assert (await book.one(BOX, "patient")).standing is Standing.WAITS
    with pytest.raises(NoSuchAsk):
        await book.one(BOX, "brief-0")
    await town.online()
    [command] = await town.asked()
    assert command.id == "patient"


async def test_a_box_that_dies_over_it_is_asked_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command, with the same id, until it is answered."""
    monkeypatch.setattr(command_lane, "AGAIN_S", 0.05)
    asking = asyncio.create_task(town.egret("logs", BOX))
    first, second, *_ = await town.asked(3)
    assert first == second
    town.say(reply_to(first, log=LOG))
    assert (await asking).exit_code == 0
    sent = len(town.session.sent)
    await asyncio.sleep(0.15)
    assert len(town.session.sent) == sent


async def test_two_who_ask_at_once_are_both_answered(town: Town) -> None:
    """Each has an ask of their own; of more than the box has time for the next is told to wait."""
    asking = [asyncio.create_task(town.egret("logs", BOX)) for _ in range(2)]
    found = await town.asked(2)
    assert len({command.id for command in found}) == 2
    for command in found:
        town.say(reply_to(command, log=LOG))
    assert [done.exit_code for done in await asyncio.gather(*asking)] == [0, 0]
    book = Askbook(town.ledger, town.city, lambda: NOW_NS)
    for number in range(WAITING_MOST):
        await book.ask(BOX, Question(verb="logs"), small_city.person(), f"a{number}")
    done = await town.egret("doctor", BOX)
    assert isinstance(done.exception, EgretError)
    assert done.exception.code == "E-CMD-011"


async def test_a_cloud_that_starts_again_goes_on(town: Town) -> None:
    """It dies between ask and answer: when it is back it asks again, and takes the answer to what was asked before."""
    asking = asyncio.create_task(town.egret("logs", BOX))
    [before] = await town.asked()
    await town.stop()
    town.start()
    assert await town.asked() == [before]
    town.say(reply_to(before, log=LOG))
    assert (await asking).exit_code == 0


async def test_what_a_box_refuses(town: Town) -> None:
    """Its own reason and code; and an ask that came too late by its clock is one that was refused."""
    for outcome, code in ((Outcome.REFUSED, "E-CMD-001"), (Outcome.EXPIRED, "E-CMD-002")):
        asking = asyncio.create_task(town.egret("doctor", BOX))
        command = (await town.asked(1 + (outcome is Outcome.EXPIRED)))[-1]
        town.say(reply_to(command, outcome=outcome, error=Mistake("box", "no.", "", code)))
        done = await asking
        assert isinstance(done.exception, EgretError)
        assert done.exception.code == code


async def test_a_box_answers_for_itself_alone_and_once(town: Town) -> None:
    """Another's answer, one that is none, and a second one change nothing; a box that nobody knows is not asked."""
    asking = asyncio.create_task(town.egret("logs", BOX))
    [command] = await town.asked()
    town.say(reply_to(command, box=OTHER, log=LOG), box=OTHER)
    town.say(reply_to(command, box=OTHER))
    town.session.published.put_nowait(Delivery(topics.topic(BOX, "replies"), b"\xff", lambda: None))
    town.say(reply_to(command, id="nobody"))
    town.say(reply_to(command))
    town.say(reply_to(command, log=LOG))
    done = await asking
    assert (done.exit_code, done.stdout) == (0, "")
    assert len(await town.quarantine.summaries()) == 2
    assert "E-FLEET-020" in str((await town.egret("logs", "XM-NO-01")).exception)
