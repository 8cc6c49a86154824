"""Signed links over HTTP: what they show, what they do once, and everything for which they are refused."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import linked_town
import pytest
import robot_standins
from linked_town import GROUP, HOUR_NS, JPEG, Town, photo
from robot_standins import SECRET, TOKEN, StandIn

from cloud.notices.action_links import NONCE_BYTES
from cloud.notifiers import dingtalk
from cloud.ports import House

SHOWN = {
    *("number", "title", "title_en", "level", "stage", "is_drill", "is_suspended", "place", "place_en", "district"),
    *("street", "longitude", "latitude", "unit", "unit_name", "opened_ns", "due_ns", "expires_ns"),
    *("can", "done", "photos"),
}


async def press(town: Town, robot: StandIn) -> dict[str, str]:
    """The notices go out to the group's robot; the buttons of its last message, by title."""
    config = dingtalk.Config(
        token_env="EGRET_TEST_TOKEN", secret_env="EGRET_TEST_SECRET", url=robot.url, timeout_s=60.0, allow_private=True
    )
    base = str(town.phone.base_url).rstrip("/")

    def link(number: str, recipient: str) -> str:
        return town.links.issue(number, recipient, town.gate.now() + 24 * HOUR_NS, bytes(NONCE_BYTES))

    notifier = dingtalk.open_notifier(config, House(town.gate.now, "cloud.yaml", base, link))
    for row in await town.ledger.due(GROUP, town.gate.now(), 50):
        await notifier.send(row.notice)
    return {button["title"]: button["actionURL"] for button in robot.taken[-1]["actionCard"]["btns"]}


async def test_from_the_alarm_to_done_without_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A billboard leans, the group's robot tells it, a thumb accepts, arrives, sends a photo and is done."""
    monkeypatch.setenv("EGRET_TEST_TOKEN", TOKEN)
    monkeypatch.setenv("EGRET_TEST_SECRET", SECRET)
    async with linked_town.opened(tmp_path, time.time_ns()) as town, robot_standins.robot("dingtalk") as robot:
        number = await town.lean()
        buttons = await press(town, robot)
        assert list(buttons) == ["接单", "到场", "已处置", "查看"]
        path = urlsplit(buttons["接单"]).path
        page = await town.phone.get(buttons["接单"])
        assert (page.status_code, "link.js" in page.text, number in page.text) == (200, True, False)
        link = path.replace("/l/", "/api/v1/links/")
        seen = (await town.phone.get(link)).json()
        assert set(seen) == SHOWN
        assert (seen["stage"], seen["can"], seen["done"]) == (
            "dispatched",
            ["accept", "arrive", "feed_back", "photo", "note"],
            [],
        )
        assert (seen["place"], seen["unit_name"]) == ("环城西路南段落地电子屏", "同安区城管局广告科")

        accepted = (await town.act(link, "accept")).json()
        assert (accepted["stage"], accepted["done"]) == ("handling", ["accept"])
        arrived = (await town.act(link, "arrive")).json()
        assert "arrive" not in arrived["can"]
        added = await town.phone.post(f"{link}/photos", content=photo(), headers=JPEG)
        assert added.status_code == 201
        assert (added.json()["latitude"], added.json()["longitude"]) == (
            pytest.approx(24.7272),
            pytest.approx(118.1422),
        )
        name = added.json()["hash"]
        done = await town.act(link, "feed_back", note="已加固", photos=[name])
        assert (done.json()["stage"], done.json()["can"]) == ("fed_back", ["photo", "note"])

        replayed = await town.act(link, "accept")
        assert (replayed.status_code, replayed.json()["code"]) == (409, "E-LINKS-006")
        chen = await town.person("chen")
        case = (await chen.get(f"/api/v1/cases/{number}")).json()
        said = [(line["act"], line["actor"]) for line in case["log"] if line["actor"] == "tongan-ads (link)"]
        assert [act for act, _ in said] == ["accept", "arrive", "photo", "feed_back"]
        assert case["log"][-1]["photos"] == [name]
        kept = (await chen.get(f"/api/v1/cases/{number}/photos/{name}")).content
        assert b"SECRETPHONE" not in kept
        lines = await town.gate.lines(actor="tongan-ads (link)")
        assert [(line.act, line.via) for line in lines] == [
            ("case.accept", "link"),
            ("case.arrive", "link"),
            ("case.photo", "link"),
            ("case.feed_back", "link"),
        ]
        town.gate.wait(24 * 3600.0)
        for expired in (await town.phone.get(link), await town.act(link, "note", note="zu spät")):
            assert (expired.status_code, expired.json()["code"]) == (410, "E-LINKS-001")


async def test_to_look_changes_nothing(tmp_path: Path) -> None:
    """A chat's preview fetches the page with `?act=accept`, and the API, as often as it likes."""
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        link = town.link(number)
        version = (await town.ledger.case(number)).version
        for path in (link, f"{link}?act=accept", f"/l/{link.rpartition('/')[2]}?act=accept"):
            assert (await town.phone.get(path)).status_code == 200
        assert (await town.phone.get(f"{link}/acts")).status_code == 405
        assert (await town.ledger.case(number)).version == version


async def test_a_foreign_or_cut_link_opens_nothing(tmp_path: Path) -> None:
    """Both are 404 and say nothing of cases; the page itself is there for any address below /l/."""
    async with linked_town.opened(tmp_path) as town:
        link = town.link(await town.lean())
        last = "A" if link[-1] != "A" else "B"
        for wrong in (link[:-1] + last, link[:-9], link + "A", "/api/v1/links/" + "A" * 5_000):
            for answer in (await town.phone.get(wrong), await town.act(wrong, "accept")):
                assert answer.status_code == 404
                assert answer.json()["code"] in {"E-LINKS-002", "E-LINKS-003"}
        page = await town.phone.get("/l/anything/at/all")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "img-src 'self' blob:;" in policy
        assert "unsafe" not in policy
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert (await town.phone.get(link)).headers["cache-control"] == "no-store"


async def test_whoever_guesses_is_told_to_stop_and_others_are_not(tmp_path: Path) -> None:
    """The 31st wrong link within ten minutes is 429; a right one from the same address opens."""
    async with linked_town.opened(tmp_path) as town:
        link = town.link(await town.lean())
        wrong = [await town.phone.get(f"{link}x{number}") for number in range(31)]
        assert [answer.status_code for answer in wrong] == [404] * 30 + [429]
        assert (await town.phone.get(link)).status_code == 200
        town.gate.wait(600.0)
        assert (await town.phone.get(f"{link}x")).status_code == 404


async def test_a_link_ends_when_the_case_is_another_units(tmp_path: Path) -> None:
    """改派: the first unit's link shows and does nothing any more, and says why; the new unit's works."""
    async with linked_town.opened(tmp_path) as town:
        zhao, number = await town.person("zhao"), await town.lean()
        link = town.link(number)
        await zhao.post(f"/api/v1/cases/{number}/acts", json={"act": "dispatch", "unit": "siming-ads"})
        tries = [await town.phone.get(link), await town.act(link, "accept")]
        tries.append(await town.phone.post(f"{link}/photos", content=photo(), headers=JPEG))
        for refused in tries:
            assert (refused.status_code, refused.json()["code"]) == (403, "E-LINKS-007")
            assert "another unit" in refused.json()["what"]
        accepted = await town.act(town.link(number, "siming-ads"), "accept")
        assert accepted.json()["stage"] == "handling"


async def test_an_act_by_a_link_that_is_refused_is_audited(tmp_path: Path) -> None:
    """Who, from where, of which case and why; never the link itself."""
    async with linked_town.opened(tmp_path) as town:
        zhao, number = await town.person("zhao"), await town.lean()
        link = town.link(number)
        await zhao.post(f"/api/v1/cases/{number}/acts", json={"act": "dispatch", "unit": "siming-ads"})
        assert (await town.phone.get(link)).status_code == 403
        assert (await town.act(link, "accept")).status_code == 403
        assert (await town.phone.post(f"{link}/photos", content=photo(), headers=JPEG)).status_code == 403
        lines = await town.gate.lines(actor="tongan-ads (link)")
        assert [(line.via, line.address, line.act, line.outcome) for line in lines] == [
            ("link", "127.0.0.1", "request", "refused")
        ] * 2
        assert [line.object for line in lines] == [
            f"POST /api/v1/links/{{token}}/{what}" for what in ("acts", "photos")
        ]
        assert all(number in line.detail and "[E-LINKS-007]" in line.detail for line in lines)
        assert link.rpartition("/")[2] not in str(lines)


async def test_a_case_that_climbed_is_still_theirs_who_were_asked_first(tmp_path: Path) -> None:
    """Nobody accepts a red case within a minute: it is the command centre's, and the unit sees and accepts it still."""
    async with linked_town.opened(tmp_path) as town:
        chen, ma, number = await town.person("chen"), await town.person("ma"), await town.lean()
        link = town.link(number)
        town.gate.wait(60)
        await town.ledger.tick()
        assert (await town.ledger.case(number)).unit == "command-centre"
        for client, seen in ((chen, [number]), (ma, [])):
            found = await client.get("/api/v1/cases", params={"open": "true"})
            assert [case["number"] for case in found.json()] == seen
            assert [case["number"] for case in (await client.get("/api/v1/state")).json()["cases"]] == seen
            assert (await client.get(f"/api/v1/cases/{number}")).status_code == (200 if seen else 403)
        assert "accept" in (await chen.get(f"/api/v1/cases/{number}")).json()["can"]
        assert "accept" in (await town.phone.get(link)).json()["can"]
        assert (await town.act(link, "accept")).json()["stage"] == "handling"
        done = await chen.post(f"/api/v1/cases/{number}/acts", json={"act": "feed_back", "note": "已加固"})
        assert (done.status_code, done.json()["stage"]) == (200, "fed_back")


@pytest.mark.parametrize("act", ["close", "dispatch", "refuse", "verify", "suspend"])
async def test_a_link_carries_four_acts_and_no_other(tmp_path: Path, act: str) -> None:
    """Nobody closes, refuses or gives away a case by a link."""
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        assert (await town.act(town.link(number), act, note="x")).status_code == 400
        assert (await town.ledger.case(number)).stage == "dispatched"


async def test_two_thumbs_at_once_accept_once(tmp_path: Path) -> None:
    """One of two requests at the same moment is done, the other is told so."""
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        link = town.link(number)
        answers = await asyncio.gather(*(town.act(link, "accept") for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        log = (await town.ledger.case(number)).log
        assert [line.act for line in log].count("accept") == 1


async def test_notes_and_photos_have_an_end(tmp_path: Path) -> None:
    """Twenty notes; the same note again is not a second one; what is done once is not offered again."""
    async with linked_town.opened(tmp_path) as town:
        link = town.link(await town.lean())
        assert (await town.act(link, "note", note="第 0 次")).status_code == 200
        again = await town.act(link, "note", note="第 0 次")
        assert (again.status_code, again.json()["code"]) == (409, "E-LINKS-006")
        for number in range(1, 20):
            seen = await town.act(link, "note", note=f"第 {number} 次")
        assert seen.json()["can"] == ["accept", "arrive", "feed_back", "photo"]
        over = await town.act(link, "note", note="第 20 次")
        assert (over.status_code, over.json()["code"]) == (422, "E-LINKS-009")


async def test_a_link_brings_twenty_photos(tmp_path: Path) -> None:
    """The 21st is refused; one that came before is answered as it was, and is counted once."""
    async with linked_town.opened(tmp_path) as town:
        link = town.link(await town.lean())
        colours = [f"rgb({10 * number}, 0, 0)" for number in range(21)]
        for colour in colours[:20]:
            added = await town.phone.post(f"{link}/photos", content=photo(colour), headers=JPEG)
            assert added.status_code == 201
            if colour == colours[0]:
                again = await town.phone.post(f"{link}/photos", content=photo(colour), headers=JPEG)
                assert again.json() == added.json()
        over = await town.phone.post(f"{link}/photos", content=photo(colours[20]), headers=JPEG)
        assert (over.status_code, over.json()["code"]) == (422, "E-LINKS-009")
        seen = (await town.phone.get(link)).json()
        assert (len(seen["photos"]), "photo" in seen["can"]) == (20, False)


async def test_the_photo_of_another_case_is_not_named_here(tmp_path: Path) -> None:
    """The link of case A with the hash of case B's photo: refused, and the act is not spent."""
    async with linked_town.opened(tmp_path) as town:
        zhao, mine = await town.person("zhao"), await town.lean()
        other = await town.file(zhao, "XM-SM-0001")
        added = await zhao.post(f"/api/v1/cases/{other}/photos", content=photo(), headers=JPEG)
        link = town.link(mine)
        refused = await town.act(link, "feed_back", photos=[added.json()["hash"]])
        assert (refused.status_code, refused.json()["code"]) == (422, "E-CASE-014")
        assert (await town.act(link, "feed_back")).json()["stage"] == "fed_back"


async def test_a_closed_case_takes_nothing_more(tmp_path: Path) -> None:
    """The link still shows that it is closed; acts and photos are 409."""
    async with linked_town.opened(tmp_path) as town:
        zhao, number = await town.person("zhao"), await town.lean()
        link = town.link(number)
        await zhao.post(f"/api/v1/cases/{number}/acts", json={"act": "close", "without_sensor": "误报，现场已看"})
        seen = (await town.phone.get(link)).json()
        assert (seen["stage"], seen["can"]) == ("closed", [])
        tries = [await town.act(link, "accept")]
        tries.append(await town.phone.post(f"{link}/photos", content=photo(), headers=JPEG))
        assert [(refused.status_code, refused.json()["code"]) for refused in tries] == [(409, "E-CASE-002")] * 2


async def test_another_site_presses_no_button(tmp_path: Path) -> None:
    """A foreign Origin, a form, or an act that is no JSON: refused, and the case is as it was."""
    async with linked_town.opened(tmp_path) as town:
        number = await town.lean()
        link = town.link(number)
        foreign = {"Origin": "https://evil.example"}
        assert (await town.phone.post(f"{link}/acts", json={"act": "accept"}, headers=foreign)).status_code == 403
        assert (await town.phone.post(f"{link}/photos", content=photo(), headers=JPEG | foreign)).status_code == 403
        assert (await town.phone.post(f"{link}/acts", data={"act": "accept"})).status_code == 415
        assert (await town.phone.post(f"{link}/photos", data={"photo": "x"})).status_code == 415
        large = await town.act(link, "note", note="长" * 100_000)
        assert large.status_code == 413
        own = {"Origin": str(town.phone.base_url).rstrip("/")}
        accepted = await town.phone.post(f"{link}/acts", json={"act": "accept"}, headers=own)
        assert accepted.status_code == 200


async def test_an_oversized_photo_by_link_is_refused(tmp_path: Path) -> None:
    """16 MB: 413 before it is read, and no photo of the link is spent."""
    async with linked_town.opened(tmp_path) as town:
        link = town.link(await town.lean())
        refused = await town.phone.post(f"{link}/photos", content=bytes(16_000_000), headers=JPEG)
        assert (refused.status_code, refused.json()["code"]) == (413, "E-PHOTO-001")
        assert (await town.phone.get(link)).json()["photos"] == []
