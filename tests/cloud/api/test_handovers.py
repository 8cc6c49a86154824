"""A commissioning that was made without a network comes to the city: `egret site export`, `egret site upload`."""

import io
import zipfile
from pathlib import Path

import httpx
import linked_town
import msgspec
import pytest
from click.testing import CliRunner
from commissioned import PLAN, RECORD
from linked_town import Town, photo

from cloud.api_client import ApiClient
from cloud.commands.site_upload import upload
from edge.field import bundle, reporting
from edge.field.record import Cabinet

SITE = "XM-TA-0117"
"""The billboard of the small city."""
ZIP = {"Content-Type": "application/zip"}


@pytest.fixture
def exported(tmp_path: Path) -> bytes:
    """What an engineer takes home: signed, with a photo."""
    folder = tmp_path / "commissioning" / f"{SITE}-T1"
    (tmp_path / "mount.jpg").write_bytes(photo())
    picture = reporting.take_photo(folder, tmp_path / "mount.jpg")
    record = msgspec.structs.replace(RECORD, plan=msgspec.structs.replace(PLAN, site=SITE), photo=picture)
    Cabinet(folder).save(record)
    reporting.sign(folder, record, tmp_path / "key.pem")
    bundle.pack(folder, record, tmp_path / "out.zip", None)
    return (tmp_path / "out.zip").read_bytes()


def rezipped(data: bytes, ending: str, other: bytes) -> bytes:
    """The same bundle, with the file that ends so replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, other if name.endswith(ending) else before.read(name))
    return target.getvalue()


async def send(client: httpx.AsyncClient, data: bytes) -> httpx.Response:
    """As the command does."""
    return await client.post("/api/v1/commissionings", content=data, headers=ZIP)


async def listed(town: Town, name: str, site: str = SITE) -> httpx.Response:
    """What somebody is shown of a site."""
    return await (await town.person(name)).get(f"/api/v1/sites/{site}/commissionings")


async def test_a_bundle_is_proven_kept_once_and_shown_with_its_site(tmp_path: Path, exported: bytes) -> None:
    """Sensor, person, model, outcome and key; the signed report byte for byte, the photo; one line in the audit log."""
    async with linked_town.opened(tmp_path) as town:
        zhao = await town.person("zhao")
        first, again = await send(zhao, exported), await send(zhao, exported)
        assert (first.status_code, again.json()) == (201, first.json())
        [shown] = (await listed(town, "zhao")).json()
        assert (shown["sensor"], shown["person"], shown["proof"], shown["outcome"]) == (
            f"{SITE}-T1",
            "陈工",
            "proven",
            "passed",
        )
        place = f"/api/v1/sites/{SITE}/commissionings/{shown['hash']}"
        signed = (tmp_path / "commissioning" / f"{SITE}-T1" / "report.json").read_bytes()
        assert (await zhao.get(place)).content == signed
        assert (await zhao.get(f"{place}/photo")).headers["content-type"] == "image/jpeg"
        lines = (await zhao.get("/api/v1/audit?act=site.handover")).json()
        assert [line["object"] for line in lines] == [f"sensor {SITE}-T1"]


async def test_who_may_not_maintain_hands_nothing_over(tmp_path: Path, exported: bytes) -> None:
    """A handler adds none, and of another district sees none; nobody gets in without a login."""
    async with linked_town.opened(tmp_path) as town:
        assert (await send(await town.person("chen"), exported)).status_code == 403
        assert (await send(town.phone, exported)).status_code == 401
        assert (await (await town.person("chen")).get(f"/api/v1/sites/{SITE}/commissionings/{'0' * 64}")).json()[
            "code"
        ] == "E-HANDOVER-006"


async def test_what_was_changed_after_it_was_signed_is_refused(tmp_path: Path, exported: bytes) -> None:
    """A word of the report, the photo, noise, a zip bomb: each with its code; nothing is kept."""
    report = zipfile.ZipFile(io.BytesIO(exported)).read(f"{SITE}-T1/report.json")
    bad = {
        rezipped(exported, "report.json", report.replace("陈工".encode(), "王工".encode())): (422, "E-FIELD-041"),
        rezipped(exported, "photo.jpg", photo("blue")): (422, "E-FIELD-041"),
        rezipped(exported, "report.json", b"{}"): (422, "E-HANDOVER-002"),
        rezipped(exported, "report.json", bytes(3_000_000)): (413, "E-HANDOVER-003"),
        b"no zip": (422, "E-HANDOVER-001"),
        exported[:500]: (422, "E-HANDOVER-001"),
    }
    async with linked_town.opened(tmp_path) as town:
        zhao = await town.person("zhao")
        for data, expected in bad.items():
            refused = await send(zhao, data)
            assert (refused.status_code, refused.json()["code"]) == expected
        form = await zhao.post("/api/v1/commissionings", content=exported, headers={"Content-Type": "text/plain"})
        assert (form.status_code, form.json()["code"]) == (415, "E-HANDOVER-004")
        assert (await listed(town, "zhao")).json() == []


def test_the_command_says_what_became_of_it(tmp_path: Path, exported: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a bundle; a file that is not there is a message, and no traceback."""
    answer = {"hash": "0" * 64, "sensor": f"{SITE}-T1", "outcome": "passed", "key": "00ff"}
    sent: list[bytes] = []

    def send_it(_: ApiClient, path: str, data: bytes, media_type: str, kind: type[object]) -> object:
        assert (path, media_type) == ("commissionings", "application/zip")
        sent.append(data)
        return msgspec.convert(answer, kind)

    monkeypatch.setattr(ApiClient, "send", send_it)
    said = CliRunner().invoke(upload, [str(tmp_path / "out.zip")])
    assert (sent, said.exit_code) == ([exported], 0)
    assert "self-test passed, signed with the key 00ff" in said.output
    missing = CliRunner().invoke(upload, [str(tmp_path / "none.zip")])
    assert "E-HANDOVER-007" in str(missing.exception)
