"""Hostile holders of a link or an account: many requests at once, and acts on what is not theirs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import linked_town
import pytest
import small_city
from gatehouse import CONSOLE, PASSWORD
from linked_town import Town

from cloud.access.accounts import NewUser
from cloud.access.actor import Role


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """With an operator of Siming (he)."""
    async with linked_town.opened(tmp_path) as town:
        he = NewUser(name="he", role=Role.OPERATOR, districts=("siming",), password=PASSWORD)
        await town.gate.accounts.add(he, CONSOLE)
        yield town


async def test_one_link_pressed_by_twenty_phones_at_once_acts_once(town: Town) -> None:
    """One 200 and nineteen 409: the row of the link is in the transaction of the act."""
    zhao = await town.person("zhao")
    link = town.link(await town.file(zhao, "XM-TA-0117"))
    answers = await asyncio.gather(*(town.act(link, "accept") for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}


async def test_sixty_notes_at_once_are_counted_as_sixty(town: Town) -> None:
    """A link takes twenty, however fast they come."""
    zhao = await town.person("zhao")
    link = town.link(await town.file(zhao, "XM-TA-0117"))
    answers = await asyncio.gather(*(town.act(link, "note", note=f"note {number}") for number in range(60)))
    assert Counter(answer.status_code for answer in answers) == {200: 20, 422: 40}


async def test_the_log_says_done_of_nothing_that_was_refused(town: Town) -> None:
    """An alarm of Tong'an is refused to Siming's operator; one that does not exist is in no line, whatever its name."""
    await town.lean()
    he = await town.person("he")
    asked = {"alarms": [small_city.LEAN, "ghost\n1/lean"], "act": {"act": "acknowledge"}}
    answer = await he.post("/api/v1/alarms/acts", json=asked)
    assert [one["code"] for one in answer.json()] == ["E-ACCESS-002", "E-ALARM-001"]
    lines = await town.gate.lines(actor="he", act="alarm.acknowledge")
    assert [(line.object, line.outcome) for line in lines] == [(small_city.LEAN, "refused")]
    zhao = await town.person("zhao")
    await zhao.post("/api/v1/alarms/acts", json=asked)
    lines = await town.gate.lines(actor="zhao", act="alarm.acknowledge")
    assert [(line.object, line.outcome) for line in lines] == [(small_city.LEAN, "done")]
