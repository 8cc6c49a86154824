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
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.problems import RequestError
from cloud.cases.case_photo import CasePhoto
from cloud.photos import MEDIA_TYPE, UPLOAD_MAX, NoSuchPhoto, Photo, PhotoFolder, PhotoRefused

InFolder = SkipValidation[PhotoFolder]
UPLOAD_S = 300.0
"""15 MB at 0.4 Mbit/s, the edge of a network."""


def router(folder: PhotoFolder) -> Router:
    """The routes, keeping their pictures in this folder."""
    return Router(
        "/api/v1/cases/{number:str}/photos",
        route_handlers=[photos, photo, add_photo],
        dependencies={"folder": Provide(lambda: folder, sync_to_thread=False)},
        tags=["cases"],
    )


def require_picture(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard of everything that takes a photo: no form of another site sends `image/*`. Raises RequestError."""
    if not connection.headers.get("content-type", "").startswith("image/"):
        fix = "send the bytes of the photo, with Content-Type: image/jpeg."
        raise RequestError("the body must be a photo.", status=415, fix=fix, code="E-API-016")


async def kept(request: AnyRequest, folder: PhotoFolder) -> Photo:
    """The photo in the body of the request, checked, cleaned and in the folder. Raises PhotoRefused."""
    what = f"the photo is too large; {UPLOAD_MAX / 1e6:.0f} MB are taken."
    too_large = PhotoRefused(what, fix="send it in a smaller size.", code="E-PHOTO-001")
    return await folder.keep(await bodies.read(request, UPLOAD_MAX, UPLOAD_S, too_large))


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
    desk: OnDesk, actor: OnActor, request: AnyRequest, folder: InFolder, number: FromPath[str]
) -> CasePhoto:
    """JPEG, PNG or WebP of at most 15 MB; time and place are read, and nothing is kept but the picture."""
    await desk.casebook.case(number, actor)
    added = await desk.casebook.add_photo(number, await kept(request, folder), actor)
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
