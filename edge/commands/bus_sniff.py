"""`egret bus sniff`: what others say on a line, without saying anything."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import click

from edge.bus import opened
from edge.commands.bus_options import FRAME, JSON, PORT, Whole, say_json
from edge.field import ports, scan
from edge.field import sniff as sniffing
from edge.serial_port import SerialPort, SerialSettings
from wire.errors import SourceTimeout

_TRY_S = 2.0
"""How long one rate is tried."""
_SILENCE_MIN_S = 0.02
"""Adapters hand on what they have gathered for up to 16 ms, so less than that is no silence."""


@click.command()
@PORT
@click.option("--baud", type=Whole(300, 921_600), help="By default all usual rates are tried, 2 s each.")
@FRAME
@click.option("--for", "for_s", type=click.FloatRange(min=0), help="Seconds; by default until Ctrl-C.")
@JSON
def sniff(*, port: Path | None, baud: int | None, frame: str | None, for_s: float | None, as_json: bool) -> None:
    """Listen to a line that another client uses, and say frame by frame what is asked and answered.

    The adapter must hear both directions: a second one on the same pair of wires. Nothing is sent.

    Example: egret bus sniff --port /dev/ttyUSB1 --baud 9600
    """
    path = port or Path(ports.the_only(ports.found()))
    asyncio.run(_Ear(path, frame or "8N1", as_json=as_json).listen(baud, for_s))


class _Ear:
    def __init__(self, path: Path, frame: str, *, as_json: bool) -> None:
        self._path, self._frame, self._as_json = path, frame, as_json
        self._counts = Counter[str]()
        self._began = time.monotonic()

    async def listen(self, baud: int | None, for_s: float | None) -> None:
        """Raises SourceError, and SourceTimeout when nothing at all was heard."""
        with opened(self._path, SerialSettings(baud or scan.BAUDS[0], self._frame)) as bus:
            try:
                async with asyncio.timeout(for_s):
                    await self._find_rate(bus.port, (baud,) if baud else scan.BAUDS)
                    while True:
                        await self._burst(bus.port, asyncio.get_running_loop().time() + _TRY_S)
            except TimeoutError:
                pass
            finally:
                said = f"{self._counts['frames']} frames, {self._counts['strays']} bytes that are none"
                click.echo(f"{self._path}: {said}", err=True)
        if not self._counts:
            raise SourceTimeout(
                "nothing was heard.",
                where=f"port {self._path}",
                fix="check that another client talks on this line, and that A and B are not swapped.",
                code="E-BUS-027",
            )

    async def _find_rate(self, port: SerialPort, bauds: tuple[int, ...]) -> None:
        """Stays at the first rate at which something with a right CRC is heard; else at the last."""
        for baud in bauds:
            if port.settings.baud != baud:
                port.reset(SerialSettings(baud, self._frame))
            until = asyncio.get_running_loop().time() + _TRY_S
            while len(bauds) > 1 and asyncio.get_running_loop().time() < until:
                if await self._burst(port, until):
                    click.echo(f"{self._path}: {baud} baud", err=True)
                    return

    async def _burst(self, port: SerialPort, until: float) -> bool:
        """What comes until the line falls silent. Was there a frame in it?"""
        octets = await port.receive(until)
        while octets:
            silence_s = max(port.settings.silence_s, _SILENCE_MIN_S)
            more = await port.receive(asyncio.get_running_loop().time() + silence_s)
            if not more:
                break
            octets += more
        found = list(sniffing.pieces(octets))
        for piece in found:
            self._say(piece)
        return any(piece.is_frame for piece in found)

    def _say(self, piece: sniffing.Piece) -> None:
        self._counts["frames" if piece.is_frame else "strays"] += 1 if piece.is_frame else len(piece.octets)
        at_s = time.monotonic() - self._began
        if self._as_json:
            fields = {"at_s": round(at_s, 3), "bytes": piece.octets.hex(), "is_frame": piece.is_frame}
            say_json("egret.bus.heard/1", fields | {"said": piece.said})
            return
        click.echo(f"{at_s:9.3f}  {piece.said:<52}  {piece.octets.hex(' ').upper()}")
