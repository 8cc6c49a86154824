"""How another terminal reaches the running demonstration: one JSON line each way on a Unix socket."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from wire.errors import EgretError

_SOCKET = "control.sock"


class Order(msgspec.Struct, frozen=True):
    """What to do to the world. `seconds` 0 means until told otherwise."""

    verb: Literal["tilt", "cut-link", "typhoon", "calm"]
    target: str = ""
    degrees: float = 0.0
    seconds: float = 0.0


class Answer(msgspec.Struct, frozen=True):
    """What was done, or what is wrong and how to fix it."""

    said: str
    is_done: bool = True
    fix: str = ""


class Control:
    """Takes orders for as long as it is entered."""

    def __init__(self, folder: Path, obey: Callable[[Order], Awaitable[Answer]]) -> None:
        """`obey` carries out one order."""
        self._path, self._obey = _path(folder), obey
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen; only the user who started the demonstration may connect."""
        Path(self._path).unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        Path(self._path).chmod(0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()
        Path(self._path).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            order = msgspec.json.decode(await reader.readline(), type=Order)
            answer = await self._obey(order)
        except msgspec.MsgspecError as error:
            answer = Answer(f"no order: {error}", is_done=False, fix="use `egret demo --help`.")
        writer.write(msgspec.json.encode(answer) + b"\n")
        await writer.drain()
        writer.close()


async def tell(folder: Path, order: Order) -> Answer:
    """Give an order to the demonstration that runs in `folder`. Raises EgretError when there is none."""
    try:
        reader, writer = await asyncio.open_unix_connection(_path(folder))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise EgretError(
            "no demonstration is running here.",
            where=str(folder),
            fix="start one with scripts/demo, in the same folder, or name its folder with --data.",
            code="E-DEMO-003",
        ) from error
    writer.write(msgspec.json.encode(order) + b"\n")
    answer = msgspec.json.decode(await reader.readline(), type=Answer)
    writer.close()
    return answer


def _path(folder: Path) -> str:
    """The shorter of the relative and the absolute path: a socket's path may have 107 bytes."""
    socket = folder.resolve() / _SOCKET
    return min(str(socket), os.path.relpath(socket), key=len)
