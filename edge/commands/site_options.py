"""What the verbs of `egret site` have in common: where records are kept, the language, talk on a terminal."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial, wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from edge.ble.radio import Radio
from edge.field.commissioner import Commissioner
from edge.field.record import FOLDER, Cabinet, refused
from edge.field.walk import Progress
from edge.field.words import Words
from edge.uplink import OpenLink
from wire import broker as broker_address
from wire.profile import Profile
from wire.topics import IDENTIFIER

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
_PEM = click.Path(exists=True, dir_okay=False)
PERSON = click.option("--person", default="", help="Who does it; by default as before, at first who is logged in.")
KEPT = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where commissionings are kept.",
)


def through_a_broker(command: F) -> F:
    """The options that lead to the city's broker."""
    options = (
        click.option("--broker", default="", help="mqtts://HOST:PORT; without it the link is tried on this machine."),
        click.option("--ca", type=_PEM, default=None, help="mqtts: who signed the broker's certificate (PEM)."),
        click.option("--cert", type=_PEM, default=None, help="mqtts: the box's certificate (PEM)."),
        click.option("--key", type=_PEM, default=None, help="mqtts: the key of that certificate (PEM)."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def link_to(broker: str, box: str, ca: str | None, cert: str | None, key: str | None) -> OpenLink | None:
    """As the box; None where no broker is named. Raises ConfigError and UsageError."""
    if not broker:
        return None
    if not box:
        raise click.UsageError("say as which box: --box ID.")
    from edge.link import MqttLink  # noqa: PLC0415 - without a broker no MQTT is needed

    address = replace(broker_address.parse(broker), ca=ca or "", certificate=cert or "", key=key or "")
    return partial(MqttLink, address, box)


def says_the_disk(command: Callable[P, None]) -> Callable[P, None]:
    """A disk that is full, or may not be written, is a message, too."""

    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        try:
            command(*args, **options)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise refused(error) from error

    return run


def kept(folder: Path, sensor: str, library: Mapping[str, Profile], person: str, **told: str) -> Commissioner:
    """What is kept of the sensor with this id, in other words where there are any. Raises ConfigError, OSError."""
    site, _, key = sensor.rpartition("-")
    if not site or not IDENTIFIER.fullmatch(sensor):
        raise click.UsageError(f"{sensor!r} is no id of a sensor: SITE-KEY, such as XM-TA-0901-T1.")
    work = Commissioner(Cabinet(folder / sensor), library, time.time_ns, version("egret-city"), Radio)
    who = person or work.plan.person or os.environ.get("USER", "")
    work.plan_for(site=site, key=key, person=who, **{name: text for name, text in told.items() if text})
    return work


class Talk:
    """Words on stderr: lines, and one line that changes while something is measured."""

    def __init__(self, words: Words) -> None:
        """Nothing is said yet."""
        self.words = words
        self._is_terminal = sys.stderr.isatty()

    def say(self, key: str, **fields: object) -> None:
        """One line."""
        click.echo(self.words(key, **fields), err=True)

    def tell(self, progress: Progress) -> None:
        """How far it is, on a terminal."""
        if not self._is_terminal:
            return
        bar = "█" * round(20 * progress.part)
        measured = "  ".join(f"{name} {one.mean:+.3f} σ {one.sigma:.4f}" for name, one in progress.spreads.items())
        end = "\n" if progress.part >= 1 or progress.left_s <= 0 else ""
        width = shutil.get_terminal_size().columns - 1
        said = f"{bar:<20} {progress.left_s:4.0f} s  {measured}"
        click.echo(f"\r{said[:width]:<{width}}{end}", err=True, nl=False)

    async def ask(self, sentence: str) -> None:
        """A person does it, and presses Enter. Raises click.Abort at the end of stdin."""
        # Nothing else happens meanwhile, so the loop may stand.
        prompt = f"{self.words.sentence(sentence)}  ({self.words('ask.done')})"
        click.prompt(prompt, "", show_default=False, err=True)
