"""What several verbs of `egret fleet` may be told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from wire.desired import TRIAL_LEAST_S, TRIAL_MOST_S
from wire.options import Duration

_EXPIRES_MOST_S = 90 * 86_400.0


class Share(click.ParamType[float]):
    """A share such as `5%`, 0..1."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """A share of `5%`."""
        digits = str(value).removesuffix("%")
        if not digits.isdecimal() or not 0 < int(digits) <= 100:
            self.fail(f"{value!r} is no share such as 5%.", param, ctx)
        return int(digits) / 100


def city_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name the city's files."""
    inventory = click.option(
        "--inventory",
        type=click.Path(path_type=Path),
        default=Path("sensors.yaml"),
        show_default=True,
        help="The city.",
    )
    devices = click.option(
        "--devices", type=click.Path(path_type=Path), help="The device library; by default the shipped one."
    )
    return inventory(devices(command))


def signed_with(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of what is signed."""
    key = click.option("--key", type=click.Path(path_type=Path), required=True, help="The city's private key (PEM).")
    trial = click.option(
        "--trial",
        "trial_s",
        type=Duration(TRIAL_LEAST_S, TRIAL_MOST_S),
        default="5min",
        show_default=True,
        help="A box that is unwell for so long goes back by itself.",
    )
    expires = click.option(
        "--expires",
        "expires_s",
        type=Duration(60.0, _EXPIRES_MOST_S),
        default="7d",
        show_default=True,
        help="A box that is back later does not begin with it.",
    )
    return key(trial(expires(command)))
