"""GET /map: the districts as polygons, when somebody has built a map. The board draws without, too."""

import msgspec
from litestar import Response, get

from cloud.api.desk import OnDesk
from cloud.api.paging import AnyRequest
from wire.city_map import MapDistrict
from wire.rings import Bounds


class CityMapAnswer(msgspec.Struct, frozen=True):
    """WGS-84 degrees. `bounds` are west, south, east and north, null without a map.

    `source` says whose data it is, `approval` is its 审图号: show both. A ring is flat (longitude, latitude,
    longitude, latitude, …) and closed; a district's rings make its area by the even-odd rule.
    """

    source: str
    approval: str
    bounds: Bounds | None
    districts: tuple[MapDistrict, ...]


_NONE = CityMapAnswer("", "", None, ())


@get("/map", tags=["city"], summary="The districts as polygons")
async def city_map(desk: OnDesk, request: AnyRequest) -> Response[CityMapAnswer]:
    """What `egret map build` has made; no districts when it has not."""
    served = desk.map_file.newest()
    headers = {"ETag": f'"{served.mark}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]  # 304 has no body
    found = served.city_map
    answer = CityMapAnswer(found.source, found.approval, found.bounds, found.districts) if found else _NONE
    return Response(answer, headers=headers)
