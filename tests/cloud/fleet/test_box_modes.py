"""The city's mode reaches the boxes that it was signed for, again while it lasts, and its end reaches them, too."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import small_city
from broker_session import BrokerSession

from cloud.cases.casebook import Casebook
from cloud.cases.modework import Switch
from cloud.city.mode import ModeName
from cloud.fleet import box_modes, command_lane
from cloud.fleet.command_lane import CommandLane
from cloud.ledger import Ledger
from cloud.poison import PoisonFolder
from cloud.quarantine import Quarantine
from cloud.tables import fleet
from wire import command as commands
from wire import topics
from wire.desired import Reported
from wire.receipt import BoxStatus

NOW_NS, HOUR_NS = 1_795_000_000 * small_city.SECOND_NS, 3600 * small_city.SECOND_NS
SM, TA = "XM-SM-01", "XM-TA-01"
SIGNED = ("watch", "typhoon", "rain")


@dataclass
class House:
    """A cloud whose city switches modes. `now_ns` is its clock."""

    ledger: Ledger
    lane: CommandLane
    now_ns: int = NOW_NS
    session: BrokerSession = field(default_factory=BrokerSession)

    async def switch(self, name: ModeName, district: str = "", hours: float = 24.0) -> None:
        """By a person."""
        asked = Switch(mode=name, district=district, reason="typhoon warning 14", hours=hours)
        await Casebook(self.ledger).switch_mode(asked, small_city.person())

    async def report(self, box: str, mode: str = "", ends_ns: int = 0, modes: tuple[str, ...] = SIGNED) -> None:
        """A box says what it is in."""
        said = Reported(box, self.now_ns, 1, "v1", seen=1, modes=modes, mode=mode, mode_ends_ns=ends_ns)
        await self.ledger.database.write(lambda connection: fleet.answer(connection, said, self.now_ns))

    async def online(self, box: str, *, is_online: bool = True) -> None:
        """It is there, or gone."""
        status = BoxStatus(box, online=is_online, time_ns=self.now_ns, boot="b1", version="0.1.0")
        await self.ledger.save_status(status, is_fresh=True)

    async def told(self) -> list[tuple[str, str, int]]:
        """Box, mode and end of what went down since the last look; the boxes do as they are told."""
        await asyncio.sleep(0.1)
        said = dict.fromkeys(self._said())
        for one in said:
            await self.report(one[0], one[1], one[2])
        await asyncio.sleep(0.05)
        self.session.sent.clear()
        return [(box, mode, (ends_ns - self.now_ns) // HOUR_NS if mode else 0) for box, mode, ends_ns in said]

    def _said(self) -> Iterator[tuple[str, str, int]]:
        for topic, payload, _ in self.session.sent:
            command = commands.decode_command(payload)
            assert (topic, command.verb) == (topics.topic(command.box, "commands"), "mode")
            yield command.box, command.mode, command.ends_ns


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Two boxes that are online, with all modes signed; one in each district."""
    monkeypatch.setattr(command_lane, "MODES_S", 0.02)
    monkeypatch.setattr(command_lane, "MODE_AGAIN_S", 0.0)
    practice = small_city.practice(tmp_path)
    async with Ledger(tmp_path / "ledger.db", lambda: found.now_ns, practice) as ledger:
        lane = CommandLane(
            ledger=ledger,
            quarantine=Quarantine(PoisonFolder(tmp_path / "quarantine", lambda: NOW_NS)),
            inventory=practice.inventory,
            now=lambda: found.now_ns,
            rng=Random(1),
        )
        found = House(ledger, lane)
        for box in (SM, TA):
            await found.online(box)
            await found.report(box)
        running = asyncio.create_task(lane.run(found.session))
        yield found
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_mode_of_a_district_and_of_the_city(house: House) -> None:
    """Who is in it is told, with its end, and not again; when it ends, by a person or by itself, so are they."""
    assert await house.told() == []
    await house.switch(ModeName.TYPHOON, "tongan", 36)
    assert await house.told() == [(TA, "typhoon", 36)]
    assert await house.told() == []
    await house.switch(ModeName.WATCH)
    assert await house.told() == [(SM, "watch", 24)]
    await house.switch(ModeName.NORMAL)
    assert await house.told() == [(SM, "", 0)]
    await house.switch(ModeName.NORMAL, "tongan")
    assert await house.told() == [(TA, "", 0)]
    await house.switch(ModeName.RAIN, "tongan", 2)
    assert await house.told() == [(TA, "rain", 2)]
    house.now_ns += 3 * HOUR_NS
    assert await house.told() == [(TA, "", 0)]


async def test_a_box_that_was_away(house: House) -> None:
    """It is told when it is back, while the mode lasts; and where it says afterwards that it is in none, again."""
    await house.online(TA, is_online=False)
    await house.switch(ModeName.TYPHOON)
    assert await house.told() == [(SM, "typhoon", 24)]
    house.now_ns += HOUR_NS
    await house.online(TA)
    assert await house.told() == [(TA, "typhoon", 23)]
    await house.report(TA)
    assert await house.told() == [(TA, "typhoon", 23)]
    await house.report(TA, modes=())
    assert await house.told() == []


async def test_a_lease_that_is_shorter_than_its_mode(house: House) -> None:
    """The box gave it six hours, as was signed: half an hour before their end it is told again."""
    await house.switch(ModeName.TYPHOON, "tongan", 36)
    await house.told()
    await house.report(TA, "typhoon", NOW_NS + 6 * HOUR_NS)
    house.now_ns += 5 * HOUR_NS
    assert await house.told() == []
    house.now_ns += HOUR_NS * 3 // 4
    assert await house.told() == [(TA, "typhoon", 30)]


def test_what_a_maintainer_signs() -> None:
    """All modes that change something on boxes, as the city's document has them; the normal one needs no word."""
    found = {one.mode: one for one in box_modes.allowed(3600.0)}
    assert found.keys() == set(SIGNED)
    assert (found["typhoon"].kinds, found["typhoon"].every, found["typhoon"].longest_s) == (("billboard",), 0.2, 3600.0)
