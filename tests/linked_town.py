"""The real API with a login, photos, signed links and hooks, over TCP: two units, and a phone without a login."""

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gatehouse
import hook_senders
import httpx
import servers
import small_city
from gatehouse import PASSWORD, Gatehouse
from PIL import ExifTags, Image

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.access.gate import Gate
from cloud.api import handovers, hooks, links, photos
from cloud.api.app import create_app
from cloud.api.doors import Doors
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.city import city_rules
from cloud.city.city_rules import CityRules
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.notices.action_links import NONCE_BYTES, SECRET_BYTES, ActionLinks
from cloud.photos import PhotoFolder
from cloud.reporting.hook_door import HookDoor
from cloud.stores import embedded
from wire.located import Mistakes, parse

GROUP = "group"
"""The one target of notices."""
HOUR_NS = 3600 * 10**9
RULES = """
units:
  command-centre: {name: 市指挥中心}
  tongan-ads: {name: 同安区城管局广告科, district: tongan, people: {lin: {name: 林工}}}
  siming-ads: {name: 思明区城管局广告科, district: siming, people: {ma: {name: 马工}}}
command_centre: command-centre
routing:
  - {district: tongan, unit: tongan-ads}
  - {district: siming, unit: siming-ads}
"""
PEOPLE = {
    "zhao": NewUser(name="zhao", role=Role.MAINTAINER, password=PASSWORD),
    "wu": NewUser(name="wu", role=Role.VIEWER, password=PASSWORD),
    "chen": NewUser(name="chen", role=Role.HANDLER, units=("tongan-ads",), password=PASSWORD),
    "ma": NewUser(name="ma", role=Role.HANDLER, units=("siming-ads",), password=PASSWORD),
}
XIAMEN = {1: "N", 2: (24.0, 43.0, 37.92), 3: "E", 4: (118.0, 8.0, 31.92)}
"""24.7272° N, 118.1422° E: the billboard XM-TA-0117."""


def rules() -> CityRules:
    """Two units, each of a district."""
    mistakes = Mistakes()
    found = city_rules.read(parse(RULES, "cloud.yaml", mistakes))
    mistakes.raise_any()
    return found


def photo(colour: str = "red") -> bytes:
    """A phone's JPEG of 640 × 480, taken at the billboard."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SECRETPHONE"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(XIAMEN)
    file = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(file, "JPEG", exif=exif)
    return file.getvalue()


JPEG = {"Content-Type": "image/jpeg"}


@dataclass(slots=True)
class Town:
    """A served API, and what is behind it. `phone` has no login."""

    gate: Gatehouse
    ledger: Ledger
    links: ActionLinks
    doors: dict[str, HookDoor]
    phone: httpx.AsyncClient
    folder: Path
    stack: AsyncExitStack
    nonces: list[bytes] = field(default_factory=list)

    async def person(self, name: str) -> httpx.AsyncClient:
        """A browser in which somebody has logged in."""
        client = httpx.AsyncClient(base_url=self.phone.base_url, timeout=30, trust_env=False)
        await self.stack.enter_async_context(client)
        answer = await client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.raise_for_status().json()["csrf"]
        return client

    async def lean(self, sequence: int = 1) -> str:
        """The billboard of Tong'an leans; the number of its case."""
        await self.ledger.take_alarms(small_city.lean(sequence, self.gate.now()))
        [case] = await self.ledger.cases()
        return case.number

    async def file(self, client: httpx.AsyncClient, site: str, title: str = "路灯倾斜") -> str:
        """A person files a case; its number."""
        filed = await client.post("/api/v1/cases", json={"title": title, "level": "yellow", "site": site})
        number: str = filed.raise_for_status().json()["number"]
        return number

    def link(self, number: str, recipient: str = "tongan-ads") -> str:
        """The address of the link's API, open for a day."""
        self.nonces.append(len(self.nonces).to_bytes(NONCE_BYTES, "big"))
        url = self.links.issue(number, recipient, self.gate.now() + 24 * HOUR_NS, self.nonces[-1])
        return "/api/v1/links/" + url.rpartition("/l/")[2]

    async def act(self, link: str, act: str, **more: Any) -> httpx.Response:
        """A button of the page."""
        return await self.phone.post(f"{link}/acts", json={"act": act, **more})


@asynccontextmanager
async def opened(folder: Path, at_ns: int = hook_senders.NOW_NS) -> AsyncIterator[Town]:
    """A small city in which nothing has happened yet; its clock is the gate's."""
    inventory, live = small_city.inventory(folder), Live()
    url = f"http://127.0.0.1:{(port := servers.free_port())}"
    action_links, pictures = ActionLinks([bytes(SECRET_BYTES)], url), PhotoFolder(folder / "photos")
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(gatehouse.opened(folder))
        gate.at_ns = at_ns
        practice = Practice(inventory, rules())
        ledger = await stack.enter_async_context(Ledger(folder / "ledger.db", gate.now, practice, [GROUP]))
        store = await stack.enter_async_context(embedded.open_store(embedded.Config(folder=str(folder))))
        for user in PEOPLE.values():
            await gate.accounts.add(user, gatehouse.CONSOLE)
        doors = {
            sender.kind: HookDoor(sender.kind, sender.kind, sender.hook(hook_senders.SECRET, folder), gate.now)
            for sender in hook_senders.SENDERS
        }
        more = [
            photos.router(pictures),
            *handovers.routers(pictures),
            links.router(action_links, pictures),
            links.pages(),
            hooks.router(doors, live.wake),
        ]
        found = Gate(gate.database, gate.now, gate.accounts, gate.logins, gate.tokens)
        app = create_app(ledger, store, live, inventory, gate.now, more, Doors(Http(), found))
        await stack.enter_async_context(serving(app, port=port))
        phone = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
        await stack.enter_async_context(phone)
        yield Town(gate, ledger, action_links, doors, phone, folder, stack)
