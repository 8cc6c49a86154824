"""The cloud chooses a mode among those that the city has signed for a box, and the box ends it by itself."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fleet_rig import BEGIN_NS, BOX, SECOND_NS, Rig, now, sensors_yaml

from edge.config_store import ConfigStore
from edge.lines import Lines
from edge.sim import virtual_time
from wire import command as commands
from wire import topics
from wire.command import Command, Outcome, Reply
from wire.desired import Desired, Reported
from wire.errors import ConfigError, Mistake
from wire.overlay import Allowed

pytestmark = pytest.mark.usefixtures("polls")
TYPHOON = Allowed("typhoon", ("billboard",), 0.2, 0.5, 120.0)
WATCH = Allowed("watch", ("billboard",), 0.5, 1.0, 120.0)
LINE_A, LINE_B = "{source: ticking, every: 1s}", "{source: ticking, every: 5s}"
TWO_KINDS = (
    sensors_yaml(LINE_A, LINE_B)
    .replace("kinds: {", "kinds: {road: {profile: recorded, limits: prompt}, ")
    .replace("sensors: {T1: {line: XM-TA-01/a}, ", "sensors: {")
    + f"  S2: {{name: 二, kind: road, district: tongan, sensors: {{T1: {{line: {BOX}/a}}}}}}\n"
)
"""The road's sensor is on line a, the billboard's on line b."""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A box as it was installed."""
    return Rig(tmp_path)


def signed(rig: Rig, counter: int = 1, *modes: Allowed, text: str = TWO_KINDS) -> Desired:
    """A configuration with the modes that may be chosen."""
    return rig.document(counter, text, modes=modes or (TYPHOON, WATCH))


def choose(rig: Rig, mode: str, for_s: float = 60.0, name: str = "m1") -> None:
    """The cloud's word; an empty mode is the normal one."""
    ends_ns = now() + round(for_s * SECOND_NS) if mode else 0
    command = Command(BOX, name, "mode", BEGIN_NS + 7 * 86_400 * SECOND_NS, mode=mode, ends_ns=ends_ns)
    rig.broker.send_down(BOX, commands.encode(command), "commands")


def is_in(mode: str) -> Callable[[Reported], bool]:
    """The box says so."""
    return lambda said: said.mode == mode


def pauses(polls: list[tuple[str, float]], line: str, start: float = 0.0, end: float = 1e9) -> set[float]:
    """Between two polls of a line, in that time."""
    mine = [at for name, at in polls if name == line and start <= at < end]
    return {round(later - earlier, 6) for earlier, later in pairwise(mine)}


async def replies(rig: Rig) -> list[Reply]:
    """What the box has answered so far."""
    await asyncio.sleep(1)
    found = []
    while not rig.broker.up.empty():
        delivery = rig.broker.up.get_nowait()
        if delivery.topic == topics.topic(BOX, "replies"):
            found.append(commands.decode_reply(delivery.payload))
    return found


def test_a_mode_is_chosen_and_ends_without_a_network(rig: Rig, polls: list[tuple[str, float]]) -> None:
    """The billboard's line is polled five times as often until the lease ends; the other line misses no poll."""
    seen: dict[str, float] = {}

    async def story() -> None:
        clock = asyncio.get_running_loop().time
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1 and not said.is_trial)
            seen["ran"] = clock()
            assert rig.reported.modes == ("typhoon", "watch")
            before = rig.reported.config_version
            choose(rig, "typhoon")
            seen["began"] = await rig.until(is_in("typhoon"))
            assert rig.reported.mode_ends_ns == pytest.approx(now() + 60 * SECOND_NS, abs=2 * SECOND_NS)
            assert rig.reported.config_version != before
            [said] = await replies(rig)
            assert (said.id, said.verb, said.outcome) == ("m1", "mode", Outcome.DONE)
            rig.broker.stop()
            await asyncio.sleep(100)
            seen["end"] = clock()
            rig.broker.start()
            await rig.until(is_in(""))
            assert rig.reported.config_version == before

    virtual_time.run(story())
    assert pauses(polls, "a", seen["ran"]) == {1.0}
    assert pauses(polls, "b", seen["began"] + 1, seen["began"] + 59) == {1.0}
    assert pauses(polls, "b", seen["began"] + 62, seen["end"]) == {5.0}


def test_it_outlasts_a_restart(rig: Rig, polls: list[tuple[str, float]]) -> None:
    """A box that starts again in the storm, cut off, goes on with the mode, and ends it in time."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1 and not said.is_trial)
            choose(rig, "typhoon", 60)
            await rig.until(is_in("typhoon"))
        rig.broker.stop()
        polls.clear()
        async with rig.running():
            await asyncio.sleep(10)
            assert pauses(polls, "b") == {1.0}
            await asyncio.sleep(60)
            polls.clear()
            await asyncio.sleep(20)
            assert pauses(polls, "b") == {5.0}
        async with rig.running() as configuration:
            assert configuration.reported().count(b'"mode":""') == 1

    virtual_time.run(story())


@pytest.mark.parametrize("when", ["it is chosen", "it ends"])
def test_files_that_cannot_be_read(rig: Rig, polls: list[tuple[str, float]], when: str) -> None:
    """The disk refuses when a mode is chosen, or ends: the box says so, goes back to its own file, and polls on."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1 and not said.is_trial)
            if when == "it ends":
                choose(rig, "typhoon", 30)
                await rig.until(is_in("typhoon"))
            (ConfigStore(rig.folder / "data").place(1) / "no-file.yaml").mkdir()
            if when == "it is chosen":
                choose(rig, "typhoon", 30)
            await rig.until(lambda said: said.counter == 0)
            assert "cannot be read: [Errno 21] Is a directory" in str(rig.reported.refusal)
            polls.clear()
            await asyncio.sleep(10)

    virtual_time.run(story())
    assert {line for line, _ in polls} == {"a", "b"}


def test_lines_that_cannot_be_run_when_a_mode_ends(
    rig: Rig, polls: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go on as they are, and the box with them."""

    def refuse(*_: object) -> None:
        raise ConfigError([Mistake("sensors.yaml:16", "there is no such port.", "plug it in", "E-BUS-001")])

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1 and not said.is_trial)
            choose(rig, "typhoon", 30)
            await rig.until(is_in("typhoon"))
            monkeypatch.setattr(Lines, "check", refuse)
            await rig.until(is_in(""))
            polls.clear()
            await asyncio.sleep(10)

    virtual_time.run(story())
    assert pauses(polls, "b") == {1.0}


@pytest.mark.parametrize("has_document", [True, False])
def test_what_was_not_signed_cannot_be_chosen(rig: Rig, *, has_document: bool) -> None:
    """A name that the document does not have, or any on a box that runs its own file: refused, and nothing changes."""

    async def story() -> None:
        async with rig.running():
            if has_document:
                rig.push(rig.signed(signed(rig, 1, WATCH)))
                await rig.until(lambda said: said.counter == 1)
            await asyncio.sleep(1)
            before = rig.reported
            choose(rig, "typhoon")
            [said] = await replies(rig)
            assert (said.outcome, said.error and said.error.code) == (Outcome.REFUSED, "E-FLEET-040")
            assert (rig.reported.mode, rig.reported.config_version) == ("", before.config_version)

    virtual_time.run(story())


def test_a_lease_is_as_long_as_was_signed(rig: Rig) -> None:
    """Whoever asks for more gets two minutes; said again, two minutes from then; said as normal, it is over."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1)
            choose(rig, "typhoon", 7 * 86_400)
            began = await rig.until(is_in("typhoon"))
            first = rig.reported.mode_ends_ns
            assert first <= BEGIN_NS + round((began + 120) * SECOND_NS)
            await asyncio.sleep(60)
            choose(rig, "typhoon", 7 * 86_400, "m2")
            await rig.until(lambda said: said.mode_ends_ns > first)
            choose(rig, "watch", 110, "m3")
            await rig.until(is_in("watch"))
            choose(rig, "", name="m4")
            await rig.until(is_in(""))
            choose(rig, "", name="m5")
            assert [one.outcome for one in await replies(rig)] == [Outcome.DONE] * 5

    virtual_time.run(story())


def test_a_cloud_that_chooses_without_end(
    rig: Rig, polls: list[tuple[str, float]], caplog: pytest.LogCaptureFixture
) -> None:
    """A hostile one that changes its mind each second is followed once a minute: the line it is about is well."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1)
            for number in range(100):
                choose(rig, "" if number % 2 else "typhoon", 300, f"m{number}")
                await asyncio.sleep(1)
            choose(rig, "watch", 300, "last")
            await rig.until(is_in("watch"))

    virtual_time.run(story())
    assert len([one for one in caplog.records if "the cloud has chosen" in one.message]) == 3
    assert max(pauses(polls, "b", 10.0)) <= 10.0
    assert pauses(polls, "a", 10.0) == {1.0}


@pytest.mark.parametrize(("modes", "mode"), [((TYPHOON,), "typhoon"), ((WATCH,), "")], ids=["signed", "not signed"])
def test_another_configuration_in_the_storm(rig: Rig, modes: tuple[Allowed, ...], mode: str) -> None:
    """The mode goes on under it where it is signed there, too; else it is over."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(signed(rig)))
            await rig.until(lambda said: said.counter == 1)
            choose(rig, "typhoon")
            await rig.until(is_in("typhoon"))
            slower: dict[str, Any] = {"text": TWO_KINDS.replace(LINE_A, "{source: ticking, every: 2s}")}
            rig.push(rig.signed(signed(rig, 2, *modes, **slower)))
            await rig.until(lambda said: said.counter == 2)
            assert rig.reported.mode == mode

    virtual_time.run(story())
