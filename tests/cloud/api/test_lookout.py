"""What the cloud has noticed of its boxes: as JSON, as numbers, and in a few words."""

import asyncio
from pathlib import Path

import guarded_town
import httpx
import small_city
from city_authority import CityAuthority
from click.testing import CliRunner
from litestar import Router, get

from cloud.admission import Overruns
from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.certificate_watch import CertificateWatch
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.lookout import Lookout
from cloud.stores import embedded
from wire.broker import Broker
from wire.main import root

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
"""18 November 2026."""


@get("/api/v1/quarantine")
async def quarantine() -> list[str]:
    """Empty; `egret cloud status` asks for it, too."""
    return []


async def test_a_box_that_floods_and_a_certificate_that_ends_are_said(tmp_path: Path) -> None:
    """Two messages of one box were let go; its certificate ends in 12 days: JSON, metrics, words."""
    authority = CityAuthority(tmp_path)
    authority.issue("XM-TA-01", ends="20261201000000Z")
    overruns = Overruns(lambda: NOW_NS)
    for _ in range(2):
        overruns.add("XM-TA-01", "readings")
    watch = CertificateWatch(Broker("127.0.0.1", 1883), authority.folder, ["XM-TA-01"], lambda: NOW_NS)
    await watch.look()
    city = small_city.inventory(tmp_path)
    store = embedded.open_store(embedded.Config(folder=str(tmp_path)))
    more, noticed = [Router("/", route_handlers=[quarantine])], Lookout(overruns, watch)
    async with Ledger(tmp_path / "ledger.db", lambda: NOW_NS, Practice(city)) as ledger, store:
        app = create_app(ledger, store, Live(), city, lambda: NOW_NS, more, noticed=noticed)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            seen = (await client.get("api/v1/lookout")).json()
            numbers = (await client.get("metrics")).text
            words = ("cloud", "status", "--url", f"{url}api/v1")
            said = (await asyncio.to_thread(CliRunner().invoke, root, words)).stdout
    [overrun], [end] = seen["overruns"], seen["certificates"]
    assert (overrun["box"], overrun["what"], overrun["messages"]) == ("XM-TA-01", "readings", 2)
    assert (end["of"], end["name"]) == ("box", "XM-TA-01")
    assert 'egret_messages_let_go{lane="readings"} 2.0' in numbers
    assert 'egret_certificate_days{of="box"} 12.0' in numbers
    assert "certificate box XM-TA-01: its certificate ends in 12 days" in said
    assert "box XM-TA-01 sent more for readings than the allowance: 2 messages were let go" in said


async def test_it_is_a_maintainers(tmp_path: Path) -> None:
    """An operator does not see it."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        await town.log_in("lin")
        assert (await town.client.get("api/v1/lookout")).status_code == 403
        await town.log_in("zhao")
        assert (await town.client.get("api/v1/lookout")).json() == {"overruns": [], "certificates": [], "leases": []}
