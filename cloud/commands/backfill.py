"""`egret cloud backfill`: what a restored cloud lacks, and asking the boxes to send it again."""

from datetime import UTC, datetime

import click

from cloud.api_client import ApiClient, json_option, moment, show_json, show_table, url_option
from cloud.fleet.backfill_book import Answerable, Shown, Wish

_RFC3339 = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]


@click.command()
@click.option("--box", "boxes", multiple=True, help="Ask this one; may be given several times.")
@click.option("--all", "everything", is_flag=True, help="Ask every box.")
@click.option("--from-watermark", is_flag=True, help="For what the ledger knows to be missing; as without --since.")
@click.option("--since", type=click.DateTime(_RFC3339), help="For all that was sampled then or later (UTC).")
@click.option("--dry-run", is_flag=True, help="Say who could send what, and ask nobody.")
@url_option
@json_option
def backfill(
    *,
    boxes: tuple[str, ...],
    since: datetime | None,
    url: str,
    everything: bool,
    from_watermark: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Show what is missing here though boxes have a receipt for it; with --box or --all, ask them to send it again.

    A ledger that was restored from an older backup knows by itself what is missing. A store alone does not: say
    --since the time of its backup. Nothing is stored twice. Boxes send it behind what is new, as far as they keep it.

    Example:  egret cloud backfill --all --dry-run

    Example:  egret cloud backfill --box XM-TA-01 --since 2026-11-27T03:00:00
    """
    client = ApiClient(url)
    if not (boxes or everything):
        if since or from_watermark or dry_run:
            raise click.UsageError("name boxes with --box, or say --all.")
        _show(client.get("backfills", list[Shown]), as_json=as_json)
        return
    if since and from_watermark:
        raise click.UsageError("say --since or --from-watermark.")
    since_ns = 0 if since is None else round(since.replace(tzinfo=UTC).timestamp()) * 10**9
    plan = client.post("backfills", Wish(boxes, since_ns, dry_run), list[Answerable])
    if as_json:
        show_json(plan)
        return
    rows = [
        (
            one.backfill.box,
            one.backfill.spool_id,
            f"{one.backfill.first}..{one.backfill.through}",
            str(one.count),
            str(one.missing),
            one.why,
        )
        for one in plan
    ]
    show_table(("box", "spool", "sequences", "asked for" if not dry_run else "can send", "not kept", "why"), rows)
    if not plan:
        click.echo("nothing is known to be missing." if since is None else "no box has said that it keeps anything.")


def _show(found: list[Shown], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    rows = [
        (
            *(one.box, one.spool_id, one.lane.value, one.stage.value, f"{one.first}..{one.through}"),
            *(str(one.came), str(one.missing), moment(one.found_ns), moment(one.asked_ns)),
        )
        for one in (shown.backfill for shown in found)
    ]
    show_table(("box", "spool", "lane", "stage", "sequences", "came", "not kept", "found", "asked"), rows)
    if not rows:
        click.echo("nothing is known to be missing.")
