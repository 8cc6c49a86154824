"""Photos of cases: which pictures of the folder belong to which case."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, insert, select

from cloud.cases.case_photo import CasePhoto
from cloud.database import built
from cloud.schema.cases import case_photos
from wire.errors import BadAct
from wire.picture import Photo

MOST = 200
"""Photos of one case."""


def of(connection: Connection, number: str) -> Sequence[CasePhoto]:
    """In the order they came."""
    wanted = select(case_photos).where(case_photos.c.case == number).order_by(case_photos.c.added_ns)
    return [
        built(CasePhoto, {name: value for name, value in row.items() if name != "case"})
        for row in connection.execute(wanted).mappings()
    ]


def add(connection: Connection, number: str, photo: Photo, actor: str, now_ns: int) -> CasePhoto:
    """The same photo again changes nothing. Raises BadAct when the case has too many."""
    known = {one.hash: one for one in of(connection, number)}
    if photo.hash in known:
        return known[photo.hash]
    require_room(number, tuple(known.values()), photo)
    row = CasePhoto(
        hash=photo.hash,
        media_type=photo.media_type,
        width=photo.width,
        height=photo.height,
        size=photo.bytes,
        taken_ns=photo.taken_ns,
        longitude=photo.longitude,
        latitude=photo.latitude,
        added_ns=now_ns,
        added_by=actor,
    )
    connection.execute(insert(case_photos).values(case=number, **msgspec.structs.asdict(row)))
    return row


def require_room(number: str, known: Sequence[CasePhoto], photo: Photo) -> None:
    """Raises BadAct when the case, which has these photos, has too many for one more."""
    if len(known) >= MOST and photo.hash not in {one.hash for one in known}:
        what = f"a case has at most {MOST} photos."
        raise BadAct(what, where=f"case {number}", fix="choose those that show something.", code="E-CASE-013")


def require(connection: Connection, number: str, hashes: Sequence[str]) -> None:
    """Raises BadAct when the case has no such photos."""
    if not hashes:
        return
    wanted = select(func.count()).where(case_photos.c.case == number, case_photos.c.hash.in_(hashes))
    if connection.execute(wanted).scalar_one() != len(set(hashes)):
        what = "not all of these photos belong to it."
        raise BadAct(what, where=f"case {number}", fix="upload a photo first, then name its hash.", code="E-CASE-014")
