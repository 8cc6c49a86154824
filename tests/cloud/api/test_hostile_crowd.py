"""Hostile holders of a link or an account: many requests at once, and acts on what is not theirs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import linked_town
import pytest
import small_city
from gatehouse import CONSOLE, PASSWORD
from linked_town import JPEG, Town, photo

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.api.stream import STREAMS_OF_ONE
from cloud.tables import photos as case_photos


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


async def held_upload(town: Town, url: str, headers: dict[str, str], opened: asyncio.Event) -> None:
    """A photo whose last byte never comes."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"
        opened.set()
        await asyncio.Event().wait()

    await town.phone.post(url, content=parts(), headers={**headers, **JPEG})


@pytest.mark.parametrize("way", ["link", "session"])
async def test_photos_that_never_end_do_not_fill_the_memory(town: Town, way: str) -> None:
    """Four that come in at once from one link, or one account; the fifth is 429, and another link's photo is taken."""
    chen, number = await town.person("chen"), await town.lean()
    link = f"{town.link(number)}/photos"
    session = f"/api/v1/cases/{number}/photos"
    proof = {"X-CSRF-Token": chen.headers["X-CSRF-Token"], "Cookie": f"egret={chen.cookies['egret']}"}
    url, headers = (link, {}) if way == "link" else (session, proof)
    begun = [asyncio.Event() for _ in range(4)]
    held = [asyncio.create_task(held_upload(town, url, headers, opened)) for opened in begun]
    await asyncio.gather(*(opened.wait() for opened in begun))
    await asyncio.sleep(0.2)
    over = await town.phone.post(url, content=photo(), headers={**headers, **JPEG})
    assert (over.status_code, over.json()["code"]) == (429, "E-API-020")
    other = await town.phone.post(f"{town.link(number)}/photos", content=photo(), headers=JPEG)
    assert other.status_code == 201
    for upload in held:
        upload.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    async with asyncio.timeout(5):
        while (await town.phone.post(url, content=photo("blue"), headers={**headers, **JPEG})).status_code == 429:
            await asyncio.sleep(0.05)


async def test_photos_that_are_refused_leave_no_file(town: Town) -> None:
    """Nineteen came before, three come at once: twenty belong to the case, and twenty lie in the folder."""
    link = town.link(await town.lean())
    reds = [photo(f"rgb({10 * at}, 0, 0)") for at in range(19)]
    answers = [await town.phone.post(f"{link}/photos", content=one, headers=JPEG) for one in reds]
    three = (photo(f"rgb(0, {50 * at}, 200)") for at in range(1, 4))
    answers += await asyncio.gather(*(town.phone.post(f"{link}/photos", content=one, headers=JPEG) for one in three))
    assert Counter(answer.status_code for answer in answers) == {201: 20, 422: 2}
    assert sum(path.is_file() for path in (town.folder / "photos").rglob("*")) == 20


async def test_a_case_that_is_full_keeps_no_file(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """One photo more than a case may have is not written; one that it has already is answered as it was."""
    monkeypatch.setattr(case_photos, "MOST", 1)
    chen, number = await town.person("chen"), await town.lean()
    url = f"/api/v1/cases/{number}/photos"
    first = await chen.post(url, content=photo(), headers=JPEG)
    for who, path in ((chen, url), (town.phone, f"{town.link(number)}/photos")):
        over = await who.post(path, content=photo("blue"), headers=JPEG)
        assert (over.status_code, over.json()["code"]) == (422, "E-CASE-013")
    assert (await chen.post(url, content=photo(), headers=JPEG)).json() == first.json()
    assert sum(path.is_file() for path in (town.folder / "photos").rglob("*")) == 1


async def test_one_account_does_not_take_all_streams(town: Town) -> None:
    """The fifty-first stream of an account is 429, others still follow; one that ends makes room."""
    wu, zhao = await town.person("wu"), await town.person("zhao")
    async with AsyncExitStack() as stack:
        limits = httpx.Limits(max_connections=None)
        crowd = httpx.AsyncClient(base_url=wu.base_url, cookies=wu.cookies, limits=limits, trust_env=False)
        await stack.enter_async_context(crowd)
        told = [
            (await stack.enter_async_context(crowd.stream("GET", "/api/v1/events"))).aiter_bytes()
            for _ in range(STREAMS_OF_ONE)
        ]
        for stream in told:
            await anext(stream)
        over = await wu.get("/api/v1/events")
        assert (over.status_code, over.json()["code"]) == (429, "E-API-020")
        async with zhao.stream("GET", "/api/v1/events") as another:
            assert another.status_code == 200
    async with asyncio.timeout(10), wu.stream("GET", "/api/v1/events") as again:
        assert again.status_code == 200


FORGED = "已看\r\n\x1b[2J2026-11-18 zhao  close  closed \u202e\x00"
PLAIN = "已看\n[2J2026-11-18 zhao close closed"


async def test_no_words_of_a_person_move_a_cursor(town: Town) -> None:
    """Notes of a link's holder, of acts on alarms, and a mode's reason: no control, no turning mark."""
    zhao, number = await town.person("zhao"), await town.lean()
    await town.act(town.link(number), "note", note=FORGED)
    shelve = {"act": "shelve", "seconds": 60, "note": FORGED}
    [shelved] = (await zhao.post("/api/v1/alarms/acts", json={"alarms": [small_city.LEAN], "act": shelve})).json()
    mode = await zhao.post("/api/v1/modes", json={"mode": "watch", "reason": FORGED})
    said = [(await town.ledger.case(number)).log[-1].note, shelved["alarm"]["note"], mode.json()["reason"]]
    assert said == [PLAIN] * 3


async def test_an_idempotency_key_is_of_whoever_uses_it(town: Town) -> None:
    """The same key and words of another unit's handler are refused, not answered; of the own unit's, a second note."""
    number = await town.lean()
    answers = [
        await (await town.person(name)).post(
            f"/api/v1/cases/{number}/acts", json={"act": "note", "note": "已看"}, headers={"Idempotency-Key": "1"}
        )
        for name in ("zhao", "ma", "chen")
    ]
    assert [answer.status_code for answer in answers] == [200, 403, 200]
    assert [line.actor for line in (await town.ledger.case(number)).log if line.act == "note"] == ["zhao", "chen"]


async def test_figures_are_of_the_own_unit(town: Town) -> None:
    """An operator of one unit evaluates it: no group, sum or list has a case of another, whatever is asked for."""
    qi = NewUser(name="qi", role=Role.OPERATOR, units=("tongan-ads",), password=PASSWORD)
    await town.gate.accounts.add(qi, CONSOLE)
    zhao, client = await town.person("zhao"), await town.person("qi")
    own, _ = [await town.file(zhao, site) for site in ("XM-TA-0117", "XM-SM-0001")]
    for query in ("by=unit", "by=district", "by=unit&unit=siming-ads"):
        told = (await client.get(f"/api/v1/evaluation?{query}")).json()
        assert {group["key"] for group in told["groups"]} <= {"tongan-ads", "tongan"}
        assert told["total"]["all"]["figures"]["reported"] == (0 if "siming" in query else 1)
    assert "siming" not in (await client.get("/api/v1/evaluation?by=unit&format=csv")).text
    listed = await client.get("/api/v1/evaluation/cases?figure=reported")
    assert [case["number"] for case in listed.json()] == [own]
    assert (await client.get("/api/v1/evaluation/cases?figure=reported&unit=siming-ads")).json() == []
