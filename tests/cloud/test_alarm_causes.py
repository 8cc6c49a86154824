"""The event that gave an alarm its level stays with the alarm, whole, whatever happens to the box and the case."""

from pathlib import Path

import msgspec
import small_city

from cloud.ledger import Ledger
from cloud.tables import alarm_causes
from wire.alarm import AlarmEvent, Change, Evidence, Frame, Level
from wire.alarm_message import AlarmMessage

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
FRAME = Frame("attitude", "50030034000dc840", "50031a")


def event(sequence: int, level: Level, change: Change) -> AlarmEvent:
    """One of the billboard XM-TA-0117, with what its box saw before."""
    [found] = small_city.lean(sequence, NOW_NS + sequence, level, change).events
    return msgspec.structs.replace(found, evidence=(Evidence(NOW_NS, 0.031),), frame=FRAME)


async def causes_of(folder: Path, place: Path | str, *messages: tuple[AlarmEvent, ...]) -> list[AlarmEvent | None]:
    """What the ledger says after each message."""
    found = []
    async with Ledger(place, lambda: NOW_NS, small_city.practice(folder)) as ledger:
        for events in messages:
            await ledger.take_alarms(AlarmMessage("XM-TA-01", "spool-1", 0, events))
            found.append(await ledger.read(lambda connection: alarm_causes.of(connection, small_city.LEAN)))
    return found


async def test_the_newest_change_of_level_is_kept_whole(tmp_path: Path, ledger_place: Path | str) -> None:
    """Raised, escalated, lowered: each replaces the one before; a return to normal leaves the level and its cause."""
    blue = event(1, Level.BLUE, Change.RAISED)
    red = event(2, Level.RED, Change.ESCALATED)
    lowered = event(3, Level.YELLOW, Change.LOWERED)
    cleared = event(4, Level.YELLOW, Change.CLEARED)
    found = await causes_of(tmp_path, ledger_place, (blue,), (red,), (lowered,), (cleared,))
    assert found == [blue, red, lowered, lowered]


async def test_a_lean_that_comes_and_goes_in_one_message(tmp_path: Path, ledger_place: Path | str) -> None:
    """After an outage a box sends twenty events at once."""
    raised, cleared = event(1, Level.RED, Change.RAISED), event(2, Level.RED, Change.CLEARED)
    assert await causes_of(tmp_path, ledger_place, (raised, cleared)) == [raised]


async def test_of_an_alarm_first_heard_of_at_its_end_there_is_nothing_else(
    tmp_path: Path, ledger_place: Path | str
) -> None:
    """A new ledger beside an old box."""
    cleared = event(1, Level.RED, Change.CLEARED)
    assert await causes_of(tmp_path, ledger_place, (cleared,)) == [cleared]
