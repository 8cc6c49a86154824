"""`egret site report`, `label` and `export`: what is handed over after a commissioning."""

from pathlib import Path

import click

from edge.commands.bus_options import JSON, LANG, say_json
from edge.commands.site_options import Talk, says_the_disk
from edge.field import label as labels
from edge.field import reporting, signed_report
from edge.field.bundle import pack
from edge.field.printing import print_pdf
from edge.field.report_page import verdict
from edge.field.words import Words
from wire.signing import load_keys

_PEM = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.command()
@_FOLDER
@click.option("--sign", "is_new", is_flag=True, help="Sign the record as it is now, also where it was signed before.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    default=reporting.OWN_KEY,
    show_default=True,
    help="Who signs: an Ed25519 key (PEM); made where there is none.",
)
@click.option(
    "--trust", type=_PEM, multiple=True, help="Only take a report that is signed with this key (public half)."
)
@click.option("--pdf", is_flag=True, help="Also as PDF, by a Chromium of this machine.")
@LANG
@JSON
@says_the_disk
def report(
    *, folder: Path, is_new: bool, key: Path, trust: tuple[Path, ...], pdf: bool, lang: str, as_json: bool
) -> None:
    """Sign a commissioning, or prove one that is signed, and draw its page: one HTML file, in either language.

    FOLDER is commissioning/SITE-KEY. report.json is the signed record; exit code 5 where it, or the photo, was changed.

    Example: egret site report commissioning/XM-TA-0901-T1 --lang zh --pdf
    """
    words = Words(lang)
    talk = Talk(words)
    if is_new or not (folder / signed_report.NAME).exists():
        reporting.sign(folder, reporting.record_of(folder), key)
    proven, page = reporting.draw(folder, words, load_keys(trust) if trust else None)
    trusted = words("report.trusted" if proven.is_trusted else "report.untrusted")
    talk.say("report.proven", name=proven.key, trust=trusted)
    if reporting.is_stale(folder, proven):
        talk.say("report.stale")
    talk.say("report.written", file=page)
    if pdf:
        print_pdf(page, page.with_suffix(".pdf"))
        talk.say("report.pdf", file=page.with_suffix(".pdf"))
    if as_json:
        fields = {"sensor": proven.record.plan.sensor, "outcome": verdict(proven.record), "page": str(page)}
        say_json("egret.site.report/1", fields | {"key": proven.key, "is_trusted": proven.is_trusted})


@click.command()
@_FOLDER
@click.option("--png", type=click.Path(path_type=Path), help="The code alone, for a label printer.")
@click.option("--svg", type=click.Path(path_type=Path), help="The label, 70 mm by 30 mm, with name and id.")
@says_the_disk
def label(*, folder: Path, png: Path | None, svg: Path | None) -> None:
    """The QR label of a site: it opens the site's page on the board.

    Without --png and --svg the code is drawn on the terminal, to be scanned from there.

    Example: egret site label commissioning/XM-TA-0901-T1 --svg label.svg
    """
    plan = reporting.record_of(folder).plan
    if png:
        png.write_bytes(labels.png_code(plan.link))
    if svg:
        svg.write_text(labels.svg_label(plan), encoding="utf-8")
    if not png and not svg:
        click.echo(labels.terminal_code(plan.link), nl=False)
    click.echo(plan.link)


@click.command()
@_FOLDER
@click.option("--to", "target", type=click.Path(path_type=Path), help="By default SITE-KEY.zip in this folder.")
@click.option("--inventory", type=click.Path(path_type=Path, exists=True), help="Put this sensors.yaml in, too.")
@JSON
@says_the_disk
def export(*, folder: Path, target: Path | None, inventory: Path | None, as_json: bool) -> None:
    """Everything of a commissioning in one zip, for who has a network: report, record, photo, undo records, label.

    Example: egret site export commissioning/XM-TA-0901-T1
    """
    record = reporting.record_of(folder)
    path = target or Path(f"{record.plan.sensor}.zip")
    names = pack(folder, record, path, inventory)
    if as_json:
        say_json("egret.site.export/1", {"sensor": record.plan.sensor, "file": str(path), "holds": names})
    else:
        click.echo(f"{path}: {', '.join(names)}")
