"""`egret bus ports`: the serial ports of this machine, and why one cannot be used."""

from dataclasses import asdict

import click

from edge.commands.bus_options import JSON, say_json
from edge.field import ports as serial_ports
from wire.errors import PortBusy


@click.command()
@JSON
def ports(*, as_json: bool) -> None:
    """List serial ports: the name to write into sensors.yaml, the adapter, and who has it open.

    Example: egret bus ports
    """
    found = serial_ports.found()
    for port in found:
        if as_json:
            say_json("egret.bus.port/1", asdict(port) | {"state": port.state})
        else:
            click.echo(f"{port.path}\n    {port.adapter}, {port.device}: {port.state}")
    if any(not port.may_open for port in found):
        click.echo("fix: sudo usermod -aG dialout $USER, and log in again. [E-BUS-002]", err=True)
    if not found:
        raise PortBusy(
            "there is no serial port.",
            where="this machine",
            fix="plug the adapter in (`dmesg` says what it does); in a virtual machine, hand the USB device through.",
            code="E-BUS-023",
        )
