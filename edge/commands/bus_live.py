"""`egret bus live`: what a device measures now, how much it varies, and how well the line works."""

import asyncio
import math
import sys
from typing import Unpack

import click

from edge.bus import Bus, opened
from edge.commands.bus_options import DeviceOptions, Target, one_device, say_json, target
from edge.field.identify import Identifier
from edge.field.watch import Watch
from wire.errors import CheckFailed, DeviceRefused, FrameError, SourceTimeout
from wire.profile import Profile

_SHOW_EVERY_S = 1.0


@click.command()
@one_device
@click.option("--every-ms", type=click.IntRange(min=1), help="By default as fast as the model allows.")
@click.option("--for", "for_s", type=click.FloatRange(min=0), help="Seconds; by default until Ctrl-C.")
def live(
    *,
    every_ms: int | None,
    for_s: float | None,
    as_json: bool,
    **named: Unpack[DeviceOptions],
) -> None:
    """Show a device's values once a second: last, mean and standard deviation, round trip, damaged and lost replies.

    Without --profile the model is identified first. Exit code 3 when no reply was good.

    Example: egret bus live --unit 0x50 --for 60
    """
    device = target(**named)
    asyncio.run(_live(device, every_ms, for_s, as_json=as_json))


async def _live(device: Target, every_ms: int | None, for_s: float | None, *, as_json: bool) -> None:
    with opened(device.port, device.settings) as bus:
        profile = device.profile or await _identified(bus, device)
        watch = Watch(profile)
        screen = _Screen(f"{profile.title}, port {device.port}, unit {device.unit}", as_json=as_json)
        showing = asyncio.create_task(_show(watch, screen))
        try:
            async with asyncio.timeout(for_s):
                await _poll(bus, device.unit, watch, every_ms / 1000 if every_ms else profile.timing.min_poll_s)
        except TimeoutError:
            screen.show(watch)
        finally:
            showing.cancel()
    if watch.polls == watch.failures.total():
        raise SourceTimeout(
            f"none of {watch.polls} polls was answered.",
            where=f"port {device.port}, unit {device.unit}",
            fix=watch.last_failure or "wait longer",
            code="E-BUS-028",
        )


async def _identified(bus: Bus, device: Target) -> Profile:
    matches = await Identifier(bus, device.unit).among(device.library)
    if not matches:
        raise CheckFailed(
            "it answers, and is no model of the library.",
            where=f"port {device.port}, unit {device.unit}",
            fix="`egret bus read` shows its registers.",
            code="E-BUS-026",
        )
    return matches[0].profile


async def _poll(bus: Bus, unit: int, watch: Watch, every_s: float) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        for block in watch.profile.blocks.values():
            try:
                answer = await bus.read(unit, block, watch.profile.timing)
            except (SourceTimeout, FrameError, DeviceRefused) as error:
                watch.failed(error)
            else:
                watch.answered(block.name, answer.numbers, answer.took_s)
        due = max(due + every_s, loop.time())
        await asyncio.sleep(due - loop.time())


async def _show(watch: Watch, screen: "_Screen") -> None:
    while True:
        await asyncio.sleep(_SHOW_EVERY_S)
        screen.show(watch)


class _Screen:
    """A table that stays where it is on a terminal, and is written again below elsewhere."""

    def __init__(self, title: str, *, as_json: bool) -> None:
        self._title, self._as_json = title, as_json
        self._height = 0

    def show(self, watch: Watch) -> None:
        failed = {kind: watch.failures[kind] for kind in ("damaged", "silent", "refused")}
        if self._as_json:
            values = {one.name: {"last": one.last, "mean": one.mean, "sigma": one.sigma} for one in watch.shown()}
            fields = {"polls": watch.polls, **failed, "round_trip_ms": round(watch.round_trip_ms, 1)}
            say_json("egret.bus.live/1", fields | {"values": values})
            return
        said = ", ".join(f"{count} {kind}" for kind, count in failed.items())
        rows = [self._title, f"{watch.polls} polls, {said}; {watch.round_trip_ms:.0f} ms"]
        for one in watch.shown():
            spread = f"mean {one.mean:10.4f}  σ {one.sigma:.5f}" if math.isfinite(one.mean) else ""
            last = f"{one.last:10.4f}" if isinstance(one.last, float) else f"{one.last!s:>10}"
            rows.append(f"{one.name:<18} {last} {one.unit:<7} {spread}".rstrip())
        if self._height and sys.stdout.isatty():
            click.echo(f"\x1b[{self._height}A\x1b[J", nl=False)
        click.echo("\n".join(rows))
        self._height = len(rows)
