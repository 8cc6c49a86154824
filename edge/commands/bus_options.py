"""What the verbs of `egret bus` have in common: which port, which device, and how JSON is said."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click

from edge.field import messages, ports
from edge.field.identify import Match
from edge.field.words import LANGUAGES, Words, of_environment
from edge.serial_port import SerialPort, SerialSettings
from wire import located
from wire.errors import SourceTimeout
from wire.link_yaml import FRAMES, SERIAL
from wire.profile import LinkKind, LinkSettings, Profile, Timing
from wire.profile_yaml import library_folder, load_library
from wire.scalars import integer

F = TypeVar("F", bound=Callable[..., Any])
UNKNOWN_MODEL = Timing(timeout_s=0.3, gap_s=0.005, late_max_s=0.5, min_poll_s=0.1)
_UNKNOWN_ON_TCP = replace(UNKNOWN_MODEL, timeout_s=1.0)
"""A gateway asks its line first; a late reply is known by its number, so waiting is the only cost."""
_UNKNOWN_LINK = LinkSettings(baud=9600, frame="8N1", unit=1)
"""All three for a device that no profile describes."""


class Whole(click.ParamType[int]):
    """A whole number as manuals print it: `80` or `0x50`."""

    name = "number"

    def __init__(self, least: int, most: int) -> None:
        """Both included."""
        self.least, self.most = least, most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Fails with what may be written."""
        try:
            number = integer(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is not {error}.", param, ctx)
        if not self.least <= number <= self.most:
            self.fail(f"{value!r} is outside {self.least}..{self.most}.", param, ctx)
        return number


UNIT = Whole(1, 255)
PORT = click.option("--port", type=click.Path(path_type=Path), help="By default the only one there is.")
BAUD = click.option("--baud", type=Whole(300, 921_600), help="By default as the model leaves the factory, else 9600.")
FRAME = click.option("--frame", type=click.Choice(FRAMES), help="Data bits, parity, stop bits; by default likewise.")
DEVICES = click.option(
    "--devices", type=click.Path(path_type=Path), help="The device library; by default the shipped one."
)
ONE_PLACE = "--host names a network address: --port, --baud and --frame are a serial line's."
HOST = click.option(
    "--host", default="", help="HOST or HOST:PORT of a Modbus TCP device or gateway, instead of --port."
)
LANG = click.option("--lang", type=click.Choice(LANGUAGES), default=of_environment, help="By default as LANG says.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of text; one object a line where it goes on.")


def one_device(command: F) -> F:
    """The options that name one device on one line."""
    options = (
        PORT,
        BAUD,
        FRAME,
        click.option("--unit", type=UNIT, help="Its unit identifier; by default the model's."),
        click.option("--profile", "model", help="Its model: a folder of the device library."),
        DEVICES,
        JSON,
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Target:
    """One device on one line. `profile` is None where the model is not known, `unit` 0 where nothing was named."""

    port: Path
    settings: SerialSettings
    unit: int
    profile: Profile | None
    library: Mapping[str, Profile]
    host: str = ""
    """Of a Modbus TCP server; then there is no port."""

    @property
    def speaks(self) -> bool:
        """Is it listened to, not asked: its model says so, or neither model nor unit identifier was named?"""
        return self.profile.link.kind is LinkKind.SERIAL_STREAM if self.profile else not self.unit

    @property
    def talkers(self) -> list[Profile]:
        """The models that it may be, where it speaks by itself."""
        return [self.profile] if self.profile else messages.speaking(self.library.values())

    @property
    def where(self) -> str:
        """For people."""
        place = f"modbus tcp {self.host}" if self.host else f"port {self.port}"
        return f"{place}, unit {self.unit}" if self.unit and not self.speaks else place

    @property
    def named(self) -> str:
        """The options that name it, for a command to type."""
        return f"--host {self.host} --unit {self.unit}" if self.host else f"--port {self.port} --unit {self.unit}"

    @property
    def timing(self) -> Timing:
        """What it needs on the line."""
        if self.profile:
            return self.profile.timing
        return _UNKNOWN_ON_TCP if self.host else UNKNOWN_MODEL


class DeviceOptions(TypedDict):
    """What the options of `one_device` give a verb, but for `as_json`."""

    port: Path | None
    baud: int | None
    frame: str | None
    unit: int | None
    model: str | None
    devices: Path | None


def target(
    *,
    port: Path | None,
    baud: int | None,
    frame: str | None,
    unit: int | None,
    model: str | None,
    devices: Path | None,
    is_modbus: bool = True,
    host: str = "",
) -> Target:
    """The device that they name. Raises ConfigError, PortBusy and click's UsageError.

    `is_modbus`: the verb is for such devices only; others also take who is in no need of a name.
    """
    if host and (port or baud or frame):
        raise click.UsageError(ONE_PLACE)
    library = load_library(devices or library_folder())
    profile = named_model(library, model) if model else None
    if profile is not None and profile.link.kind not in (SERIAL[:1] if is_modbus else SERIAL):
        raise click.UsageError(f"{profile.title} speaks no Modbus; this verb does.")
    default = profile.link if profile else _UNKNOWN_LINK
    if unit is None and profile is None and is_modbus:
        raise click.UsageError("name the device: --unit 0x50, or --profile MODEL.")
    return Target(
        port=Path() if host else port or Path(ports.the_only(ports.found())),
        settings=SerialSettings(baud or default.baud, frame or default.frame),
        unit=unit or (profile.link.unit if profile else 0),
        profile=profile,
        library=library,
        host=host,
    )


def named_model(library: Mapping[str, Profile], name: str, option: str = "--profile") -> Profile:
    """Raises ConfigError with the nearest name."""
    mistakes = located.Mistakes()
    located.block_of({"profile": name}, option, mistakes).choice("profile", tuple(library))
    mistakes.raise_any()
    return library[name]


async def heard(port: SerialPort, device: Target) -> list[Match]:
    """Who speaks by itself; none where it is no model of the library. Raises SourceTimeout where nobody speaks."""
    octets, matches = await messages.overheard(port, device.talkers, messages.LISTEN_S)
    if not octets:
        raise SourceTimeout(
            f"nothing was heard for {messages.LISTEN_S:g} s.",
            where=device.where,
            fix="check power, wiring and --baud; a device that must be asked is named with --unit or --profile.",
            code="E-BUS-046",
        )
    return matches


def words_of(lang: str, *, as_json: bool) -> Words:
    """Programs are spoken to in English, whatever the machine speaks."""
    return Words("en" if as_json else lang)


def shown_by(device: Target) -> str:
    """The command that shows what a device says that is no model of the library."""
    return "`egret bus sniff`" if device.speaks else f"`egret bus read {device.named}`"


def quiet_log() -> None:
    """What a line or a link suffers from is no news of a verb that shows it."""
    log = logging.getLogger("edge")
    click.get_current_context().call_on_close(partial(log.setLevel, log.level))
    log.setLevel(logging.ERROR)


def say_json(schema: str, fields: Mapping[str, object]) -> None:
    """One object on a line of its own."""
    click.echo(json.dumps({"schema": schema, **fields}, ensure_ascii=False))
