"""`egret schema`: the JSON Schema of a configuration file, for editors."""

import importlib
import json

import click

from wire.profile_schema import profile_schema
from wire.sensors_schema import sensors_schema


@click.command()
@click.argument("file", type=click.Choice(["sensors", "cloud", "profile"]), default="sensors")
def schema(file: str) -> None:
    """Print the JSON Schema (draft 2020-12) of sensors.yaml, cloud.yaml or a device profile.

    Example: egret schema sensors > sensors.schema.json, and in the file's first line
    # yaml-language-server: $schema=sensors.schema.json
    """
    document = {"sensors": sensors_schema, "profile": profile_schema, "cloud": _cloud_schema}[file]()
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _cloud_schema() -> dict[str, object]:
    """By name: wire knows neither side."""
    document: dict[str, object] = importlib.import_module("cloud.config").schema()
    return document
