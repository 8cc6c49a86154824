"""The demonstration's eye on the cloud: only what its public API says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

import httpx
import msgspec

T = TypeVar("T")


class CaseSeen(msgspec.Struct, frozen=True):
    """What the demonstration needs of a case."""

    number: str
    site: str
    alarm: str
    opened_ns: int


class StoredPoint(msgspec.Struct, frozen=True):
    """One reading as the store holds it."""

    time_ns: int
    value: float | None
    quality: int


class CloudView:
    """A client of `/api/v1`."""

    def __init__(self, url: str) -> None:
        """`url` is the board's address."""
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=30, trust_env=False)

    async def __aenter__(self) -> Self:
        """Connections are made when needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._http.aclose()

    async def is_up(self) -> bool:
        """Does the API answer?"""
        try:
            return (await self._http.get("/health")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def boxes_online(self) -> set[str]:
        """The boxes that report themselves online."""
        state = (await self._http.get("/state")).raise_for_status().json()
        return {box["box"] for box in state["boxes"] if box["online"]}

    async def cases(self) -> list[CaseSeen]:
        """Every case."""
        return await self._list("/cases", CaseSeen)

    async def alarm_count(self) -> int:
        """Alarms that are not normal."""
        return len(await self._list("/alarms", msgspec.Raw))

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int) -> list[StoredPoint]:
        """All readings of one series, oldest first."""
        found: list[StoredPoint] = []
        page = 10_000
        while True:
            query: dict[str, str | int] = {
                "sensor": sensor,
                "quantity": quantity,
                "start": start_ns,
                "end": end_ns,
                "limit": page,
            }
            points = await self._list("/readings", StoredPoint, query)
            found += points
            if len(points) < page:
                return found
            start_ns = points[-1].time_ns + 1

    async def count(self, start_ns: int, end_ns: int) -> int:
        """Readings stored, of all sensors."""
        answer = await self._http.get("/count", params={"start": start_ns, "end": end_ns})
        return int(answer.raise_for_status().json()["count"])

    async def cases_opening(self) -> AsyncIterator[CaseSeen]:
        """Cases as the event stream announces them, reconnecting as a browser does."""
        last = "0"
        while True:
            with suppress(httpx.TransportError):
                async for kind, number, data in self._events_after(last):
                    last = number or last
                    if kind == "case":
                        yield msgspec.json.decode(data, type=CaseSeen)
            await asyncio.sleep(0.2)

    async def _events_after(self, last: str) -> AsyncIterator[tuple[str, str, str]]:
        """Kind, id and data of each server-sent event, until the connection ends."""
        fields: dict[str, str] = {}
        async with self._http.stream("GET", "/events", headers={"Last-Event-ID": last}, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields:
                    yield fields.get("event", ""), fields.get("id", ""), fields["data"]
                    fields = {}

    async def _list(self, path: str, kind: type[T], query: dict[str, str | int] | None = None) -> list[T]:
        answer = (await self._http.get(path, params=query)).raise_for_status()
        return msgspec.json.decode(answer.content, type=list[kind])  # type: ignore[valid-type]
