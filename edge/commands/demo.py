"""`egret demo`: a city on one machine, until Ctrl-C; its sub-verbs change the running world."""

import asyncio
import shlex
import shutil
import signal
import sys
import webbrowser
from pathlib import Path

import click
import msgspec

from edge.demo import control, story, town
from edge.demo.control import Order
from edge.demo.demonstration import USUAL_PORT, Demonstration, Options

FOLDER = Path("var/demo")
_folder = click.option(
    "--data", "folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True, help="Its working folder."
)


@click.group(invoke_without_command=True)
@click.option("--sites", default=118, show_default=True, type=click.IntRange(1, 5000), help="How many billboards.")
@click.option("--broker", default="nats", show_default=True, help="nats, mosquitto, or the URL of a running broker.")
@click.option("--store", default="embedded", type=click.Choice(["embedded", "influxdb_v1", "influxdb_v2"]))
@click.option("--store-url", default="", help="Where that InfluxDB answers.")
@click.option("--store-set", multiple=True, metavar="KEY=VALUE", help="More of its settings, as in cloud.yaml.")
@click.option("--port", default=USUAL_PORT, show_default=True, help="The board's port; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Print the URL only.")
@click.option("--for", "seconds", type=click.FloatRange(min=1), help="Play the scripted story, then report and end.")
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object on the last line.")
@_folder
@click.pass_context
def demo(
    context: click.Context,
    *,
    sites: int,
    broker: str,
    store: str,
    store_url: str,
    store_set: tuple[str, ...],
    port: int,
    no_browser: bool,
    seconds: float | None,
    as_json: bool,
    folder: Path,
) -> None:
    r"""Start broker, simulated RS-485 lines, boxes, cloud and board on this machine.

    \b
    Example:  egret demo --sites 40 --no-browser
              egret demo tilt XM-TA-0117
    """
    if context.invoked_subcommand is not None:
        return
    for left in ("boxes", "cloud", "broker", "root", "logs"):
        shutil.rmtree(folder / left, ignore_errors=True)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    city = folder / "sensors.yaml"
    town.write_city(town.shipped_city(), sites, city)
    settings = dict(setting.partition("=")[::2] for setting in store_set) | ({"url": store_url} if store_url else {})
    options = Options(folder, city, broker, store, settings, port)
    is_good = asyncio.run(_run(options, seconds, as_json=as_json, opens_browser=not no_browser))
    raise SystemExit(0 if is_good else 1)


@demo.command()
@click.argument("site")
@click.argument("degrees", type=float, default=2.0)
@_folder
def tilt(site: str, degrees: float, folder: Path) -> None:
    """Lean a billboard, 2 degrees unless said otherwise.

    Example:  egret demo tilt XM-TA-0117 1.2
    """
    _tell(folder, Order("tilt", site, degrees=degrees))


@demo.command("cut-link")
@click.argument("box")
@click.argument("seconds", type=float, default=30.0)
@_folder
def cut_link(box: str, seconds: float, folder: Path) -> None:
    """Cut a box from the broker, for 30 seconds unless said otherwise.

    Example:  egret demo cut-link XM-TA-B01 60
    """
    _tell(folder, Order("cut-link", box, seconds=seconds))


@demo.command()
@_folder
def typhoon(folder: Path) -> None:
    """Let the wind rise to typhoon strength."""
    _tell(folder, Order("typhoon"))


@demo.command()
@_folder
def calm(folder: Path) -> None:
    """Let the wind fall."""
    _tell(folder, Order("calm"))


def _tell(folder: Path, order: Order) -> None:
    answer = asyncio.run(control.tell(folder, order))
    if not answer.is_done:
        raise click.ClickException(f"{answer.said} fix: {answer.fix}")
    click.echo(answer.said)


def _say(line: str) -> None:
    click.echo(f"  {line}", err=True)


async def _run(options: Options, seconds: float | None, *, as_json: bool, opens_browser: bool) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    started = loop.time()
    async with Demonstration(options, _say) as demonstration:
        ready_s = loop.time() - started
        _welcome(demonstration.url, ready_s, options.folder)
        if opens_browser:
            webbrowser.open(demonstration.url)
        if seconds is None:
            await _until_ended(demonstration, stop)
            return True
        await story.play(demonstration, seconds)
        found = await story.report(demonstration, ready_s)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    return found.is_good


def _welcome(url: str, ready_s: float, folder: Path) -> None:
    elsewhere = "" if folder == FOLDER.resolve() else f" --data {shlex.quote(str(folder))}"
    _say(f"ready     in {ready_s:.1f} s")
    click.echo(f"\n  {url}\n")
    _say(f"now lean a billboard, in another terminal:  .venv/bin/egret demo tilt {town.STAR}{elsewhere}")
    _say("Ctrl-C ends the demonstration.")


async def _until_ended(demonstration: Demonstration, stop: asyncio.Event) -> None:
    while not stop.is_set():
        ended = demonstration.processes.ended()
        if ended:
            raise ended.ended()
        try:
            async with asyncio.timeout(1):
                await stop.wait()
        except TimeoutError:
            continue
