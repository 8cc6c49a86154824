"""The real API with a login, served over TCP: a maintainer, an operator, a handler and a viewer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import gatehouse
import httpx
import small_city
from gatehouse import PASSWORD, Gatehouse
from litestar import Router, get, post
from litestar.handlers import BaseRouteHandler

from cloud.access.accounts import NewUser
from cloud.access.actor import Right, Role
from cloud.access.gate import Gate
from cloud.alarms import AlarmsLane
from cloud.api import quarantine
from cloud.api.app import create_app
from cloud.api.doors import Doors, OnActor, needs
from cloud.api.server import serving
from cloud.cases.practice import Practice
from cloud.ingest import ReadingsLane
from cloud.ledger import Ledger
from cloud.listening import Http
from cloud.live import Live
from cloud.poison import PoisonFolder
from cloud.quarantine import Quarantine
from cloud.replay import Replay
from cloud.stores import embedded
from wire.inventory import Inventory

PEOPLE = {"zhao": Role.MAINTAINER, "chen": Role.HANDLER, "wu": Role.VIEWER}
"""And lin, an operator of Tong'an."""


@dataclass(slots=True)
class Town:
    """A served API, the gate behind it, its routes, and whoever is at the keyboard."""

    gate: Gatehouse
    client: httpx.AsyncClient
    routes: Sequence[tuple[str, BaseRouteHandler]]
    quarantine: Quarantine
    csrf: str = ""

    async def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """As a person does; `csrf` is theirs then."""
        answer = await self.client.post("api/v1/session", json={"name": name, "password": password})
        if answer.is_success:
            self.csrf = answer.json()["csrf"]
        return answer

    async def change(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As our own page does it."""
        return await self.client.request(method, f"api/v1/{path}", headers={"X-CSRF-Token": self.csrf}, **more)


@get("/who")
async def who(actor: OnActor) -> str:
    """A route that says nothing of what it needs."""
    return f"{actor.name} {actor.via} {actor.address}"


@post("/plain", status_code=200)
async def plain(actor: OnActor) -> str:
    """A change that says nothing of what it needs."""
    return actor.name


@post("/dispatch", status_code=200, guards=[needs(Right.DISPATCH)])
async def dispatch(actor: OnActor) -> str:
    """A change that says what it needs."""
    return actor.name


@post("/report", status_code=200, guards=[needs(Right.POST_REPORTS)])
async def report(actor: OnActor) -> str:
    """What a token for reports may do."""
    return actor.name


@asynccontextmanager
async def opened(folder: Path, http: Http, inventory: Inventory | None = None) -> AsyncIterator[Town]:
    """Of the small city or another. With the routes /t/who, /t/plain, /t/dispatch and /t/report beside its own."""
    inventory, live = inventory or small_city.inventory(folder), Live()
    extra = Router("/api/v1/t", route_handlers=[who, plain, dispatch, report])
    async with (
        gatehouse.opened(folder) as gate,
        Ledger(folder / "ledger.db", gate.now, Practice(inventory)) as ledger,
        embedded.open_store(embedded.Config(folder=str(folder))) as store,
    ):
        for name, role in PEOPLE.items():
            await gate.accounts.add(NewUser(name=name, role=role, password=PASSWORD), gatehouse.CONSOLE)
        found = Gate(gate.database, gate.now, gate.accounts, gate.logins, gate.tokens)
        aside = Quarantine(PoisonFolder(folder / "quarantine", gate.now))
        rest = {"quarantine": aside, "rng": Random(1)}
        readings = ReadingsLane(ledger=ledger, store=store, live=live, inventory=inventory, **rest)
        alarms = AlarmsLane(ledger=ledger, changed=live.wake, **rest)
        more = [extra, quarantine.router(aside, Replay(aside, lambda: readings, alarms))]
        app = create_app(ledger, store, live, inventory, gate.now, more, Doors(http, found))
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            routes = [(route.path, one) for route in app.routes for one in getattr(route, "route_handlers", [])]
            yield Town(gate, client, routes, aside)
