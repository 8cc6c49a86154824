"""`egret bus live`: what a device measures now, how much it varies, and how well the line works."""

import asyncio
from typing import Unpack

import click

from edge.bus import Bus, opened
from edge.commands.bus_options import LANG, DeviceOptions, Target, heard, one_device, say_json, shown_by, target
from edge.commands.live_table import LiveTable, in_json
from edge.field.identify import Identifier
from edge.field.watch import Watch
from edge.field.words import Words
from edge.query_bus import QueryBus
from edge.serial_port import SerialPort
from wire.errors import CheckFailed, DeviceRefused, FrameError, SourceTimeout
from wire.fields import stream_of
from wire.messages import is_asked_for
from wire.profile import Profile

_SHOW_EVERY_S = 1.0


@click.command()
@one_device
@click.option("--every-ms", type=click.IntRange(min=1), help="By default as fast as the model allows.")
@click.option("--for", "for_s", type=click.FloatRange(min=0), help="Seconds; by default until Ctrl-C.")
@LANG
def live(
    *,
    every_ms: int | None,
    for_s: float | None,
    lang: str,
    as_json: bool,
    **named: Unpack[DeviceOptions],
) -> None:
    """Show a device's values once a second: last, mean and standard deviation, round trip, damaged and lost replies.

    Without --profile the model is identified first; without --unit, too, the line is listened to, and who speaks by
    itself is shown message by message. Exit code 3 when no reply or message was good.

    Example: egret bus live --unit 0x50 --for 60
    """
    device = target(**named, is_modbus=False)
    asyncio.run(_live(device, every_ms, for_s, Words(lang), as_json=as_json))


async def _live(device: Target, every_ms: int | None, for_s: float | None, words: Words, *, as_json: bool) -> None:
    with opened(device.port, device.settings) as bus:
        profile = device.profile or await _identified(bus, device)
        watch = Watch(profile)
        screen = _Screen(f"{profile.title}, {device.where}", words, as_json=as_json)
        showing = asyncio.create_task(_show(watch, screen))
        try:
            async with asyncio.timeout(for_s):
                if device.speaks:
                    await _listen(bus.port, watch)
                else:
                    await _poll(bus, device.unit, watch, every_ms / 1000 if every_ms else profile.timing.min_poll_s)
        except TimeoutError:
            screen.show(watch)
        finally:
            showing.cancel()
    if watch.polls == watch.failures.total():
        what, fix = _nothing(watch)
        raise SourceTimeout(what, where=device.where, fix=fix, code="E-BUS-028")


def _nothing(watch: Watch) -> tuple[str, str]:
    """What happened where nothing good came, and what to do."""
    last = watch.last_failure
    if last:
        return f"none of {watch.polls} polls was answered: {last.what}", last.fix
    if watch.speaks:
        what = f"nothing was heard but {watch.dropped} bytes that are no message of it."
        return what, "`egret bus identify` names who it is; `--baud`" if watch.dropped else "wait longer"
    return "nothing was asked yet.", "wait longer"


async def _identified(bus: Bus, device: Target) -> Profile:
    if device.speaks:
        matches = await heard(bus.port, device)
    else:
        matches = await Identifier(bus, device.unit).among(device.library)
    if not matches:
        raise CheckFailed(
            "it is no model of the library.",
            where=device.where,
            fix=f"{shown_by(device)} shows what it says.",
            code="E-BUS-026",
        )
    return matches[0].profile


async def _poll(bus: Bus, unit: int, watch: Watch, every_s: float) -> None:
    loop = asyncio.get_running_loop()
    profile, query = watch.profile, QueryBus(bus.port, watch.profile)
    asked = [name for name, shape in profile.messages.items() if is_asked_for(shape)]
    due = loop.time()
    while True:
        for name in (*profile.blocks, *asked):
            try:
                if name in profile.blocks:
                    answer = await bus.read(unit, profile.blocks[name], profile.timing)
                else:
                    answer = await query.read(unit, name, profile.timing)
            except (SourceTimeout, FrameError, DeviceRefused) as error:
                watch.failed(error)
            else:
                watch.answered(name, answer.numbers or answer.reply, answer.took_s)
        due = max(due + every_s, loop.time())
        await asyncio.sleep(due - loop.time())


async def _listen(port: SerialPort, watch: Watch) -> None:
    loop, stream = asyncio.get_running_loop(), stream_of(watch.profile)
    read = {point.block for point in watch.profile.points}
    came_at = loop.time()
    while True:
        octets = await port.receive(loop.time() + _SHOW_EVERY_S)
        if octets and loop.time() - came_at > watch.profile.timing.silence_s:
            stream.forget()  # two halves with a silence between them are no message
        came_at = loop.time() if octets else came_at
        for message in stream.feed(octets):
            if message.name in read:
                watch.heard(message.name, message.octets)
        watch.dropped = stream.dropped


async def _show(watch: Watch, screen: "_Screen") -> None:
    while True:
        await asyncio.sleep(_SHOW_EVERY_S)
        screen.show(watch)


class _Screen:
    """A table for people, or JSON."""

    def __init__(self, title: str, words: Words, *, as_json: bool) -> None:
        self._table, self._words, self._as_json = LiveTable(title, words("live.mean")), words, as_json

    def show(self, watch: Watch) -> None:
        failed = {kind: watch.failures[kind] for kind in ("damaged", "silent", "refused")}
        if self._as_json:
            took_ms = watch.round_trip_ms
            fields = {"polls": watch.polls, **failed, "round_trip_ms": round(took_ms, 1) if took_ms > 0 else None}
            fields |= {"dropped_bytes": watch.dropped} if watch.speaks else {}
            say_json("egret.bus.live/1", fields | {"values": in_json(watch.shown())})
            return
        if watch.speaks:
            counts = self._words("live.messages", polls=watch.polls, dropped=watch.dropped)
        else:
            took = f"{watch.round_trip_ms:.0f} ms" if watch.round_trip_ms > 0 else "-"
            counts = self._words("live.polls", polls=watch.polls, took=took, **failed)
        self._table.show(counts, watch.shown())
