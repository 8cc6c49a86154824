"""A photo of a case; its picture lies in the folder of photos under its hash."""

import msgspec


class CasePhoto(msgspec.Struct, frozen=True):
    """A photo of a case. `taken_ns` and the place (WGS-84 degrees) are what the camera wrote, None when it did not."""

    hash: str
    media_type: str
    width: int
    height: int
    size: int
    taken_ns: int | None
    longitude: float | None
    latitude: float | None
    added_ns: int
    added_by: str
