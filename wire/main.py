"""The command `egret`: its verbs, how its errors are said, its exit codes.

A verb's module is imported when the verb is used: `egret --help` reads the table below and nothing else.
"""

import gc
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import click

from wire.errors import EgretError

EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Verb:
    """`target` is "module:command"; `verbs` instead when the verb has only sub-verbs here."""

    help: str
    target: str = ""
    verbs: "Mapping[str, Verb] | None" = None


VERBS: Mapping[str, Verb] = {
    "demo": Verb("Everything on one machine: simulated city, broker, cloud and board.", "edge.commands.demo:demo"),
    "check": Verb("All mistakes of the configuration files, with file:line and fix.", "wire.commands.check:check"),
    "doctor": Verb("One page of health with fixes: keys, certificates, broker, disk.", "wire.commands.doctor:doctor"),
    "schema": Verb("JSON Schema of a configuration file, for editors.", "wire.commands.schema:schema"),
    "bus": Verb(
        "Serial lines and the devices on them.",
        verbs={
            "ports": Verb("The serial ports of this machine.", "edge.commands.bus_ports:ports"),
            "scan": Verb("Which devices hang on a line.", "edge.commands.bus_scan:scan"),
            "identify": Verb("Which model a device is.", "edge.commands.bus_identify:identify"),
            "read": Verb("Registers of a device, from bytes to value.", "edge.commands.bus_read:read"),
            "write": Verb("Change a setting or a register, with a way back.", "edge.commands.bus_write:write"),
            "set-address": Verb("Give a device another address.", "edge.commands.bus_write:set_address"),
            "set-baud": Verb("Give a device another baud rate.", "edge.commands.bus_write:set_baud"),
            "live": Verb("What a device measures now, and how well the line works.", "edge.commands.bus_live:live"),
            "sniff": Verb("What others say on a line.", "edge.commands.bus_sniff:sniff"),
            "sim": Verb("Simulated lines with everything that goes wrong on real ones.", "edge.commands.bus_sim:sim"),
        },
    ),
    "ble": Verb(
        "Bluetooth sensors.",
        verbs={
            "scan": Verb("Which sensors are within reach.", "edge.commands.ble_scan:scan"),
            "live": Verb("What a sensor measures now, and how well it is received.", "edge.commands.ble_live:live"),
        },
    ),
    "site": Verb(
        "Commission a sensor at the pole: zero, self-test, report.",
        verbs={
            "commission": Verb("One guided screen, to a signed report.", "edge.commands.site_commission:commission"),
            "zero": Verb("How a sensor stands, as its software zero.", "edge.commands.site_zero:zero"),
            "selftest": Verb("Prove a sensor, its line and its link.", "edge.commands.site_selftest:selftest"),
            "label": Verb("The QR label of a site.", "edge.commands.site_report:label"),
            "report": Verb("Sign or prove a commissioning, and draw its page.", "edge.commands.site_report:report"),
            "export": Verb("Everything of a commissioning in one zip.", "edge.commands.site_report:export"),
            "upload": Verb("Hand such a zip over to the cloud.", "cloud.commands.site_upload:upload"),
        },
    ),
    "edge": Verb(
        "The agent on one box.",
        verbs={
            "run": Verb("Read the box's sensors, judge, spool and publish.", "edge.commands.run:run"),
            "status": Verb("How the box is doing.", "edge.commands.status:status"),
            "spool": Verb("What waits in the spool.", "edge.commands.spool:spool"),
            "replay": Verb("Feed recorded data through the line.", "edge.commands.replay:replay"),
        },
    ),
    "cloud": Verb(
        "Ingest, cases and board.",
        verbs={
            "run": Verb("Take what boxes send, keep cases, serve the board.", "cloud.commands.run:run"),
            "status": Verb("How the cloud is doing.", "cloud.commands.status:status"),
            "user": Verb("Who may log in.", "cloud.commands.user:user"),
            "token": Verb("What programs may do.", "cloud.commands.token:token"),
            "backfill": Verb("Have boxes send again what a restored cloud lacks.", "cloud.commands.backfill:backfill"),
            "quarantine": Verb("What could not be decoded or stored.", "cloud.commands.quarantine:quarantine"),
            "broker-config": Verb(
                "Configuration of the city's broker: who may do what on it.",
                "cloud.commands.broker_config:broker_config",
            ),
        },
    ),
    "case": Verb("List, show and work on cases.", "cloud.commands.case:case"),
    "alarm": Verb("List, explain, acknowledge, shelve and test alarms.", "cloud.commands.alarm:alarm"),
    "grafana": Verb("Dashboards for Grafana: build, check, apply, export.", "cloud.commands.grafana:grafana"),
    "map": Verb(
        "The districts on the board.",
        verbs={"build": Verb("Draw them from the extra `map` or the owner's GeoJSON.", "cloud.commands.map:build")},
    ),
    "fleet": Verb(
        "What the boxes run, how they are, and their certificates.",
        verbs={
            "enroll": Verb("Give a box its certificate: by a code, once.", "wire.commands.enroll:enroll"),
            "status": Verb("Who runs what, and what became of the last push.", "cloud.commands.fleet:status"),
            "diff": Verb("What a push would change on a box.", "cloud.commands.fleet:diff"),
            "push": Verb("Give boxes what sensors.yaml says of them, signed.", "cloud.commands.fleet:push"),
            "rollback": Verb("Give a box what it was given before.", "cloud.commands.fleet:rollback"),
            "logs": Verb("What a box has logged.", "cloud.commands.fleet_ask:logs"),
            "doctor": Verb("What is wrong with a box, by its own account.", "cloud.commands.fleet_ask:doctor"),
            "samples": Verb("Have a box send what it has held back.", "cloud.commands.fleet_ask:samples"),
        },
    ),
    "mode": Verb("In which mode the city is, and switching it.", "cloud.commands.mode:mode"),
}


class LazyGroup(click.Group):
    """A group whose help comes from a table; a verb is imported on use."""

    def __init__(self, verbs: Mapping[str, Verb], **settings: Any) -> None:
        super().__init__(**settings)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of the table."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Imports the verb's module."""
        verb = self._verbs.get(cmd_name)
        if verb is None:
            return None
        if verb.verbs is not None:
            return LazyGroup(verb.verbs, name=cmd_name, help=verb.help)
        module, _, command = verb.target.partition(":")
        gc.disable()  # a tenth of an import was spent on looking for garbage among what stays
        try:
            return cast("click.Command", getattr(importlib.import_module(module), command))
        finally:
            gc.enable()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """From the table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in self._verbs.items()])


def _start(*, verbose: bool) -> None:
    from wire import log  # noqa: PLC0415 - `--help` needs no logging

    log.setup(verbose=verbose)


root = LazyGroup(
    VERBS,
    name="egret",
    callback=_start,
    params=[click.Option(["-v", "--verbose"], is_flag=True, help="Log more, on stderr.")],
    help="""Carry a city's safety sensors to the people who act on them.

    Example: egret check sensors.yaml

    Exit codes: 0 ok, 1 failed, 2 usage, 3 device or peer not reachable, 4 config invalid,
    5 check or self-test failed, 6 refused for safety.""",
)
click.version_option(package_name="egret-city", prog_name="egret")(root)


def main() -> None:
    """The process's entry: expected errors are one message on stderr and their own exit code."""
    try:
        result = root.main(prog_name="egret", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(EXIT_INTERRUPTED)
    except EgretError as error:
        sys.exit(_say([error]))
    except BaseExceptionGroup as group:
        expected, defects = group.split(EgretError)
        if defects or not expected:
            raise
        sys.exit(_say(_leaves(expected)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)


def _leaves(group: BaseExceptionGroup[EgretError]) -> list[EgretError]:
    """The errors inside, without the groups that tasks put around them."""
    found: list[EgretError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _say(errors: list[EgretError]) -> int:
    """Prints each message once; the worst exit code."""
    for message in dict.fromkeys(str(error) for error in errors):
        click.echo(message, err=True)
    return max(error.exit_code for error in errors)
