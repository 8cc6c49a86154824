"""The filing check over HTTP, on a real store and ledger."""

import hashlib
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import approved_site
import httpx
import pytest
import small_city
from approved_site import BOX, END_NS, NOW_NS, SENSOR, SITE

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.compliance.presence import INTERVAL_NS, WINDOW_NS
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.ports import Batch, Column
from cloud.stores import embedded
from wire.inventory import Inventory
from wire.receipt import BoxStatus

COUNT = WINDOW_NS // INTERVAL_NS


def month(city: Inventory) -> Batch:
    """Tilt and temperature every 10 min for 30 days, 4320 readings each."""
    times = tuple(END_NS - at * INTERVAL_NS for at in range(COUNT, 0, -1))
    tags = city.tags(SENSOR, BOX)
    columns = tuple(Column(tags, name, times, (0.1,) * COUNT, (0,) * COUNT) for name in ("tilt", "temperature"))
    return Batch(BOX, "spool-1", 1, 2 * COUNT, columns)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A city in which one billboard was online for a month, and the others have no papers."""
    city = approved_site.inventory(tmp_path)
    live = Live()
    async with (
        Ledger(tmp_path / "ledger.db", lambda: NOW_NS, Practice(city)) as ledger,
        embedded.open_store(embedded.Config(folder=str(tmp_path))) as store,
    ):
        await store.write([month(city)])
        await ledger.save_status(BoxStatus(BOX, online=True, time_ns=NOW_NS, boot="b", version="0.1.0"))
        await ledger.take_alarms(small_city.lean(1, NOW_NS))
        app = create_app(ledger, store, live, city, lambda: NOW_NS)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield client


async def test_compliance_says_what_was_found(client: httpx.AsyncClient) -> None:
    """A month of readings is 4320 of 4320 intervals; the red case that is open is a remark and no requirement."""
    answer = await client.get(f"api/v1/installations/{SITE}/compliance")
    judged = answer.json()
    assert (answer.status_code, judged["is_compliant"], judged["failed"]) == (200, True, [])
    assert judged["valid_until"] == date(2027, 3, 14).isoformat()
    assert (judged["sensors"][0]["present"], judged["sensors"][0]["intervals"]) == (4_320, 4_320)
    assert [remark["en"].startswith("open case") for remark in judged["remarks"]] == [True]
    assert answer.headers["vary"] == "Accept"


async def test_remarks_are_of_the_site_wherever_its_alarm_is(client: httpx.AsyncClient) -> None:
    """Its lean is a part of a case of another site; a drill's case of its own is told as one; others are not told."""
    [lean] = (await client.get("api/v1/cases")).json()
    filed = {"title": "两块屏幕倾斜", "level": "red", "site": "XM-SM-0001"}
    whole = (await client.post("api/v1/cases", json=filed)).json()["number"]
    await client.post("api/v1/cases", json=filed)
    merged = await client.post(f"api/v1/cases/{lean['number']}/acts", json={"act": "merge", "into": whole})
    assert merged.status_code == 200
    await client.post("api/v1/modes", json={"mode": "watch", "reason": "演练", "is_drill": True})
    drill = (await client.post("api/v1/cases", json={**filed, "title": "演习", "site": SITE})).json()["number"]
    remarks = (await client.get(f"api/v1/installations/{SITE}/compliance")).json()["remarks"]
    assert [remark["en"] for remark in remarks] == [
        f"open case {drill} (red, drill): 演习",
        f"open case {whole} (red): 两块屏幕倾斜",
    ]
    assert remarks[0]["zh"] == f"未结案卷 {drill}，red，演练：演习"


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("?format=html", "application/json", "text/html"),
        ("?format=json", "text/html", "application/json"),
        ("", "*/*", "application/json"),
        ("", "image/png", "application/json"),
    ],
)
async def test_who_asks_for_a_page_gets_the_certificate(
    client: httpx.AsyncClient, query: str, accept: str, kind: str
) -> None:
    """A browser sees the certificate, a program JSON, and `format` decides before Accept."""
    answer = await client.get(f"api/v1/installations/{SITE}/compliance{query}", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


async def test_page_has_a_policy_of_its_own(client: httpx.AsyncClient) -> None:
    """Its style runs by its hash; the board's policy, which would block it, does not replace it."""
    answer = await client.get(f"api/v1/installations/{SITE}/compliance?format=html")
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "DEMONSTRATION 演示" in answer.text


async def test_json_hashes_to_the_check_code_of_the_page(client: httpx.AsyncClient) -> None:
    """Asked at the same moment, `curl … | sha256sum` is the code on paper."""
    document = await client.get(f"api/v1/installations/{SITE}/compliance")
    page = await client.get(f"api/v1/installations/{SITE}/compliance?format=html")
    assert hashlib.sha256(document.content).hexdigest() in page.text


async def get(client: httpx.AsyncClient, **query: Any) -> Any:
    """A page of the list."""
    answer = await client.get("api/v1/installations", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_list_is_paged_by_site(client: httpx.AsyncClient) -> None:
    """Four sites in the order of their ids; one is in order, the others say what is missing."""
    whole = await get(client)
    assert [row["site"] for row in whole] == ["XM-SM-0001", "XM-SM-0002", "XM-SM-G01", "XM-TA-0117"]
    assert [row["is_compliant"] for row in whole] == [False, False, False, True]
    assert whole[0]["failed"] == ["commissioned", "calibrated", "measured", "online", "contact", "uplink"]
    first = await get(client, limit=3)
    assert first + await get(client, limit=3, after=first[-1]["site"]) == whole


async def test_unknown_site_is_named(client: httpx.AsyncClient) -> None:
    """A problem that says where the ids are."""
    answer = await client.get("api/v1/installations/XM-TA-0118/compliance")
    assert (answer.status_code, answer.json()["code"]) == (404, "E-SITE-001")
    assert "/api/v1/city" in answer.json()["fix"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x"])
async def test_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """1 to 100 sites a page."""
    answer = await client.get(f"api/v1/installations?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "E-API-005")


async def test_openapi_says_that_there_is_a_page(client: httpx.AsyncClient) -> None:
    """Both forms of the answer are in the document."""
    document = (await client.get("api/v1/openapi.json")).json()
    route = document["paths"]["/api/v1/installations/{site}/compliance"]["get"]
    assert set(route["responses"]["200"]["content"]) == {"application/json", "text/html"}
