"""`egret cloud quarantine`: what could not be decoded or stored."""

import time
from pathlib import Path
from urllib.parse import quote

import click
import msgspec

from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.poison import Poison, PoisonFolder, Summary
from wire.errors import EgretError

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("var/cloud"),
    show_default=True,
    help="The cloud's data folder.",
)
_SHOWN_BYTES = 256


@click.group()
def quarantine() -> None:
    """List, show, replay and drop messages set aside.

    Example:  egret cloud quarantine list
    """


@quarantine.command("list")
@data_option
@json_option
def list_messages(data: Path, *, as_json: bool) -> None:
    """Every message, in the order they came last; read from the folder, also while the cloud is stopped.

    Example:  egret cloud quarantine list --data /var/lib/egret-cloud
    """
    found = _folder(data).summaries()
    if as_json:
        show_json(found)
        return
    rows = [(one.id, one.cause.value, str(one.times), moment(one.last_ns), one.topic, one.reason) for one in found]
    show_table(("id", "cause", "times", "last", "topic", "reason"), rows)


@quarantine.command()
@click.argument("message")
@click.option("--payload", "only_payload", is_flag=True, help="The payload alone, byte for byte.")
@data_option
@json_option
def show(message: str, data: Path, *, only_payload: bool, as_json: bool) -> None:
    """One message with what is in it.

    Example:  egret cloud quarantine show 3f9a0c4be1d27781 --payload > message.bin
    """
    found = _message(_folder(data), message)
    if only_payload:
        click.echo(found.payload, nl=False)
    elif as_json:
        show_json(found)
    else:
        _print(found)


@quarantine.command()
@click.argument("messages", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every message.")
@url_option
def replay(messages: tuple[str, ...], url: str, *, every: bool) -> int:
    """Hand messages to the running cloud once more; those that are stored leave the quarantine.

    Do it after the store was mended, or the cloud upgraded.

    Example:  egret cloud quarantine replay 3f9a0c4be1d27781
    """
    client = ApiClient(url)
    chosen = [one.id for one in client.get_all("quarantine", Summary)] if every else messages
    if not chosen and not every:
        raise click.UsageError("name the messages, or say --all.")
    failed = 0
    for message in chosen:
        try:
            client.post(f"quarantine/{quote(message, safe='')}/replay", {}, Summary)
            click.echo(f"{message} is stored.")
        except EgretError as error:
            failed = error.exit_code
            click.echo(f"{message}: {error}", err=True)
    return failed


@quarantine.command()
@click.argument("messages", nargs=-1, required=True)
@data_option
def drop(messages: tuple[str, ...], data: Path) -> None:
    """Forget messages for ever.

    Example:  egret cloud quarantine drop 3f9a0c4be1d27781
    """
    folder = _folder(data)
    for message in messages:
        folder.drop(_message(folder, message).id)
        click.echo(f"{message} is dropped.")


def _folder(data: Path) -> PoisonFolder:
    return PoisonFolder(data / "quarantine", time.time_ns)


def _message(folder: PoisonFolder, name: str) -> Poison:
    """Raises EgretError."""
    found = folder.get(name)
    if found is None:
        fix = "see `egret cloud quarantine list`, and --data."
        raise EgretError(f"there is no message {name!r} in quarantine.", fix=fix, code="E-QUAR-002")
    return found


def _print(found: Poison) -> None:
    facts = [
        ("id", found.id),
        ("topic", found.topic),
        ("cause", found.cause.value),
        ("reason", found.reason),
        ("times", f"{found.times}, first {moment(found.first_ns)}, last {moment(found.last_ns)}"),
        ("payload", f"{found.size} bytes"),
    ]
    for name, value in facts:
        click.echo(f"{name:<8} {value}")
    click.echo()
    try:
        click.echo(msgspec.json.format(found.payload, indent=2).decode())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        for start in range(0, min(found.size, _SHOWN_BYTES), 16):
            click.echo(f"{start:04x}  {found.payload[start : start + 16].hex(' ')}")
