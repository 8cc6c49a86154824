"""`egret edge replay`: recorded data through the same line as measured data."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import msgspec

from edge import recording, recording_mapping
from edge.condition import Conditioner
from edge.decode import decode
from edge.detect import Detector
from edge.ports import Source
from edge.sources.replay import Config, Replay
from wire.inventory import Sensor
from wire.profile_yaml import library_folder, load_library
from wire.reading import Sample
from wire.sensors_yaml import load


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
def replay(*, file: Path, mapping: Path | None, speed: float, port: Path | None, inventory: Path) -> None:
    """Feed a recording (CSV or Parquet) through decode, condition and detect; alarm events go to stdout as JSON.

    Example: egret edge replay night.csv.gz --speed 0

    Example: egret edge replay load-test.csv.gz --mapping load-test.yaml --serve var/ttyREC
    """
    named = recording_mapping.load(mapping) if mapping else None  # all mistakes of the mapping file at once
    source = Replay(Config(str(file), str(mapping or ""), speed), time.time_ns)
    if port is None:
        city = load(inventory, load_library(library_folder()))
        asyncio.run(_judge(source, city.sensors, city.version))
    else:
        asyncio.run(_serve(source, recording.samples(file, named), port))


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
