"""`egret fleet enroll`: a box gets its certificate; one verb for the maintainer's machine and for the box.

A side is imported when it is asked for: a box has no cloud installed.
"""

import importlib
import os
import secrets
import shlex
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from wire import broker as brokers
from wire import claim as claims
from wire.errors import CheckFailed, ConfigError, EgretError, Mistake
from wire.options import Duration
from wire.topics import IDENTIFIER

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("box", required=False)
@click.option("--claim", "code", help="On the box: the code that the maintainer shows; `-` asks for it.")
@click.option("--renew", is_flag=True, help="Sign what boxes ask for whose certificate ends within 30 days.")
@click.option(
    "--url", default="http://127.0.0.1:8480/api/v1", show_default=True, help="Where the cloud's API answers, for both."
)
@click.option("--out", type=_PATH, default=Path("/etc/egret"), show_default=True, help="On the box: for its files.")
@click.option(
    "--authority", type=_PATH, default=Path("city-ca"), show_default=True, help="The authority's folder; see broker.md."
)
@click.option(
    "--trust",
    type=_PATH,
    multiple=True,
    default=[Path("fleet.pub")],
    show_default=True,
    help="Whose configurations the box takes: the public half of the city's key.",
)
@click.option("--broker", help="Where the box connects to: mqtts://HOST:PORT.")
@click.option(
    "--expires",
    "lasts_s",
    type=Duration(60.0, claims.LASTS_MOST_S),
    default="1h",
    show_default=True,
    help="Of the code.",
)
@click.option("--json", "as_json", is_flag=True, help="What came of it, as one JSON value.")
def enroll(
    *,
    box: str | None,
    code: str | None,
    renew: bool,
    url: str,
    out: Path,
    authority: Path,
    trust: tuple[Path, ...],
    broker: str | None,
    lasts_s: float,
    as_json: bool,
) -> None:
    """Give a box its certificate.

    Where the authority is, it shows a code, waits for the box, and signs; the pass phrase is asked for, or taken from
    CA_PASS. On the box, --claim CODE makes a key, which never leaves it, and all files for `egret edge run`. Boxes ask
    by themselves for the next certificate; --renew signs what all of them ask, or one.

    Example:  egret fleet enroll XM-TA-01 --broker mqtts://broker-1.city.example:8883 --url https://cloud.city.example/api/v1
    """
    if box is None and not renew:
        raise click.UsageError("name a box, or use --renew for all that ask.")
    if box is not None and not IDENTIFIER.fullmatch(box):
        raise click.UsageError(f"{box!r} is no box's id.")
    if code is not None:
        _claim(box or "", code, url, out, lasts_s, as_json=as_json)
        return
    if not renew and (broker is None or not brokers.parse(broker).is_tls):
        raise click.UsageError("name the boxes' broker: --broker mqtts://HOST:PORT. On the box, use --claim CODE.")
    keys = () if renew else tuple(_public(path) for path in trust)
    side = importlib.import_module("cloud.fleet.enrolling")
    signer = importlib.import_module("cloud.fleet.authority").Authority(authority, _passphrase())
    client = importlib.import_module("cloud.api_client").ApiClient(url)
    enrolling = side.Enrolling(client, signer, keys, broker or "", time.time_ns)
    if renew:
        _renew(enrolling, box or "", as_json=as_json)
        return
    made = claims.new_code(secrets.token_bytes)
    done = enrolling.enroll(box, made, lasts_s, lambda: _show(box or "", str(made), url, as_json=as_json))
    _say(done, f"{box}: enrolled from {done.address}, until {_day(done.ends_ns)}", as_json=as_json)


def _renew(enrolling: Any, box: str, *, as_json: bool) -> None:
    """Raises CheckFailed when somebody got none."""
    done, refused = [], []
    for one in enrolling.renew(box):
        if isinstance(one, EgretError):
            refused.append(one)
            click.echo(str(one), err=True)
        else:
            done.append(one)
            click.echo(f"{one.box}: renewed, until {_day(one.ends_ns)}", err=as_json)
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    elif not (done or refused):
        click.echo("no box asks for another certificate.", err=True)
    if refused:
        fix = "see what is said above."
        raise CheckFailed(f"{len(refused)} got no certificate.", fix=fix, code="E-ENROL-013")


def _day(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d}"


def _claim(box: str, written: str, url: str, out: Path, lasts_s: float, *, as_json: bool) -> None:
    found = claims.code_of(click.prompt("Code", err=True) if written == "-" else written)
    claiming = importlib.import_module("edge.claiming").Claiming(box, url, out, time.time_ns)
    words = claiming.run_words(claiming.claim(found, lasts_s))
    said = {"schema": "egret.claimed/1", "box": box, "folder": str(out), "run": words}
    _say(said, shlex.join(words), as_json=as_json)


def _show(box: str, code: str, url: str, *, as_json: bool) -> None:
    """The code is for the person who goes to the box."""
    click.echo(code, err=as_json)
    click.echo(f"on the box: egret fleet enroll {box} --claim {code} --url {url}\nwaiting for it …", err=True)


def _say(said: Any, text: str, *, as_json: bool) -> None:
    click.echo(msgspec.json.encode(said).decode() if as_json else text)


def _passphrase() -> str:
    return os.environ.get("CA_PASS") or str(click.prompt("Pass phrase of the authority", hide_input=True, err=True))


def _public(path: Path) -> str:
    """The text of a key that boxes can read. Raises ConfigError."""
    importlib.import_module("wire.signing").load_keys([path])
    text = path.read_text(encoding="ascii")
    if "PRIVATE" in text:
        what = "a private key is in this file, and it would go to every box."
        raise ConfigError([Mistake(str(path), what, "name the public half.", "E-FLEET-009")])
    return text
