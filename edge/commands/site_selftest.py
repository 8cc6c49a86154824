"""`egret site selftest`: noise, loss, clock, uplink, a link cut, and a test alarm that never becomes a case."""

import asyncio
from pathlib import Path
from typing import Unpack

import click
import msgspec

from edge.commands.bus_options import LANG, quiet_log, say_json
from edge.commands.site_device import SensorDevice, commissioner_of, one_sensor
from edge.commands.site_options import (
    KEPT,
    PERSON,
    Talk,
    link_to,
    says_the_disk,
    through_a_broker,
)
from edge.field.check_words import left_out, require_passed, said_of
from edge.field.commissioner import Trial
from edge.field.link_cut import CUT_S
from edge.field.selftest import POLLS, Check
from edge.field.words import Words, padded
from wire.options import Duration


@click.command()
@one_sensor
@click.option("--polls", type=click.IntRange(10, 100_000), default=POLLS, show_default=True, help="For noise and loss.")
@click.option(
    "--cut", type=Duration(0.5, 3600), default=f"{CUT_S:g}s", show_default=True, help="The link is cut so long."
)
@click.option("--box", default="", help="The box that it is sent as, through a broker.")
@through_a_broker
@PERSON
@KEPT
@LANG
@says_the_disk
def selftest(
    *,
    sensor: str,
    polls: int,
    cut: float,
    box: str,
    broker: str,
    ca: str | None,
    cert: str | None,
    key: str | None,
    person: str,
    folder: Path,
    lang: str,
    as_json: bool,
    **device: Unpack[SensorDevice],
) -> None:
    """Prove a sensor, its line and its way to the cloud; exit code 5 when a check fails.

    The link is cut for two minutes while the sensor is sampled as a box does it: nothing may be lost or come twice.
    Without --broker that is tried on this machine, and the uplink is left out. A test alarm goes the whole way; it is
    marked as one and opens no case.

    Example: egret site selftest --sensor XM-TA-0901-T1 --unit 0x51 --broker mqtts://broker.city:8883 --box XM-TA-09
    """
    quiet_log()
    words = Words(lang)
    talk = Talk(words)
    commissioner = commissioner_of(folder, sensor, device, person, box=box)
    trial = Trial(polls, cut, link_to(broker, commissioner.plan.box, ca, cert, key))
    said: dict[str, dict[str, float]] = {"look": {"polls": polls}, "link": {"cut_s": cut}}
    tested = asyncio.run(commissioner.test(talk.tell, trial, lambda phase: talk.say(f"test.{phase}", **said[phase])))
    if as_json:
        say_json("egret.site.selftest/1", {"sensor": sensor, **msgspec.to_builtins(tested), "outcome": tested.outcome})
    else:
        for check in tested.checks:
            click.echo(row(check, words))
    require_passed(tested, sensor, words)
    talk.say("test.passed", but=left_out(tested, words))


def row(check: Check, words: Words) -> str:
    """One check on one line: its outcome first."""
    said = said_of(check, words)
    return " ".join(
        (padded(said.outcome, 9), padded(said.name, 28), f"{said.measured:>12}", f" {said.most:<10}", said.note)
    ).rstrip()
