"""Other systems over HTTP: what they file, what a repetition changes, where they disagree, what is refused."""

import asyncio
import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import httpx
import linked_town
import msgspec
import pytest
from hook_senders import ALERTMANAGER, GENERIC, GRAFANA, NEXT_SECRET, SECRET, SENDERS, Sender, item
from linked_town import Town

from cloud.reporting.hook_body import SIZE_MAX

MANUAL = Path(__file__).parents[3] / "docs/operate/reports-in.md"
HTML = '<img src=x onerror="alert(1)"> 井盖 [缺失](http://evil.example)'


async def post(town: Town, sender: Sender, payload: object, **proof: Any) -> httpx.Response:
    """As the other system does it."""
    headers, body = sender.post(payload, **proof)
    return await town.phone.post(f"/api/v1/hooks/{sender.kind}", content=body, headers=headers)


async def taken(town: Town, payload: object, sender: Sender = GENERIC) -> Any:
    """What became of the one report."""
    [found] = (await post(town, sender, payload)).raise_for_status().json()
    return found


def hotline(**changes: Any) -> dict[str, Any]:
    """A call, in words that need no map."""
    return item(**{"level": "orange", "state": "filed", **changes})


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.kind)
async def test_a_report_becomes_a_case_once(tmp_path: Path, sender: Sender) -> None:
    """Two things reported are two cases; the same message again answers the same and changes nothing."""
    async with linked_town.opened(tmp_path) as town:
        first = await post(town, sender, sender.payload(2))
        assert first.status_code == 200
        assert [found["stage"] for found in first.json()] == ["reported", "reported"]
        assert len({found["case"] for found in first.json()}) == 2
        before = await town.ledger.cases()
        assert {case.source for case in before} == {sender.kind}
        again = await post(town, sender, sender.payload(2))
        assert again.json() == first.json()
        assert await town.ledger.cases() == before


async def test_an_update_is_a_line_and_closes_nothing(tmp_path: Path) -> None:
    """已办结 over there: the case says so in its log and as a reference, stays open here, and the conflict is shown."""
    async with linked_town.opened(tmp_path) as town:
        number = (await taken(town, hotline()))["case"]
        answer = await taken(town, hotline(state="closed", time="2026-11-18T09:34:00+08:00"))
        assert answer == {"key": "XM-2026-1118-0042", "case": number, "stage": "reported"}
        zhao = await town.person("zhao")
        [ref] = (await zhao.get(f"/api/v1/cases/{number}/refs")).json()
        assert (ref["system"], ref["number"], ref["state"], ref["is_returned"]) == (
            "generic",
            "2026111800042",
            "closed",
            True,
        )
        assert ref["conflict"] == "closed there, reported here"
        case = (await zhao.get(f"/api/v1/cases/{number}")).json()
        assert (case["stage"], case["log"][-1]["actor"], case["log"][-1]["act"]) == ("reported", "generic", "resolved")


async def test_an_old_report_that_comes_late_changes_nothing(tmp_path: Path) -> None:
    """The network turned two messages round: the newer one stays."""
    async with linked_town.opened(tmp_path) as town:
        number = (await taken(town, hotline(state="handling", time="2026-11-18T09:34:00+08:00")))["case"]
        await taken(town, hotline())
        [ref] = (await (await town.person("zhao")).get(f"/api/v1/cases/{number}/refs")).json()
        assert ref["state"] == "handling"


async def test_what_other_systems_say_is_for_those_who_see_the_case(tmp_path: Path) -> None:
    """A handler of another unit is refused, and nobody reads without a login."""
    async with linked_town.opened(tmp_path) as town:
        number = (await taken(town, hotline()))["case"]
        ma = await town.person("ma")
        assert (await ma.get(f"/api/v1/cases/{number}/refs")).status_code == 403
        assert (await town.phone.get(f"/api/v1/cases/{number}/refs")).status_code == 401


async def test_markup_in_a_title_stays_text(tmp_path: Path) -> None:
    """It is kept as it was typed, and answered as JSON that no browser takes for a page."""
    async with linked_town.opened(tmp_path) as town:
        number = (await taken(town, hotline(title=HTML, text="<script>alert(2)</script>")))["case"]
        zhao = await town.person("zhao")
        shown = await zhao.get(f"/api/v1/cases/{number}")
        assert shown.json()["title"] == HTML
        assert shown.headers["content-type"].startswith("application/json")
        assert shown.headers["x-content-type-options"] == "nosniff"
        await zhao.post(f"/api/v1/cases/{number}/acts", json={"act": "file"})
        await zhao.post(f"/api/v1/cases/{number}/acts", json={"act": "dispatch", "unit": "tongan-ads"})
        seen = await town.phone.get(town.link(number))
        assert seen.json()["title"] == HTML
        assert seen.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.kind)
async def test_without_proof_nothing_is_filed(tmp_path: Path, sender: Sender) -> None:
    """A wrong secret and none at all are 401; the answer names no file of ours."""
    async with linked_town.opened(tmp_path) as town:
        wrong = await post(town, sender, sender.payload(1), secret=NEXT_SECRET)
        bare = await town.phone.post(f"/api/v1/hooks/{sender.kind}", content=sender.post(sender.payload(1))[1])
        assert (wrong.status_code, wrong.json()["code"]) == (401, "E-HOOKIN-003")
        assert (bare.status_code, bare.json()["code"]) == (401, "E-HOOKIN-002")
        assert ".yaml" not in wrong.text + bare.text
        assert await town.ledger.cases() == []


async def test_a_captured_message_is_worth_nothing_later(tmp_path: Path) -> None:
    """The same bytes six minutes on: 401. Alertmanager says no time; there the same alert is the same case."""
    async with linked_town.opened(tmp_path) as town:
        await taken(town, hotline())
        town.gate.wait(360.0)
        for sender in (GENERIC, GRAFANA):
            late = await post(town, sender, sender.payload(1))
            assert (late.status_code, late.json()["code"]) == (401, "E-HOOKIN-004")
        assert (await post(town, ALERTMANAGER, ALERTMANAGER.payload(1))).status_code == 200


async def test_a_hook_that_nobody_configured_is_not_there(tmp_path: Path) -> None:
    """404, whatever the proof."""
    async with linked_town.opened(tmp_path) as town:
        headers, body = GENERIC.post(hotline())
        missing = await town.phone.post("/api/v1/hooks/unknown", content=body, headers=headers)
        assert (missing.status_code, missing.json()["code"]) == (404, "E-HOOKIN-020")


async def test_a_large_body_is_refused_while_it_comes(tmp_path: Path) -> None:
    """One byte more than 256 KiB is 413; one that says 1 GB is answered before any of it has come."""
    async with linked_town.opened(tmp_path) as town:
        large = await post(town, GENERIC, b" " * (SIZE_MAX + 1))
        assert (large.status_code, large.json()["code"]) == (413, "E-HOOKIN-001")
        url = town.phone.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST /api/v1/hooks/generic HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 1000000000\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_a_list_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    """The third of three has no time: 400 names it, and the first two are no cases."""
    async with linked_town.opened(tmp_path) as town:
        sent = [hotline(key="a"), hotline(key="b"), hotline(key="c", time="yesterday")]
        refused = await post(town, GENERIC, sent)
        assert refused.status_code == 400
        assert "[2].time" in refused.json()["where"]
        assert await town.ledger.cases() == []
        assert [found["key"] for found in (await post(town, GENERIC, sent[:2])).json()] == ["a", "b"]


async def test_refusals_are_counted_and_put_on_record_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Fifty wrong messages: a line in the log, one in the audit log, fifty in the figures, until a right one comes."""
    async with linked_town.opened(tmp_path) as town:
        with caplog.at_level(logging.INFO, "cloud.reporting.hook_door"):
            for _ in range(50):
                await post(town, GENERIC, hotline(), secret=NEXT_SECRET)
            await taken(town, hotline())
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
        assert "after 50 refusals" in caplog.text
        [line] = await town.gate.lines(outcome="refused")
        assert (line.actor, line.act, line.via) == ("generic", "report.take", "token")
        assert "E-HOOKIN-003" in line.detail
        zhao = await town.person("zhao")
        states = {state["name"]: state for state in (await zhao.get("/api/v1/hooks")).json()}
        assert (states["generic"]["refused"], states["generic"]["taken"], states["grafana"]["taken"]) == (50, 1, 0)
        assert (await (await town.person("wu")).get("/api/v1/hooks")).status_code == 403


async def test_what_a_hook_files_is_audited(tmp_path: Path) -> None:
    """Who, by what, from where, and the keys."""
    async with linked_town.opened(tmp_path) as town:
        await taken(town, hotline())
        [line] = await town.gate.lines(act="report.take")
        assert (line.actor, line.via, line.address, line.outcome) == ("generic", "token", "127.0.0.1", "done")
        assert line.object == "generic: XM-2026-1118-0042"


async def test_the_senders_words_are_answered_in_its_order(tmp_path: Path) -> None:
    """A key that comes twice in one list is one case, answered twice."""
    async with linked_town.opened(tmp_path) as town:
        sent = [hotline(key="b"), hotline(key="a"), hotline(key="b", state="handling")]
        found = (await post(town, GENERIC, sent)).json()
        assert [one["key"] for one in found] == ["b", "a", "b"]
        assert found[0]["case"] == found[2]["case"] != found[1]["case"]


async def test_the_example_in_the_manual_works(tmp_path: Path) -> None:
    """The shell lines of docs/operate/reports-in.md, as other cities' programmers copy them, with openssl and curl."""
    [script] = re.findall(r"```sh\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    async with linked_town.opened(tmp_path, time.time_ns()) as town:
        script = script.replace("/hooks/hotline", "/hooks/generic")
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            env={**os.environ, "EGRET_URL": str(town.phone.base_url), "EGRET_HOTLINE_SECRET": SECRET},
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            said, _ = await shell.communicate()
        [answer] = msgspec.json.decode(said)
        [case] = await town.ledger.cases()
        assert answer == {"key": "XM-2026-0042", "case": case.number, "stage": "reported"}
        assert (case.title, case.longitude) == ("井盖缺失", 118.0894)


def test_the_manual_names_every_field_of_a_report() -> None:
    """A field that the generic hook takes stands in the table of docs/operate/reports-in.md."""
    manual = MANUAL.read_text(encoding="utf-8")
    assert [field for field in item() if f"`{field}`" not in manual] == []
