"""`egret bus sim`: simulated RS-485 lines with everything that goes wrong on real ones."""

import asyncio
import contextlib
import signal
from dataclasses import replace
from pathlib import Path

import click

from edge.commands.bus_options import DEVICES, named_model
from edge.sim import scenario as scenarios
from edge.sim.medium import Frame
from edge.sim.rig import Rig
from edge.sim.scenario import Scenario
from edge.sim.transcript import Breach, said
from wire.errors import CheckFailed
from wire.profile_yaml import library_folder, load_library
from wire.scalars import integer


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path), required=False)
@click.option("--device", help="Instead of a scenario: one device, MODEL or MODEL@UNIT.")
@click.option("--port", type=click.Path(path_type=Path), default=Path("var/tty0"), show_default=True, help="Its port.")
@DEVICES
@click.option("--seed", type=int, help="What is left to chance, again; by default the scenario's.")
@click.option("--transcript", type=click.Path(path_type=Path), help="Write every frame to this file.")
@click.option("--for", "for_s", type=click.FloatRange(min=0), help="Stop after so many seconds; by default at Ctrl-C.")
def sim(
    *,
    scenario: Path | None,
    device: str | None,
    port: Path,
    devices: Path | None,
    seed: int | None,
    transcript: Path | None,
    for_s: float | None,
) -> None:
    """Simulate RS-485 lines: what a client opens as its port is a pseudo-terminal with devices behind it.

    At the end it says what was asked and answered, and whether clients kept the silence that Modbus RTU needs
    before a request; exit code 5 if not.

    Example: egret bus sim --device witmotion-wt901c-485@0x50 --port var/tty0

    Example: egret bus sim docs/develop/rig.yaml --transcript var/frames.txt
    """
    library = load_library(devices or library_folder())
    if (scenario is None) == (device is None):
        raise click.UsageError("name a scenario file or --device MODEL")
    if scenario is not None:
        plan = scenarios.load(scenario, library)
    else:
        model, _, unit = str(device).partition("@")
        profile = named_model(library, model, "--device")
        plan = scenarios.one_device(profile, _unit(unit) if unit else profile.link.unit, port)
    plan = plan if seed is None else replace(plan, seed=seed)
    asyncio.run(_run(plan, transcript, for_s))


def _unit(text: str) -> int:
    try:
        return integer(text)
    except ValueError as error:
        raise click.UsageError(f"the unit identifier is {error}, not {text!r}") from error


async def _run(plan: Scenario, transcript: Path | None, for_s: float | None) -> None:
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(transcript.open("w", encoding="utf-8")) if transcript else None

        def told(line: str, frame: Frame, breach: Breach | None) -> None:
            if file:
                file.write(f"{line}  {said(frame)}{f'  ! {breach.say}' if breach else ''}\n")

        async with Rig(plan, told) as rig:
            click.echo("\n".join(_table(plan)))
            click.echo(f"seed {plan.seed}; {'Ctrl-C ends it' if for_s is None else f'for {for_s:g} s'}", err=True)
            await _until_told(for_s)
        _account(plan, rig)


def _table(plan: Scenario) -> list[str]:
    rows = ["port                  unit  baud    frame  model"]
    for line in plan.lines:
        for device in line.devices:
            place = f"{line.ports[0]!s:<20}  {device.unit:>4}  {device.baud:<6}  {device.frame:<5}"
            rows.append(f"{place}  {device.profile.title} ({device.name})")
    return rows


async def _until_told(for_s: float | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(for_s):
            await stop.wait()


def _account(plan: Scenario, rig: Rig) -> None:
    """Says what was asked and answered. Raises CheckFailed where the line was given too little silence."""
    for line in rig.lines:
        watch = line.watch
        click.echo(f"{line.plan.name}: {watch.requests} requests, {watch.replies} replies", err=True)
    broken = [f"{line.plan.name}: {breach}" for line in rig.lines for breach in line.breaches]
    if broken:
        raise CheckFailed(
            f"{len(broken)} requests came without the silence they need; the first: {broken[0]}.",
            where=f"seed {plan.seed}",
            fix="let the client wait 3.5 characters, and send a request in one write.",
            code="E-RIG-003",
        )
