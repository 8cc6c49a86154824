"""`egret site upload`: what was commissioned without a network comes to the city."""

from pathlib import Path

import click
import msgspec

from cloud.api_client import ApiClient, json_option, show_json, url_option
from wire.errors import ConfigError, Mistake


class _Handover(msgspec.Struct, frozen=True):
    """What the API answers of one, as far as it is said here."""

    hash: str
    sensor: str
    outcome: str
    key: str


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=click.Path(path_type=Path))
@url_option
@json_option
def upload(*, bundles: tuple[Path, ...], url: str, as_json: bool) -> None:
    """Hand bundles of `egret site export` over to the cloud, which proves them and shows them with their site.

    The same bundle again changes nothing. It needs the right to maintain: a token in EGRET_TOKEN.

    Example: egret site upload XM-TA-0901-T1.zip --url https://board.example/api/v1
    """
    client = ApiClient(url)
    for bundle in bundles:
        try:
            data = bundle.read_bytes()
        except OSError as error:
            what = f"the bundle cannot be read: {error.strerror}."
            fix = "`egret site export` makes one."
            raise ConfigError([Mistake(str(bundle), what, fix, "E-HANDOVER-007")]) from error
        found = client.send("commissionings", data, "application/zip", _Handover)
        if as_json:
            show_json(found)
        else:
            click.echo(f"{bundle}: {found.sensor}, self-test {found.outcome}, signed with the key {found.key}")
