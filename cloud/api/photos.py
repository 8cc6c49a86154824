"""Photos of cases: POST and GET /cases/{number}/photos, GET /cases/{number}/photos/{hash}."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, SkipValidation

from cloud.access.actor import Right
from cloud.api import bodies
from cloud.api.bodies import AnyRequest
from cloud.api.crowd import Crowd
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.problems import RequestError
from cloud.cases.case_photo import CasePhoto
from cloud.photos import NoSuchPhoto, PhotoFolder
from cloud.tables.photos import require_room
from wire.picture import MEDIA_TYPE, UPLOAD_MAX, Photo, PhotoRefused

InFolder = SkipValidation[PhotoFolder]
Uploads = SkipValidation[Crowd]
UPLOAD_S = 300.0
"""15 MB at 0.4 Mbit/s, the edge of a network."""
UPLOADS_MOST, UPLOADS_OF_ONE = 16, 4
"""Photos that come in at once, together and from one account or link: each is held whole, up to 15 MB."""


def router(folder: PhotoFolder) -> Router:
    """The routes, keeping their pictures in this folder."""
    return Router(
        "/api/v1/cases/{number:str}/photos",
        route_handlers=[photos, photo, add_photo],
        dependencies={"folder": Provide(lambda: folder, sync_to_thread=False), "uploads": crowd()},
        tags=["cases"],
    )


def require_picture(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard of everything that takes a photo: no form of another site sends `image/*`. Raises RequestError."""
    if not connection.headers.get("content-type", "").startswith("image/"):
        fix = "send the bytes of the photo, with Content-Type: image/jpeg."
        raise RequestError("the body must be a photo.", status=415, fix=fix, code="E-API-016")


def crowd() -> Provide:
    """The dependency behind `Uploads`: of one router, so that those without a login crowd out nobody else."""
    found = Crowd("photos", most=UPLOADS_MOST, of_one=UPLOADS_OF_ONE)
    return Provide(lambda: found, sync_to_thread=False)


async def received(request: AnyRequest, folder: PhotoFolder, uploads: Crowd, who: str) -> tuple[Photo, bytes]:
    """The photo in the body of the request, checked and cleaned; nothing of it is kept yet. Raises PhotoRefused."""
    what = f"the photo is too large; {UPLOAD_MAX / 1e6:.0f} MB are taken."
    too_large = PhotoRefused(what, fix="send it in a smaller size.", code="E-PHOTO-001")
    uploads.require_room(who)
    with uploads.joined(who):
        return await folder.clean(await bodies.read(request, UPLOAD_MAX, UPLOAD_S, too_large))


@get("/", summary="The photos of a case")
async def photos(desk: OnDesk, actor: OnActor, number: FromPath[str]) -> Sequence[CasePhoto]:
    """In the order they came."""
    await desk.casebook.case(number, actor)
    return await desk.casebook.photos(number)


@post(
    "/",
    summary="Add a photo to a case",
    guards=[require_picture, needs(Right.FILE_CASES)],
    request_max_body_size=None,
)
async def add_photo(
    desk: OnDesk, actor: OnActor, request: AnyRequest, folder: InFolder, uploads: Uploads, number: FromPath[str]
) -> CasePhoto:
    """JPEG, PNG or WebP of at most 15 MB; time and place are read, and nothing is kept but the picture."""
    await desk.casebook.case(number, actor)
    photo, clean = await received(request, folder, uploads, actor.name)
    require_room(number, await desk.casebook.photos(number), photo)
    await folder.keep(photo, clean)
    added = await desk.casebook.add_photo(number, photo, actor)
    desk.live.wake()
    return added


@get("/{name:str}", summary="One photo of a case", media_type=MEDIA_TYPE)
async def photo(
    desk: OnDesk, actor: OnActor, request: AnyRequest, folder: InFolder, number: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """JPEG. A browser asks again before it shows a copy: somebody else may sit there by then."""
    await desk.casebook.case(number, actor)
    if name not in {one.hash for one in await desk.casebook.photos(number)}:
        fix = "GET /api/v1/cases/{number}/photos lists them."
        raise NoSuchPhoto("the case has no such photo.", where=f"case {number}", fix=fix, code="E-PHOTO-006")
    headers = {"ETag": f'"{name}"', "Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
    if request.headers.get("if-none-match") == f'"{name}"':
        return Response(b"", status_code=304, headers=headers)
    return Response(await folder.read(name), media_type=MEDIA_TYPE, headers=headers)
