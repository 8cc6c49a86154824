"""Photos of cases over HTTP: who may add and see them, what comes back, what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import linked_town
import pytest
from linked_town import JPEG, photo

from wire.picture import UPLOAD_MAX


async def test_a_photo_is_added_listed_and_shown(tmp_path: Path) -> None:
    """The place of EXIF (24.7272° N, 118.1422° E) becomes facts; the picture that comes back has no EXIF."""
    async with linked_town.opened(tmp_path) as town:
        chen, number = await town.person("chen"), await town.lean()
        added = await chen.post(f"/api/v1/cases/{number}/photos", content=photo(), headers=JPEG)
        assert added.status_code == 201
        fact = added.json()
        assert (fact["latitude"], fact["longitude"]) == (pytest.approx(24.7272), pytest.approx(118.1422))
        assert (fact["added_by"], fact["width"], fact["height"]) == ("chen", 640, 480)
        assert (await chen.get(f"/api/v1/cases/{number}/photos")).json() == [fact]
        shown = await chen.get(f"/api/v1/cases/{number}/photos/{fact['hash']}")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert (shown.headers["x-content-type-options"], shown.headers["cache-control"]) == (
            "nosniff",
            "private, no-cache",
        )
        assert b"SECRETPHONE" not in shown.content
        assert b"Exif" not in shown.content
        again = await chen.get(
            f"/api/v1/cases/{number}/photos/{fact['hash']}", headers={"If-None-Match": shown.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


async def test_the_same_photo_again_is_one(tmp_path: Path) -> None:
    """A phone that had no answer sends it once more."""
    async with linked_town.opened(tmp_path) as town:
        chen, number = await town.person("chen"), await town.lean()
        for _ in range(2):
            await chen.post(f"/api/v1/cases/{number}/photos", content=photo(), headers=JPEG)
        assert len((await chen.get(f"/api/v1/cases/{number}/photos")).json()) == 1


async def test_the_case_is_the_key_to_its_photos(tmp_path: Path) -> None:
    """A handler of another unit gets none of it; a hash opens nothing under a case that it does not belong to."""
    async with linked_town.opened(tmp_path) as town:
        zhao, ma, number = await town.person("zhao"), await town.person("ma"), await town.lean()
        added = await zhao.post(f"/api/v1/cases/{number}/photos", content=photo(), headers=JPEG)
        name = added.json()["hash"]
        for path in (f"/api/v1/cases/{number}/photos", f"/api/v1/cases/{number}/photos/{name}"):
            assert (await ma.get(path)).status_code == 403
            assert (await town.phone.get(path)).status_code == 401
        refused = await ma.post(f"/api/v1/cases/{number}/photos", content=photo("blue"), headers=JPEG)
        assert refused.status_code == 403
        own = await town.file(zhao, "XM-SM-0001")
        assert (await ma.get(f"/api/v1/cases/{own}/photos/{name}")).status_code == 404
        assert (await ma.get(f"/api/v1/cases/{own}/photos/..%2f..%2fledger.db")).status_code == 404
        named = await ma.post(f"/api/v1/cases/{own}/acts", json={"act": "note", "photos": [name]})
        assert (named.status_code, named.json()["code"]) == (422, "E-CASE-014")


async def test_a_viewer_adds_no_photo(tmp_path: Path) -> None:
    """Looking is all that the role may do."""
    async with linked_town.opened(tmp_path) as town:
        wu, number = await town.person("wu"), await town.lean()
        assert (await wu.get(f"/api/v1/cases/{number}/photos")).status_code == 200
        refused = await wu.post(f"/api/v1/cases/{number}/photos", content=photo(), headers=JPEG)
        assert refused.status_code == 403


async def test_what_is_no_good_photo_is_refused(tmp_path: Path) -> None:
    """Each with its status, and with what to do; nothing of it is kept."""
    heic = b"\0\0\0\x18ftypheic" + bytes(64)
    bad = {
        "E-PHOTO-002": (415, b"<html>no picture</html>"),
        "E-PHOTO-003": (422, photo()[:400]),
        "E-PHOTO-005": (415, heic),
    }
    async with linked_town.opened(tmp_path) as town:
        chen, number = await town.person("chen"), await town.lean()
        url = f"/api/v1/cases/{number}/photos"
        for code, (status, sent) in bad.items():
            refused = await chen.post(url, content=sent, headers=JPEG)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
            assert refused.json()["fix"]
        form = await chen.post(url, files={"photo": photo()})
        assert (form.status_code, form.json()["code"]) == (415, "E-API-016")
        assert (await chen.post("/api/v1/cases/20990101-00001/photos", content=b"", headers=JPEG)).status_code == 404
        assert not (tmp_path / "photos").exists()


@pytest.mark.parametrize("is_said", [True, False])
async def test_an_oversized_photo_is_refused_before_it_is_read(tmp_path: Path, is_said: bool) -> None:  # noqa: FBT001
    """15 MB and one byte, with its length said, or in pieces of 1 MB that say nothing: 413."""

    async def pieces() -> AsyncIterator[bytes]:
        sent = 0
        while sent <= UPLOAD_MAX:
            yield bytes(1_000_000)
            sent += 1_000_000

    async with linked_town.opened(tmp_path) as town:
        chen, number = await town.person("chen"), await town.lean()
        content: bytes | AsyncIterator[bytes] = bytes(UPLOAD_MAX + 1) if is_said else pieces()
        refused = await chen.post(f"/api/v1/cases/{number}/photos", content=content, headers=JPEG)
        assert (refused.status_code, refused.json()["code"]) == (413, "E-PHOTO-001")
