"""POST /commissionings: a bundle from the pole. Below /sites/{site} what was handed over, its reports and photos."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import Actor, Right, require_sight
from cloud.access.permits import sees_district
from cloud.api import bodies
from cloud.api.bodies import AnyRequest
from cloud.api.desk import Desk, OnDesk, site_named
from cloud.api.doors import OnActor, needs
from cloud.api.photos import UPLOAD_S, InFolder, Uploads, crowd
from cloud.api.problems import RequestError
from cloud.handover.bundle import BUNDLE_MAX, BadBundle, opened, record_of
from cloud.photos import PhotoFolder
from cloud.tables import audit, handovers
from cloud.tables.handovers import KeptHandover
from wire.picture import MEDIA_TYPE

MEDIA = "application/zip"


class Handover(msgspec.Struct, frozen=True):
    """A signed report as it is shown. `begun` is the laptop's clock (ISO 8601), `added_ns` ours.

    `key` names the key of the signature, `proof` is proven, possible or empty, `outcome` passed, failed or skipped:
    of the self-test. `photo`: is there one?
    """

    hash: str
    sensor: str
    begun: str
    person: str
    title: str
    proof: str
    outcome: str
    key: str
    photo: bool
    added_ns: int
    added_by: str


def routers(folder: PhotoFolder) -> tuple[Router, ...]:
    """The routes, keeping their pictures in this folder."""
    ours = {"folder": Provide(lambda: folder, sync_to_thread=False)}
    return (
        Router(
            "/api/v1/commissionings",
            route_handlers=[hand_over],
            dependencies=ours | {"uploads": crowd()},
            tags=["installations"],
        ),
        Router(
            "/api/v1/sites/{site:str}/commissionings",
            route_handlers=[commissionings, report, photo],
            dependencies=ours,
            tags=["installations"],
        ),
    )


def require_zip(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """No form of another site sends this type. Raises RequestError."""
    if connection.headers.get("content-type", "") != MEDIA:
        fix = f"send what `egret site export` has made, with Content-Type: {MEDIA}."
        raise RequestError("the body must be a bundle.", status=415, fix=fix, code="E-HANDOVER-004")


@post(
    "/",
    summary="Hand over a commissioning",
    guards=[require_zip, needs(Right.MAINTAIN)],
    request_max_body_size=None,
)
async def hand_over(desk: OnDesk, actor: OnActor, request: AnyRequest, folder: InFolder, uploads: Uploads) -> Handover:
    """The zip of `egret site export`; signature and photo are proven. The same report again changes nothing."""
    what = f"the bundle is too large; {BUNDLE_MAX / 1e6:.0f} MB are taken."
    too_large = BadBundle(what, fix="take a smaller photo, and sign again.", code="E-HANDOVER-003")
    uploads.require_room(actor.name)
    with uploads.joined(actor.name):
        bundle = opened(await bodies.read(request, BUNDLE_MAX, UPLOAD_S, too_large))
        site = bundle.record.plan.site
        if site not in desk.inventory.sites:
            fix = "put the site into the city's sensors.yaml first; the bundle's own copy shows how."
            raise BadBundle("nobody knows this site here.", where=f"site {site}", fix=fix, code="E-HANDOVER-005")
        _require_sight(desk, actor, site)
        name = ""
        if bundle.photo:
            picture, clean = await folder.clean(bundle.photo)
            await folder.keep(picture, clean)
            name = picture.hash
    kept = KeptHandover(
        hash=hashlib.sha256(bundle.text).hexdigest(),
        site=site,
        sensor=bundle.record.sensor,
        key=bundle.key,
        photo=name,
        report=bundle.text.decode(),
        added_ns=desk.now(),
        added_by=actor.name,
    )
    return _shown(await _keep(desk, actor, kept))


@get("/", summary="The commissionings of a site")
async def commissionings(desk: OnDesk, actor: OnActor, site: FromPath[str]) -> Sequence[Handover]:
    """Those that were handed over, the last first, at most 20."""
    _require_sight(desk, actor, site)
    return [_shown(one) for one in await desk.ledger.read(lambda connection: handovers.of(connection, site))]


@get("/{name:str}", summary="A signed report", media_type="application/json")
async def report(desk: OnDesk, actor: OnActor, site: FromPath[str], name: FromPath[str]) -> Response[str]:
    """Byte for byte as it was signed: `report.json` of `egret site report`, which proves it."""
    kept = await _one(desk, actor, site, name)
    headers = {"Content-Disposition": 'attachment; filename="report.json"', "Cache-Control": "private, no-cache"}
    return Response(kept.report, media_type="application/json", headers=headers)


@get("/{name:str}/photo", summary="The photo of a commissioning", media_type=MEDIA_TYPE)
async def photo(
    desk: OnDesk, actor: OnActor, folder: InFolder, site: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """JPEG, written anew from the one that was signed."""
    kept = await _one(desk, actor, site, name)
    headers = {"Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
    return Response(await folder.read(kept.photo), media_type=MEDIA_TYPE, headers=headers)


def _require_sight(desk: Desk, actor: Actor, site: str) -> None:
    known = site_named(desk, site)
    if not sees_district(actor, known.district):
        require_sight(actor, known.district, where=f"site {site}")


async def _keep(desk: Desk, actor: Actor, handover: KeptHandover) -> KeptHandover:
    """As it is in the ledger, with a line in the audit log when it is new."""

    def keep(connection: Connection) -> KeptHandover:
        if handovers.add(connection, handover):
            thing, detail = f"sensor {handover.sensor}", f"report {handover.hash}, key {handover.key}"
            audit.add(connection, acts.line(actor, "site.handover", thing, desk.now(), detail=detail))
        return handovers.one(connection, handover.site, handover.hash) or handover

    return await desk.ledger.write(keep)


async def _one(desk: Desk, actor: Actor, site: str, name: str) -> KeptHandover:
    _require_sight(desk, actor, site)
    kept = await desk.ledger.read(lambda connection: handovers.one(connection, site, name))
    if kept is None:
        fix = f"GET /api/v1/sites/{site}/commissionings lists them."
        raise RequestError("the site has no such report.", status=404, fix=fix, code="E-HANDOVER-006")
    return kept


def _shown(kept: KeptHandover) -> Handover:
    record = record_of(kept.report)
    return Handover(
        hash=kept.hash,
        sensor=kept.sensor,
        begun=record.begun,
        person=record.plan.person,
        title=record.found.title if record.found else "",
        proof=record.found.proof if record.found else "",
        outcome=record.outcome,
        key=kept.key,
        photo=bool(kept.photo),
        added_ns=kept.added_ns,
        added_by=kept.added_by,
    )
