"""`egret bus read`: registers of a device, from the bytes on the wire to the value, step by step."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Unpack

import click

from edge.bus import Answer, Bus, opened
from edge.commands.bus_options import DeviceOptions, Target, one_device, say_json, target
from edge.commands.bus_sweep import everything, sweep
from edge.field import explain, notation
from edge.field.sweep import GAP_CODES
from edge.modbus_frame import Request, reading
from wire.errors import DeviceRefused
from wire.profile import READS_BITS, Block
from wire.registers import decode_block


@click.command()
@one_device
@click.argument("what", nargs=-1)
@click.option("--fc", "function", type=click.IntRange(1, 4), help="Function code; every number is an address then.")
@click.option("--count", type=click.IntRange(1, 125), default=1, show_default=True, help="How many, from there on.")
def read(
    *,
    what: tuple[str, ...],
    function: int | None,
    count: int,
    as_json: bool,
    **named: Unpack[DeviceOptions],
) -> None:
    """Read registers, or with --profile whole blocks, and show every step from bytes to value.

    Without WHAT and --profile every holding and input register 0 to 511 is asked for, and what answers is shown as a
    table; it takes up to a minute, and Ctrl-C keeps what was found. A range with gaps is shown so, too. Nothing
    but functions 3 and 4 is sent, yet a counter that is cleared by reading is cleared.

    WHAT is a protocol address (0x3D or 61, counted from 0), a Modicon number (40062, 30001), or with --profile the
    name of a block; without it, all blocks. A number from a manual may mean either: all its notations are shown.

    Example: egret bus read --unit 7

    Example: egret bus read --unit 0x50 0x3D --count 2

    Example: egret bus read --profile witmotion-wt901c-485
    """
    device = target(**named)
    asyncio.run(_read(device, _questions(device, what, function, count), function, as_json=as_json))


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


async def _read(device: Target, questions: Sequence[_Question], function: int | None, *, as_json: bool) -> None:
    """Without questions all that there is, with `function` only of its kind."""
    with opened(device.port, device.settings) as bus:
        if not questions:
            await sweep(bus, device, everything(function), as_json=as_json)
        for question in questions:
            try:
                answer = await _answer(bus, device, question)
            except DeviceRefused as error:
                request = question.request
                has_gaps = request.count > 1 and error.exception_code in GAP_CODES
                if question.block or not has_gaps or request.function in READS_BITS:
                    raise
                there = range(request.address, request.address + request.count)
                await sweep(bus, device, {request.function: there}, as_json=as_json)
                continue
            if as_json:
                _say_json(device, question, answer)
            else:
                _say(device, question, answer)


async def _answer(bus: Bus, device: Target, question: _Question) -> Answer:
    if question.block:
        return await bus.read(device.unit, question.block, device.timing)
    return await bus.ask(question.request, device.timing)


def _say(device: Target, question: _Question, answer: Answer) -> None:
    for line in explain.exchange(question.request, answer):
        click.echo(line)
    if question.block and device.profile:
        for line in explain.points(device.profile, question.block, answer.numbers):
            click.echo(line)
    else:
        for line in explain.registers(question.request, answer.numbers):
            click.echo(line)


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
