"""`egret edge replay`: recorded data through the same line as measured data."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import click
import msgspec

from edge import recording, recording_mapping
from edge.agent import Agent, Options
from edge.clock import BoxClock
from edge.commands.run import until_told
from edge.condition import Conditioner
from edge.config_store import box_of
from edge.decode import decode
from edge.detect import Detector
from edge.link import MqttLinks
from edge.lock import only_one
from edge.ports import Source
from edge.sources.replay import Config, Replay
from edge.spool_damage import NAME as SPOOL
from edge.spool_view import peek
from wire import broker as broker_address
from wire.broker import Broker
from wire.errors import EgretError, Unreachable
from wire.inventory import Box, Inventory, Line, Sensor
from wire.profile_yaml import library_folder, load_library
from wire.reading import Sample
from wire.sensors_yaml import load

_DRAIN_S = 120.0
"""For the receipts of a whole recording that was played as fast as possible."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), help="What the columns of another CSV mean (YAML).")
@click.option("--speed", type=click.FloatRange(min=0), default=1.0, show_default=True, help="0: as fast as possible.")
@click.option("--serve", "port", type=click.Path(path_type=Path), help="Serve it as Modbus RTU devices at this port.")
@click.option(
    "--inventory",
    type=click.Path(path_type=Path),
    default=Path("sensors.yaml"),
    show_default=True,
    help="The city whose limits judge it.",
)
@click.option("--box", help="Run it as this box of the city: readings and alarms go to the cloud.")
@click.option(
    "--broker", default="mqtt://127.0.0.1:1883", show_default=True, help="With --box: mqtt:// or mqtts:// URL."
)
@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("var/replay"), help="With --box: the spool's folder."
)
@click.option("--shift-to-now", is_flag=True, help="With --box: as if the first reading were now.")
def replay(
    *,
    file: Path,
    mapping: Path | None,
    speed: float,
    port: Path | None,
    inventory: Path,
    box: str | None,
    broker: str,
    data: Path,
    shift_to_now: bool,
) -> None:
    """Feed a recording (CSV or Parquet) through the line: decode, condition, detect, and with --box to the cloud.

    Without --box nothing is kept or sent, and alarm events go to stdout as JSON.

    Example: egret edge replay night.csv.gz --speed 0

    Example: egret edge replay load-test.csv.gz --mapping load-test.yaml --box MUC-B01 --broker mqtt://127.0.0.1:1883

    Example: egret edge replay load-test.csv.gz --mapping load-test.yaml --serve var/ttyREC
    """
    named = recording_mapping.load(mapping) if mapping else None  # all mistakes of the mapping file at once
    source = Replay(Config(str(file), str(mapping or ""), speed), time.time_ns)
    if port is not None:
        asyncio.run(_serve(source, recording.samples(file, named), port))
        return
    city = load(inventory, load_library(library_folder()))
    if box is None:
        asyncio.run(_judge(source, city.sensors, city.version))
        return
    options = {"file": str(file), "mapping": str(mapping or ""), "speed": speed, "shift_to_now": shift_to_now}
    _send(city, _playing(box_of(city, box, str(inventory)), options), broker_address.parse(broker), data)


def _playing(box: Box, options: Mapping[str, object]) -> Box:
    """The box with one line, the recording, on which all its sensors hang."""
    sensors = tuple(sensor for line in box.lines for sensor in line.sensors)
    return replace(box, lines=(Line(box.id, "recording", "replay", options, "egret edge replay", sensors),))


def _send(city: Inventory, box: Box, broker: Broker, data: Path) -> None:
    """The real agent, until the recording has ended and every reading has its receipt."""
    _require_new(data)
    agent = Agent(
        city,
        box,
        Options(data, drain_s=_DRAIN_S),
        open_link=MqttLinks(broker, box.id),
        clock=BoxClock.trusted(time.time_ns),
        rng=Random(),  # noqa: S311 - jitter
    )
    with only_one(data):
        asyncio.run(until_told(agent))
    depths = peek(data).depths
    for lane, depth in depths.items():
        click.echo(f"{lane}: {depth.committed} kept, {depth.stored} receipted by the cloud", err=True)
    if waiting := sum(depth.waiting for depth in depths.values()):
        raise Unreachable(
            f"{waiting} readings and alarm events have no receipt yet.",
            where=str(data),
            fix=f"start the broker and the cloud; `egret edge run --box {box.id} --data {data}` sends them.",
            code="E-REC-030",
        )


def _require_new(data: Path) -> None:
    """Playing into the same spool again would measure the same moments twice. Raises EgretError."""
    if (data / SPOOL).exists() and any(depth.committed for depth in peek(data).depths.values()):
        raise EgretError(
            "a recording was played into this folder before.",
            where=str(data),
            fix="name a new folder with --data; add --shift-to-now if the store shall keep both.",
            code="E-REC-031",
        )


async def _judge(source: Source, sensors: Mapping[str, Sensor], config_version: str) -> None:
    """Everything a box would do with the recording, but keep and send it."""
    conditioners = {sensor.id: Conditioner(sensor) for sensor in sensors.values()}
    detector = Detector(sensors.values(), config_version)
    count = unknown = 0
    async with source:
        async for sample in source:
            if sample.sensor not in sensors:
                unknown += len(sample.values)
                continue
            readings = conditioners[sample.sensor].readings(decode(sample, sensors[sample.sensor]))
            count += len(readings)
            for event in detector.step(readings).events:
                click.echo(msgspec.json.encode(event))
    click.echo(f"{count} readings judged, {unknown} of sensors that the inventory does not know", err=True)


async def _serve(source: Source, recorded: Iterable[Sample], port: Path) -> None:
    from edge.sim import recorded_device  # noqa: PLC0415 - judging needs no simulated line

    devices = recorded_device.RecordedDevices(recorded_device.recorded_quantities(recorded))
    click.echo(devices.table())
    click.echo(f"serving at {port}, {recorded_device.BAUD} baud {recorded_device.FRAME}, until the end", err=True)
    await recorded_device.serve(source, devices, port)
