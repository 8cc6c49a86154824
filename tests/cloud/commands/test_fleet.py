"""`egret fleet` against the real API on a real ledger, with boxes that answer as they are told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
import pytest
import small_city
from click.testing import CliRunner, Result
from fleet_rig import make_key

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.fleet import rollout
from cloud.fleet.fleetbook import Fleetbook
from cloud.fleet.rollout import Target, canaries
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.stores import embedded
from cloud.tables import audit, fleet
from cloud.tables.audit import Wanted
from cloud.tables.fleet import Pushed
from wire import desired, signing
from wire.desired import Refusal, Reported
from wire.errors import CheckFailed, ConfigError, EgretError, Mistake, Unsafe
from wire.main import root
from wire.overlay import Lease
from wire.receipt import BoxStatus

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
SM, TA = "XM-SM-01", "XM-TA-01"
SLOWER = ("limits: billboard}", "limits: billboard, every: 5s}")


@dataclass
class Town:
    """A cloud, its ledger, and where the maintainer sits. `fails` are boxes that give back what they are given."""

    folder: Path
    ledger: Ledger
    url: str
    key: Path
    fails: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)

    async def egret(self, *words: str, is_offline: bool = False) -> Result:
        """The command in a thread, so that the server can answer."""
        where = [] if is_offline else ["--url", f"{self.url}/api/v1"]
        files = ["--inventory", str(self.folder / "sensors.yaml")] if words[1] in {"push", "diff"} else []
        keys = ["--key", str(self.key)] if words[1] in {"push", "rollback"} else []
        asked = (*words, *where, *files, *keys)
        return await asyncio.to_thread(CliRunner().invoke, root, asked, catch_exceptions=True)

    async def outcomes(self, *words: str) -> dict[str, str]:
        """Of a command that pushes: the last of each box."""
        done = await self.egret(*words, "--json")
        return {one["box"]: one["outcome"] for one in json.loads(done.stdout)}

    async def standing(self, box: str) -> str:
        """As `status` says it."""
        found = json.loads((await self.egret("fleet", "status", box, "--json")).stdout)
        return str(found[0]["standing"])

    def edit(self, before: str, after: str) -> None:
        """The city's file is changed."""
        path = self.folder / "sensors.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    async def online(self, *boxes: str) -> None:
        """They say that they are there."""
        for box in boxes:
            status = BoxStatus(box, online=True, time_ns=NOW_NS, boot="b1", version="0.1.0")
            await self.ledger.save_status(status, is_fresh=True)

    async def answer(self) -> None:
        """For ever: the boxes prove what they were given, and keep it or not."""
        while True:
            for pushed in await self.ledger.read(lambda connection: fleet.unanswered(connection, NOW_NS)):
                if pushed.box not in self.deaf:
                    said = partial(fleet.answer, said=self._said(pushed), now_ns=NOW_NS)
                    await self.ledger.database.write(said)
            await asyncio.sleep(0.02)

    def _said(self, pushed: Pushed) -> Reported:
        version = desired.document_of(desired.unseal(msgspec.json.encode(_sealed(pushed)))).version
        if pushed.box not in self.fails:
            return Reported(pushed.box, NOW_NS, pushed.counter, version, seen=pushed.counter)
        mistake = Mistake(
            f"configuration {pushed.counter}", "no line brought a measurement for 60 s.", "", "E-FLEET-011"
        )
        refusal = Refusal(pushed.counter, (mistake,), is_returned=True)
        return Reported(pushed.box, NOW_NS, 0, "v0", seen=pushed.counter, refusal=refusal)


def _sealed(pushed: Pushed) -> desired.Sealed:
    return desired.Sealed(pushed.document, pushed.key, pushed.signature)


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Two boxes, both online, that run what they were installed with."""
    monkeypatch.setattr(rollout, "POLL_S", 0.02)
    monkeypatch.setattr("cloud.commands.fleet.time.time_ns", lambda: NOW_NS)
    city = small_city.inventory(tmp_path)
    store = embedded.open_store(embedded.Config(folder=str(tmp_path)))
    key, _ = make_key(tmp_path)
    ledger = Ledger(tmp_path / "ledger.sqlite", lambda: NOW_NS, Practice(city))
    async with ledger, store, serving(create_app(ledger, store, Live(), city, lambda: NOW_NS)) as url:
        found = Town(tmp_path, ledger, url, key)
        await found.online(SM, TA)
        answering = asyncio.create_task(found.answer())
        yield found
        answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    async with asyncio.timeout(30):
        while not await is_so():
            await asyncio.sleep(0.02)


async def test_a_push_goes_to_whoever_has_not_got_it(town: Town) -> None:
    """By district, then to all; a second time nobody gets anything; a change goes to those it is about."""
    assert await town.outcomes("fleet", "push", "--district", "tongan") == {TA: "pushed"}
    await until(lambda: kept(town, TA))
    assert await town.outcomes("fleet", "push", "--all") == {TA: "same", SM: "pushed"}
    await until(lambda: kept(town, SM))
    assert await town.outcomes("fleet", "push", "--all") == {TA: "same", SM: "same"}
    town.edit("limits: gas}", "limits: gas, every: 5s}")
    assert await town.outcomes("fleet", "push", "--all", "--dry-run") == {TA: "same", SM: "planned"}
    assert await town.outcomes("fleet", "push", "--site", "XM-SM-G01") == {SM: "pushed"}
    lines = await town.ledger.read(lambda connection: list(audit.onward(connection, Wanted(act="fleet.push"))))
    assert [(one.object, one.actor) for one in lines] == [(f"box {box}", "demo") for box in (TA, SM, SM)]
    assert lines[2].detail.startswith("configuration 2 (")


async def test_a_push_signs_the_modes(town: Town) -> None:
    """What each mode of the city's does to a box, for as long as the maintainer says; rolled back, as it was then."""
    await town.egret("fleet", "push", TA, "--modes-for", "6h")
    await until(lambda: kept(town, TA))
    await town.egret("fleet", "push", TA)
    await until(lambda: kept(town, TA))
    await town.egret("fleet", "rollback", TA)
    await until(lambda: kept(town, TA))
    found = await Fleetbook(town.ledger, small_city.inventory(town.folder), lambda: 0).documents(TA)
    signed = [desired.document_of(_sealed(one)).modes for one in reversed(found)]
    assert [{one.mode: one.longest_s for one in modes} for modes in signed] == [
        dict.fromkeys(("watch", "typhoon", "rain"), hours * 3600.0) for hours in (6, 24, 6)
    ]


async def kept(town: Town, box: str) -> bool:
    """Has it kept what it was given?"""
    return await town.standing(box) == "kept"


async def test_what_a_push_would_change(town: Town) -> None:
    """Of a box that runs its own file all is new; after a push, the difference alone, as people read it."""
    await town.egret("fleet", "push", TA)
    await until(lambda: kept(town, TA))
    assert (await town.egret("fleet", "diff", TA)).stdout == f"{TA} runs what {town.folder}/sensors.yaml says.\n"
    town.edit(*SLOWER)
    said = (await town.egret("fleet", "diff", TA)).stdout.splitlines()
    assert said[:2] == ["--- runs/sensors.yaml", "+++ wanted/sensors.yaml"]
    assert [line for line in said[2:] if line.startswith(("+", "-"))] == ["+    every: 5s"]
    shown = json.loads((await town.egret("fleet", "diff", SM, "--json")).stdout)
    assert (shown["running"], shown["is_same"]) == (0, False)


async def test_the_canary_keeps_it_and_the_others_follow(town: Town) -> None:
    """The first has kept it before the second is given anything; each outcome is a line."""
    done = await town.egret("fleet", "push", "--all", "--canary", "5%")
    words = [line.split(",")[0] for line in done.stdout.splitlines()]
    assert words == [f"{SM}: pushed (canary)", f"{SM}: kept (canary)", f"{TA}: pushed"]


async def test_a_canary_in_trouble_stops_the_push(town: Town) -> None:
    """Exit code 5 with the box's own reason; the other box was given nothing; the canary may be given back."""
    await town.egret("fleet", "push", "--all")
    await until(lambda: kept(town, SM))
    town.fails.add(SM)
    town.edit(*SLOWER)
    done = await town.egret("fleet", "push", "--all", "--canary", "50%")
    assert isinstance(done.exception, CheckFailed)
    assert done.exception.exit_code == 5
    assert "no line brought a measurement for 60 s. The push has stopped" in str(done.exception)
    assert [await town.standing(box) for box in (SM, TA)] == ["returned", "kept"]
    town.fails.clear()
    back = await town.egret("fleet", "rollback", SM)
    assert back.stdout.startswith(f"{SM}: pushed, 3 ")
    await until(lambda: kept(town, SM))
    first, _, third = reversed(await Fleetbook(town.ledger, small_city.inventory(town.folder), lambda: 0).documents(SM))
    assert first.version == third.version


async def test_a_canary_that_says_nothing_stops_the_push(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for longer than its trial and two minutes."""
    clock = iter(range(NOW_NS, 2 * NOW_NS, 30 * 10**9))
    monkeypatch.setattr("cloud.commands.fleet.time.time_ns", lambda: next(clock))
    town.deaf.add(SM)
    done = await town.egret("fleet", "push", "--all", "--canary", "5%", "--trial", "60s")
    assert "the canary is waits: it has not kept it in time." in str(done.exception)
    assert await town.standing(TA) == "own"


async def test_a_box_that_is_offline_gets_it_later(town: Town) -> None:
    """The broker keeps it, and the command says so; it is no canary, and without another there is none."""
    status = BoxStatus(TA, online=False, time_ns=NOW_NS, boot="b1", version="0.1.0")
    await town.ledger.save_status(status, is_fresh=True)
    town.deaf.add(TA)
    refused = await town.egret("fleet", "push", TA, "--canary", "5%")
    assert isinstance(refused.exception, Unsafe)
    done = await town.egret("fleet", "push", TA)
    assert "offline: it waits at the broker" in done.stdout
    assert await town.standing(TA) == "waits"
    town.deaf.clear()
    await until(lambda: kept(town, TA))


def signed(town: Town, counter: int) -> desired.Sealed:
    """A document for the box of Tong'an."""
    signer = signing.load_signer(town.key)
    form = desired.signed_form(desired.Desired(TA, counter, NOW_NS, 2 * NOW_NS, 60.0, {"sensors.yaml": "# other"}))
    return desired.sealed(form, signer.key, signer.sign(form.signed))


async def test_two_people_push_at_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked, one was quicker: the other is told who it was, and has changed nothing."""
    book, loop = Fleetbook(town.ledger, small_city.inventory(town.folder), lambda: NOW_NS), asyncio.get_running_loop()

    def overtaken(target: Target) -> bool:
        quicker = book.push(target.before.box, signed(town, 1), small_city.person("li"))
        asyncio.run_coroutine_threadsafe(quicker, loop).result(30)
        return False

    monkeypatch.setattr(Target, "has_it", property(overtaken))
    done = await town.egret("fleet", "push", TA)
    assert isinstance(done.exception, EgretError)
    assert "this is number 1, and not the next one: li has pushed number 1 meanwhile." in str(done.exception)
    assert [one.actor for one in await book.documents(TA)] == ["li"]


async def test_the_same_document_twice(town: Town) -> None:
    """A command that got no answer and asks again has pushed once."""
    book = Fleetbook(town.ledger, small_city.inventory(town.folder), lambda: NOW_NS)
    town.deaf.add(TA)
    assert await book.push(TA, signed(town, 1), small_city.person()) == await book.push(
        TA, signed(town, 1), small_city.person()
    )
    assert len(await book.documents(TA)) == 1


async def test_a_mode_is_pushed_with_its_end(town: Town) -> None:
    """What `modes` says of it, for as long as the lease; without a mode the push is the way back."""
    assert await town.outcomes("fleet", "push", TA, "--mode", "typhoon", "--lease", "6h") == {TA: "pushed"}
    await until(lambda: kept(town, TA))
    book = Fleetbook(town.ledger, small_city.inventory(town.folder), lambda: NOW_NS)
    [one] = await book.documents(TA)
    ends_ns = NOW_NS + 6 * 3600 * small_city.SECOND_NS
    assert desired.document_of(_sealed(one)).lease == Lease("typhoon", ("billboard",), 0.2, 0.5, ends_ns)
    assert await town.outcomes("fleet", "push", TA) == {TA: "pushed"}
    assert desired.document_of(_sealed((await book.documents(TA))[0])).lease is None


async def test_a_key_that_others_may_read(town: Town) -> None:
    """Refused for safety, and nothing was pushed; a file that is no such key is a mistake of configuration."""
    town.key.chmod(0o640)
    refused = await town.egret("fleet", "push", "--all")
    assert isinstance(refused.exception, Unsafe)
    assert (refused.exception.exit_code, refused.exception.code) == (6, "E-FLEET-008")
    town.key.chmod(0o600)
    town.key.write_text("no key", encoding="utf-8")
    wrong = await town.egret("fleet", "push", "--all")
    assert isinstance(wrong.exception, ConfigError)
    assert await town.standing(TA) == "own"


async def test_a_rollback_of_what_was_not_ours(town: Town) -> None:
    """What the cloud has kept is proven before it is signed again: a cloud that was broken into puts nothing in."""
    assert "[E-FLEET-026]" in str((await town.egret("fleet", "rollback", TA)).exception), "there is nothing yet"
    await town.egret("fleet", "push", TA)
    await until(lambda: kept(town, TA))
    town.edit(*SLOWER)
    await town.egret("fleet", "push", TA)
    await until(lambda: kept(town, TA))
    [_, old] = await Fleetbook(town.ledger, small_city.inventory(town.folder), lambda: 0).documents(TA)
    forged = old.document.replace("billboard", "billboarD")
    change = fleet.desired.update().where(fleet.desired.c.counter == 1).values(document=forged)
    await town.ledger.database.write(lambda connection: connection.execute(change).rowcount)
    done = await town.egret("fleet", "rollback", TA)
    assert "E-FLEET-004" in str(done.exception)


async def test_who_runs_what(town: Town) -> None:
    """A line a box; errors beside it, for people."""
    town.fails.add(TA)
    await town.egret("fleet", "push", TA)
    await until(lambda: returned(town))
    done = await town.egret("fleet", "status")
    head, first, second = done.stdout.splitlines()
    assert head.split() == ["box", "link", "standing", "runs", "mode", "was", "given", "by", "at", "software"]
    assert first.split()[:4] == [SM, "online", "own", "own"]
    assert second.split()[:5] == [TA, "online", "returned", "own", "v0"]
    assert f"{TA}: configuration 1: no line brought a measurement for 60 s." in done.stderr


async def returned(town: Town) -> bool:
    """Has it given back what it was given?"""
    return await town.standing(TA) == "returned"


async def test_names_that_there_are_not(town: Town) -> None:
    """The nearest one is named; without any name at all it is a mistake of usage."""
    done = await town.egret("fleet", "push", "XM-TA-1")
    assert "there is no box 'XM-TA-1'. fix: write 'XM-TA-01'" in str(done.exception)
    assert (await town.egret("fleet", "push")).exit_code == 2


def test_canaries_are_spread() -> None:
    """At least one, at most those that are online, not all from the beginning of the list."""

    class Box:
        """Enough of a target."""

        def __init__(self, number: int) -> None:
            self.number, self.before = number, self
            self.is_online = number % 2 == 0

    boxes = [Box(number) for number in range(100)]
    assert [one.number for one in canaries(boxes, 0.05)] == [0, 20, 40, 60, 80]  # type: ignore[arg-type,attr-defined]
    assert len(canaries(boxes, 1.0)) == 50  # type: ignore[arg-type]
    assert len(canaries(boxes[:3], 0.01)) == 1  # type: ignore[arg-type]


async def test_whose_software_is_behind(town: Town) -> None:
    """By the newest that any box has; what has said none is not behind. 0.10 is newer than 0.9."""
    status = BoxStatus(TA, online=True, time_ns=NOW_NS + 1, boot="b1", version="0.10.0")
    await town.ledger.save_status(status, is_fresh=True)
    lines = (await town.egret("fleet", "status")).stdout.splitlines()
    assert [line.rpartition("  ")[2] for line in lines[1:]] == ["0.1.0 (behind)", "0.10.0"]
