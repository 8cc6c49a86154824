"""`egret bus read`: registers of a device, from the bytes on the wire to the value, step by step."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Unpack

import click

from edge.bus import Answer, Bus, opened
from edge.commands.bus_options import HOST, LANG, DeviceOptions, Target, one_device, say_json, target, words_of
from edge.commands.bus_sweep import everything, sweep
from edge.field import explain, notation
from edge.field.reach import host_and_port
from edge.field.sweep import GAP_CODES
from edge.field.words import Words
from edge.modbus_frame import Request, reading
from edge.tcp_bus import TcpBus, connected
from wire.errors import DeviceRefused, SourceTimeout
from wire.profile import READS_BITS, Block
from wire.registers import decode_block


@click.command()
@one_device
@HOST
@click.argument("what", nargs=-1)
@click.option("--fc", "function", type=click.IntRange(1, 4), help="Function code; every number is an address then.")
@click.option("--count", type=click.IntRange(1, 125), default=1, show_default=True, help="How many, from there on.")
@LANG
def read(
    *,
    what: tuple[str, ...],
    function: int | None,
    count: int,
    host: str,
    lang: str,
    as_json: bool,
    **named: Unpack[DeviceOptions],
) -> None:
    """Read registers, or with --profile whole blocks, and show every step from bytes to value.

    Without WHAT and --profile every holding and input register 0 to 511 is asked for, and what answers is shown as a
    table; it takes a minute, or two with one that keeps silent where it has none, and Ctrl-C keeps what was found. A
    range with gaps is shown so, too. Only functions 3 and 4 are sent, yet a counter cleared by reading is cleared.

    WHAT is a protocol address (0x3D or 61, counted from 0), a Modicon number (40062, 30001), or with --profile the
    name of a block; without it, all blocks. A number from a manual may mean either: all its notations are shown.

    Example: egret bus read --unit 7

    Example: egret bus read --unit 0x50 0x3D --count 2

    Example: egret bus read --profile witmotion-wt901c-485

    Example: egret bus read --host 192.168.1.40 --unit 1 40001 --count 8
    """
    device = target(**named, host=host)
    reader = _Reader(device=device, words=words_of(lang, as_json=as_json), as_json=as_json)
    asyncio.run(reader.read(_questions(device, what, function, count), function))


@dataclasses.dataclass(frozen=True, slots=True)
class _Question:
    request: Request
    block: Block | None


def _questions(device: Target, what: Sequence[str], function: int | None, count: int) -> list[_Question]:
    blocks = device.profile.blocks if device.profile else {}
    chosen = what or tuple(blocks)
    if not chosen and function in READS_BITS:
        raise click.UsageError("say which bits to read: an address such as 0x3D.")
    return [
        _Question(reading(device.unit, blocks[word]), blocks[word])
        if word in blocks
        else _Question(_request(device, word, function, count), None)
        for word in chosen
    ]


def _request(device: Target, word: str, function: int | None, count: int) -> Request:
    try:
        place = notation.parse(word, function)
    except ValueError as error:
        known = f", or a block of the profile: {', '.join(device.profile.blocks)}" if device.profile else ""
        raise click.UsageError(f"{word!r} is no address: write {error}{known}.") from error
    return Request(device.unit, place.function, place.address, count)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Asks one device, and shows what it answers."""

    device: Target
    words: Words
    as_json: bool

    async def read(self, questions: Sequence[_Question], function: int | None) -> None:
        """Without questions all that there is, with `function` only of its kind."""
        async with _line(self.device) as bus:
            if not questions:
                await self._sweep(bus, everything(function))
            for question in questions:
                try:
                    answer = await self._answer(bus, question)
                except (DeviceRefused, SourceTimeout) as error:
                    if not _may_have_gaps(question, error):
                        raise
                    request = question.request
                    await self._sweep(bus, {request.function: range(request.address, request.address + request.count)})
                    continue
                if self.as_json:
                    _say_json(self.device, question, answer)
                else:
                    self._say(question, answer)

    async def _sweep(self, bus: Bus | TcpBus, asked: Mapping[int, range]) -> None:
        await sweep(bus, self.device, asked, self.words, as_json=self.as_json)

    async def _answer(self, bus: Bus | TcpBus, question: _Question) -> Answer:
        if question.block:
            return await bus.read(self.device.unit, question.block, self.device.timing)
        return await bus.ask(question.request, self.device.timing)

    def _say(self, question: _Question, answer: Answer) -> None:
        proof = "read.number" if self.device.host else "read.crc"
        lines = explain.exchange(question.request, answer, self.words, proof)
        if question.block and self.device.profile:
            shown = explain.points(self.device.profile, question.block, answer.numbers, self.words)
        else:
            shown = explain.registers(question.request, answer.numbers, self.words)
        for line in (*lines, *shown):
            click.echo(line)


@asynccontextmanager
async def _line(device: Target) -> AsyncIterator[Bus | TcpBus]:
    """Its line, while it is open. Raises ConfigError, PortBusy, SourceError."""
    if device.host:
        async with connected(*host_and_port(device.host)) as tcp:
            yield tcp
    else:
        with opened(device.port, device.settings) as bus:
            yield bus


def _may_have_gaps(question: _Question, error: DeviceRefused | SourceTimeout) -> bool:
    """Is it a range in which a register may be missing? Some devices refuse that, others keep silent."""
    request = question.request
    if question.block or request.count == 1 or request.function in READS_BITS:
        return False
    return isinstance(error, SourceTimeout) or error.exception_code in GAP_CODES


def _say_json(device: Target, question: _Question, answer: Answer) -> None:
    values = (
        decode_block(device.profile, question.block.name, answer.numbers) if question.block and device.profile else {}
    )
    say_json(
        "egret.bus.read/1",
        {
            "unit": device.unit,
            "function": question.request.function,
            "address": question.request.address,
            "request": answer.request.hex(),
            "reply": answer.reply.hex(),
            "registers": answer.numbers,
            "took_s": round(answer.took_s, 4),
            "values": values,
        },
    )
