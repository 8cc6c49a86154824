"""`egret fleet`: what the boxes run, and giving them something else."""

import difflib
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.city.mode import ModeName
from cloud.city.mode import document as modes
from cloud.commands.fleet_options import Share, city_files, signed_with
from cloud.fleet.box_modes import USUALLY_S, allowed
from cloud.fleet.fleet_box import FleetBox, Standing, is_behind, release
from cloud.fleet.rollout import Outcome, Rollout, Target, box_among, canaries, chosen, targets_of
from cloud.fleet.slicing import CityFiles, read_city
from cloud.reporting.report_text import TEXT_MAX, line
from cloud.tables.fleet import Pushed
from wire import desired, profile_yaml, signing
from wire.desired import Sealed
from wire.errors import EgretError
from wire.options import Duration
from wire.overlay import LONGEST_S, Allowed, Lease
from wire.signing import Signer

_MODES = [name.value for name in ModeName if name is not ModeName.NORMAL]


class Shown(msgspec.Struct, frozen=True):
    """What `diff --json` says. `running` is the counter of what the box runs, 0 for the file it was installed with."""

    schema: str
    box: str
    running: int
    version: str
    wanted_version: str
    is_same: bool
    diff: str


@click.command()
@click.argument("boxes", nargs=-1, metavar="[BOX]…")
@url_option
@json_option
def status(boxes: tuple[str, ...], url: str, *, as_json: bool) -> None:
    """Who runs what, who was given something else, what became of it, and which software.

    Example:  egret fleet status
    """
    found = ApiClient(url).get("fleet", list[FleetBox])
    newest = max((one.software for one in found), key=release, default="")
    if boxes:
        found = [box_among(found, name) for name in boxes]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.box,
            "online" if one.is_online else "offline",
            one.standing.value,
            _named(one.running, one.version),
            one.mode or ("" if one.modes else "none signed"),
            "" if one.standing is Standing.KEPT else _named(one.desired, one.desired_version) if one.desired else "",
            one.actor,
            moment(one.pushed_ns or None),
            f"{one.software} (behind)" if is_behind(one.software, newest) else one.software,
        )
        for one in found
    ]
    show_table(("box", "link", "standing", "runs", "mode", "was given", "by", "at", "software"), rows)
    for one in found:
        for error in one.errors:
            click.echo(line(f"{one.box}: {error}", TEXT_MAX), err=True)
        if one.renewal_ns:
            since = moment(one.renewal_ns)
            click.echo(f"{one.box}: asks for another certificate since {since}: `egret fleet enroll --renew`", err=True)


@click.command()
@click.argument("box")
@city_files
@url_option
@json_option
def diff(box: str, inventory: Path, devices: Path | None, url: str, *, as_json: bool) -> None:
    """What a push would change on a box: from what it runs to what sensors.yaml says.

    Of a box that runs the file it was installed with, the cloud knows the version alone: then all of it is new.

    Example:  egret fleet diff XM-TA-01
    """
    client = ApiClient(url)
    city = _city(inventory, devices)
    [target] = _targets(client, city, chosen(city.inventory, [box], (), (), everything=False), allowed())
    documents = client.get(f"fleet/{box}/documents", list[Pushed])
    running = next((one for one in documents if one.counter == target.before.running), None)
    before = desired.document_of(_sealed(running)).files if running else {}
    text = _difference(before, target.files)
    if as_json:
        now = target.before
        is_same = now.version == target.version
        show_json(Shown("egret.fleet-diff/1", box, now.running, now.version, target.version, is_same, text))
        return
    click.echo(text or f"{box} runs what {inventory} says.", nl=not text)


@click.command()
@click.argument("boxes", nargs=-1, metavar="[BOX]…")
@click.option("--site", "sites", multiple=True, help="The boxes of a site.")
@click.option("--district", "districts", multiple=True, help="The boxes of a district.")
@click.option("--all", "everything", is_flag=True, help="Every box.")
@click.option("--canary", type=Share(), help="So many first, such as 5%; the others when these keep it.")
@click.option("--mode", type=click.Choice(_MODES), help="With its sampling and on-delays, for the time of --lease.")
@click.option("--lease", "lease_s", type=Duration(60.0, LONGEST_S), default="24h", show_default=True, help="Of --mode.")
@click.option(
    "--modes-for",
    "modes_s",
    type=Duration(60.0, LONGEST_S),
    default=f"{USUALLY_S / 3600:g}h",
    show_default=True,
    help="A box that is cut off while the city is in a mode goes back by itself after so long.",
)
@click.option("--dry-run", is_flag=True, help="Say who would get what, and push nothing.")
@signed_with
@city_files
@url_option
@json_option
def push(
    *,
    boxes: tuple[str, ...],
    sites: tuple[str, ...],
    districts: tuple[str, ...],
    canary: float | None,
    mode: str | None,
    lease_s: float,
    modes_s: float,
    key: Path,
    trial_s: float,
    expires_s: float,
    inventory: Path,
    devices: Path | None,
    url: str,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give boxes what sensors.yaml says of them, signed; who has it already is left alone.

    A box that is offline gets it when it is back, until it expires. With --canary the command waits until each of the
    first has kept it; one that does not ends the push with exit code 5.

    Example:  egret fleet push --district tongan --canary 5% --key fleet.key
    """
    if not (boxes or sites or districts or everything):
        raise click.UsageError("name boxes, or --site, --district or --all.")
    signer, city, client = signing.load_signer(key), _city(inventory, devices), ApiClient(url)
    names = chosen(city.inventory, boxes, sites, districts, everything=everything)
    targets = _targets(client, city, names, allowed(modes_s), _lease(mode, lease_s))
    rollout = _rollout(client, signer, trial_s, expires_s, as_json=as_json)
    try:
        if dry_run:
            _plan(rollout, targets, canary or 0.0)
        else:
            rollout.run(targets, canary or 0.0)
    finally:
        if as_json:
            show_json(rollout.outcomes)


@click.command()
@click.argument("box")
@click.option(
    "--to",
    "counter",
    type=int,
    help="Its number; by default what it runs, when that is not the last, else the one before.",
)
@signed_with
@url_option
@json_option
def rollback(
    box: str, counter: int | None, key: Path, trial_s: float, expires_s: float, url: str, *, as_json: bool
) -> None:
    """Give a box once more what it was given before, under a new number.

    Example:  egret fleet rollback XM-TA-01 --key fleet.key
    """
    signer, client = signing.load_signer(key), ApiClient(url)
    documents = client.get(f"fleet/{box}/documents", list[Pushed])
    before = box_among(client.get("fleet", list[FleetBox]), box)
    old = _sealed(_earlier(documents, before, counter))
    signer.public.prove(old.key, old.signature_bytes, old.signed)  # the cloud kept it: was it ours?
    rollout = _rollout(client, signer, trial_s, expires_s, as_json=as_json)
    document = desired.document_of(old)
    rollout.push(Target(document.files, before, document.modes))
    if as_json:
        show_json(rollout.outcomes)


def _earlier(documents: Sequence[Pushed], before: FleetBox, counter: int | None) -> Pushed:
    """Raises EgretError when there is none."""
    newest = documents[0].version if documents else ""
    if counter is None and before.running != before.desired:
        counter = before.running or None  # the last one is not what it runs: that one is
    for one in documents:
        if one.counter == counter or (counter is None and one.version != newest):
            return one
    what = "the cloud knows no configuration that this box could go back to."
    fix = "push what it is to run: `egret fleet push`."
    raise EgretError(what, where=f"box {before.box}", fix=fix, code="E-FLEET-026")


def _plan(rollout: Rollout, targets: Sequence[Target], canary: float) -> None:
    left = [target for target in targets if not target.has_it]
    first = canaries(left, canary) if canary and left else []
    for target in targets:
        rollout.say(target.outcome("same" if target.has_it else "planned", is_canary=target in first))


def _rollout(client: ApiClient, signer: Signer, trial_s: float, expires_s: float, *, as_json: bool) -> Rollout:
    said = _ignore if as_json else _say
    return Rollout(client, signer, trial_s, expires_s, now=time.time_ns, sleep=time.sleep, said=said)


def _city(inventory: Path, devices: Path | None) -> CityFiles:
    return read_city(inventory, devices or profile_yaml.library_folder())


def _targets(
    client: ApiClient,
    city: CityFiles,
    names: Sequence[str],
    signed: tuple[Allowed, ...],
    lease: Lease | None = None,
) -> Sequence[Target]:
    return targets_of(city, client.get("fleet", list[FleetBox]), names, signed, lease)


def _lease(mode: str | None, lasts_s: float) -> Lease | None:
    if mode is None:
        return None
    overlay = modes()[ModeName(mode)].overlay
    return Lease(mode, overlay.kinds, overlay.every, overlay.on_delay, time.time_ns() + round(lasts_s * 1e9))


def _sealed(pushed: Pushed) -> Sealed:
    return Sealed(pushed.document, pushed.key, pushed.signature)


def _difference(before: desired.Files, after: desired.Files) -> str:
    lines: list[str] = []
    for name in sorted({*before, *after}):
        old, new = (files.get(name, "").splitlines(keepends=True) for files in (before, after))
        lines += difflib.unified_diff(old, new, f"runs/{name}", f"wanted/{name}")
    return "".join(character for line in lines for character in line if character.isprintable() or character in "\n\t")


def _named(counter: int, version: str) -> str:
    return f"{counter or 'own'} {version}".rstrip()


def _say(outcome: Outcome) -> None:
    canary = " (canary)" if outcome.is_canary else ""
    waits = "" if outcome.is_online else ", offline: it waits at the broker"
    click.echo(f"{outcome.box}: {outcome.outcome}{canary}, {outcome.counter} {outcome.version}{waits}")


def _ignore(_: Outcome) -> None:
    """What is said at the end, as JSON."""
