"""`egret site zero`: how a sensor stands when it is commissioned, as its software zero."""

import asyncio
from pathlib import Path
from typing import Unpack

import click
import msgspec

from edge.commands.bus_options import LANG, say_json
from edge.commands.site_device import SensorDevice, commissioner_of, one_sensor
from edge.commands.site_options import KEPT, PERSON, Talk, says_the_disk
from edge.field.commissioner import Commissioner
from edge.field.words import Words
from edge.field.zero import TILT_STILL_S, ZERO_S, KnownTilt, Zero, zero_in_sensor
from wire.options import Duration


@click.command()
@one_sensor
@click.option("--for", "for_s", type=Duration(1, 3600), default=f"{ZERO_S:g}s", show_default=True, help="How long.")
@click.option("--known-tilt", is_flag=True, help="Then have it tilted and put back: that proves the model's family.")
@click.option(
    "--in-sensor", is_flag=True, help="Set the zero in the sensor itself instead, which then forgets its own."
)
@click.option("--inventory", type=click.Path(path_type=Path, exists=True), help="Write it into this sensors.yaml.")
@click.option("--photo", type=click.Path(path_type=Path), help="A picture of how it is mounted.")
@PERSON
@KEPT
@LANG
@says_the_disk
def zero(
    *,
    sensor: str,
    for_s: float,
    known_tilt: bool,
    in_sensor: bool,
    inventory: Path | None,
    photo: Path | None,
    person: str,
    folder: Path,
    lang: str,
    as_json: bool,
    **device: Unpack[SensorDevice],
) -> None:
    """Take a sensor's zero: mean and deviation of a minute at rest, kept on the box and not in the sensor.

    Refused where it moves or drifts (exit code 5); then nothing is kept. The record is in --folder, with who took it
    and when.

    Example: egret site zero --sensor XM-TA-0901-T1 --unit 0x51 --inventory sensors.yaml
    """
    commissioner = commissioner_of(folder, sensor, device, person)
    if photo:
        commissioner.add_photo(photo)
    talk = Talk(Words(lang))
    taken, shown = asyncio.run(_zero(commissioner, talk, for_s, has_tilt=known_tilt, in_sensor=in_sensor))
    if inventory and taken:
        _write(commissioner, talk, inventory)
    if as_json:
        say_json("egret.site.zero/1", {"sensor": sensor, "zero": msgspec.to_builtins(taken)} | _tilt(shown))


async def _zero(
    commissioner: Commissioner, talk: Talk, for_s: float, *, has_tilt: bool, in_sensor: bool
) -> tuple[Zero | None, KnownTilt | None]:
    if in_sensor:
        async with commissioner.device() as device:
            await zero_in_sensor(device, talk.ask, talk.tell)
        talk.say("zero.in_sensor")
        return None, None
    talk.say("zero.looking", for_s=for_s)
    taken = await commissioner.take_zero(talk.tell, for_s=for_s)
    for point, one in taken.points.items():
        fields = {"mean": one.mean, "unit": one.unit, "sigma": one.sigma, "drift": one.drift}
        talk.say("zero.point", point=point, below=taken.below, **fields)
    still_s = min(TILT_STILL_S, for_s)
    shown = await commissioner.show_known_tilt(talk.ask, talk.tell, still_s=still_s) if has_tilt else None
    if shown:
        for pose in shown.poses:
            talk.say("tilt.pose", condition=pose.condition, value=pose.value, unit=shown.unit, after_s=pose.after_s)
    talk.say("zero.stored", where=commissioner.folder)
    baseline = ", ".join(f"{point}: {value:g}" for point, value in taken.baseline.items())
    click.echo(f"zero: {{{baseline}}}", err=bool(click.get_current_context().params["as_json"]))
    return taken, shown


def _write(commissioner: Commissioner, talk: Talk, path: Path) -> None:
    inventory = commissioner.write_zero(path)
    talk.say("city.written", sensor=commissioner.plan.sensor, file=path, count=len(inventory.sensors))


def _tilt(shown: KnownTilt | None) -> dict[str, object]:
    return {"known_tilt": msgspec.to_builtins(shown)} if shown else {}
