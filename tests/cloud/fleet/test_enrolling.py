"""How a new box gets its certificate: the maintainer's side, the box's, and the real API between them."""

import asyncio
import stat
import threading
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes

import httpx
import msgspec
import pytest
import small_city
from city_authority import CityAuthority

from cloud.api.app import create_app
from cloud.api.guesses import MOST
from cloud.api.server import serving
from cloud.api_client import ApiClient
from cloud.cases.practice import Practice
from cloud.fleet import enrolling
from cloud.fleet.authority import Authority
from cloud.fleet.enrolling import Enrolled, Enrolling
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.stores import embedded
from cloud.tables import audit, claims
from cloud.tables.audit import Wanted
from edge.claiming import Claiming
from wire import certificate, certificate_request
from wire.claim import Claim, Code, EnrolmentError, Welcome, code_of, new_code, said_by_box
from wire.errors import ConfigError, EgretError, Unreachable, Unsafe

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
BOX, OTHER = "XM-TA-01", "XM-SM-01"
BROKER = "mqtts://broker-1.city.example:8883"


@pytest.fixture(scope="module")
def city_ca(tmp_path_factory: pytest.TempPathFactory) -> CityAuthority:
    """The authority that the manual makes."""
    return CityAuthority(tmp_path_factory.mktemp("authority"))


@dataclass
class Town:
    """A cloud between a maintainer with an authority and boxes; `later_ns` is how far its clock has gone."""

    folder: Path
    ledger: Ledger
    url: str
    authority: Authority
    clock: list[int] = field(default_factory=lambda: [NOW_NS])

    def box(self, name: str = BOX, folder: str = "box", off_s: int = 0) -> Claiming:
        """Its side; its clock is off by `off_s`."""
        now = lambda: self.clock[0] + off_s * small_city.SECOND_NS  # noqa: E731
        return Claiming(name, self.url, self.folder / folder, now, self.sleep)

    async def give(self, box: str = BOX, lasts_s: float = 3600) -> tuple[Code, "asyncio.Task[Enrolled]"]:
        """A code, and the maintainer's command that waits."""
        code, shown = new_code(token_bytes), threading.Event()
        side = Enrolling(ApiClient(self.url), self.authority, ("trusted\n",), BROKER, lambda: self.clock[0], self.sleep)
        waiting = asyncio.create_task(asyncio.to_thread(side.enroll, box, code, lasts_s, shown.set))
        while not (shown.is_set() or waiting.done()):
            await asyncio.sleep(0.01)
        return code, waiting

    async def claims(self, code: Code, box: Claiming | None = None, within_s: float = 60) -> Welcome:
        """A box with this code."""
        return await asyncio.to_thread((box or self.box()).claim, code, within_s)

    def sleep(self, _: float) -> None:
        """Nobody waits long in a test."""
        threading.Event().wait(0.02)

    async def acts(self) -> list[tuple[str, str, str]]:
        """Of the audit log: who, what, outcome."""
        lines = await self.ledger.read(lambda connection: list(audit.onward(connection, Wanted())))
        return [(one.actor, one.act, one.outcome) for one in lines]


@pytest.fixture
async def town(tmp_path: Path, city_ca: CityAuthority) -> AsyncIterator[Town]:
    """Two boxes that have no certificate."""
    city, clock = small_city.inventory(tmp_path), [NOW_NS]
    store = embedded.open_store(embedded.Config(folder=str(tmp_path)))
    ledger = Ledger(tmp_path / "ledger.sqlite", lambda: clock[0], Practice(city))
    async with ledger, store, serving(create_app(ledger, store, Live(), city, lambda: clock[0])) as url:
        yield Town(tmp_path, ledger, f"{url}/api/v1", Authority(city_ca.folder, "of a test"), clock)


async def refused(claim: Awaitable[Welcome], code: str) -> EgretError:
    """The error with this code."""
    with pytest.raises(EgretError) as caught:
        await claim
    assert caught.value.code == code
    return caught.value


async def test_a_box_gets_its_certificate(town: Town, city_ca: CityAuthority) -> None:
    """Its key is its own, the certificate is the city's, and the log says who gave it and who came."""
    code, waiting = await town.give()
    welcome = await town.claims(code)
    done = await waiting
    files = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (town.folder / "box").iterdir()}
    assert files == {"ca.pem": 0o044, "fleet.pub": 0o044, f"{BOX}.pem": 0o044, f"{BOX}.key": 0}
    [got] = certificate.find(town.folder / "box" / f"{BOX}.pem")
    key = (town.folder / "box" / f"{BOX}.key").read_bytes()
    assert (got.name, got.ends_ns) == (BOX, done.ends_ns)
    assert got.key_sha256 == certificate_request.public_sha256(key)
    assert (welcome.broker, welcome.authority) == (BROKER, (city_ca.folder / "ca.pem").read_text())
    assert await town.acts() == [
        ("demo", "fleet.enroll", "done"),
        (f"box {BOX}", "fleet.claim", "done"),
        ("demo", "fleet.enroll", "done"),
    ]
    assert town.authority.require_current(welcome.certificate, BOX, NOW_NS) is None


async def test_the_ledger_holds_nothing_that_opens_a_door(town: Town) -> None:
    """Not the code, not its door, not the key."""
    code, waiting = await town.give()
    await town.claims(code)
    await waiting
    kept = msgspec.json.encode(await town.ledger.read(lambda connection: claims.of(connection, BOX))).decode()
    assert code.door not in kept
    assert str(code).replace("-", "") not in kept
    assert "PRIVATE" not in kept


async def test_an_interrupted_claim_goes_on(town: Town) -> None:
    """A box that dies after it has asked, or after it was answered, asks again the same and is answered the same."""
    code, waiting = await town.give()
    folder = town.folder / "box"
    with pytest.raises(Unreachable, match="has not answered"):
        await town.claims(code, within_s=-1)
    key, request = ((folder / f"{BOX}.{end}").read_bytes() for end in ("key.new", "csr"))
    await waiting
    await town.claims(code)
    assert (folder / f"{BOX}.key").read_bytes() == key
    (folder / f"{BOX}.key").rename(folder / f"{BOX}.key.new")
    (folder / f"{BOX}.csr").write_bytes(request)
    await town.claims(code)
    assert (folder / f"{BOX}.key").read_bytes() == key


async def test_a_slip_of_the_pen(town: Town) -> None:
    """A wrong letter is found before anybody is asked; small letters, blanks and 0 for O are none."""
    code, waiting = await town.give()
    written = str(code)
    assert str(code_of(written.lower().replace("-", " ").replace("o", "0"))) == written
    for wrong in (written[:-1], written[:-1] + ("A" if written[-1] != "A" else "B"), "", "Ω" * 32):
        with pytest.raises(EnrolmentError, match="E-ENROL-001"):
            code_of(wrong)
    await town.claims(code)
    await waiting


async def test_codes_that_nobody_gave_out(town: Town) -> None:
    """Each is refused, and after thirty of them so is the address; a good code opens all the same."""
    code, waiting = await town.give()
    for _ in range(MOST):
        await refused(town.claims(new_code(token_bytes)), "E-ENROL-002")
    await refused(town.claims(new_code(token_bytes)), "E-ENROL-010")
    await town.claims(code)
    await waiting


async def test_a_code_that_has_expired(town: Town) -> None:
    """It opens nothing, and the maintainer's command ends with the same words."""
    code, waiting = await town.give(lasts_s=60)
    town.clock[0] += 61 * small_city.SECOND_NS
    error = await refused(town.claims(code), "E-ENROL-003")
    assert isinstance(error, EnrolmentError)
    with pytest.raises(EnrolmentError, match="no box has come"):
        await waiting


async def test_the_second_with_a_code(town: Town) -> None:
    """The code was for one request: another machine with the same code is refused, and that is in the log."""
    code, waiting = await town.give()
    await town.claims(code)
    await waiting
    error = await refused(town.claims(code, town.box(folder="thief")), "E-ENROL-004")
    assert "a request from 127.0.0.1 was there first" in error.what
    assert (await town.acts())[-1] == (f"box {BOX}", "fleet.claim", "refused")
    assert not (town.folder / "thief" / f"{BOX}.pem").exists()


async def test_what_does_not_use_up_a_code(town: Town) -> None:
    """Another box's name, or a clock that is wrong: said, and then the code is as good as before."""
    code, waiting = await town.give()
    await refused(town.claims(code, town.box(OTHER, "other")), "E-ENROL-005")
    error = await refused(town.claims(code, town.box(off_s=-3600)), "E-ENROL-006")
    assert error.what == "the box's clock is 3600 s behind the cloud's."
    await town.claims(code)
    await waiting


async def test_a_newer_code_voids_the_one_before(town: Town) -> None:
    """Of two maintainers the later one counts, and the other is told."""
    first, waiting = await town.give()
    second, waiting_too = await town.give()
    with pytest.raises(EgretError, match="this code counts no more"):
        await waiting
    await refused(town.claims(first), "E-ENROL-002")
    await town.claims(second)
    await waiting_too


async def test_a_box_that_the_city_does_not_have(town: Town) -> None:
    """There is no code for it."""
    with pytest.raises(EgretError, match="E-FLEET-020"):
        await (await town.give("XM-NO-01"))[1]


async def test_a_request_that_a_thief_has_put_in_place_of_the_boxs(town: Town, city_ca: CityAuthority) -> None:
    """Whoever saw the door on the way, or rules the cloud, has not the code: nothing is signed."""
    code, waiting = await town.give()
    request = certificate_request.request_of(certificate_request.new_key(), BOX)
    false = new_code(token_bytes).proof(*said_by_box(BOX, request))
    body = msgspec.json.encode(Claim(code.door, BOX, NOW_NS, request, false))
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient() as client:
        assert (await client.post(f"{town.url}/claims", content=body, headers=headers)).status_code == 200
    before = (city_ca.folder / "index.txt").read_text()
    with pytest.raises(EnrolmentError, match="was not made by whoever has the code"):
        await waiting
    assert (city_ca.folder / "index.txt").read_text() == before
    await refused(town.claims(code), "E-ENROL-009")


async def test_an_answer_that_somebody_has_put_in_place_of_the_maintainers(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloud that sends the box to another broker, or gives it other keys to trust, is not believed."""
    monkeypatch.setattr(enrolling, "said_by_maintainer", lambda *_: ("something else",))
    code, waiting = await town.give()
    with pytest.raises(Unsafe, match="was not made by whoever gave out the code"):
        await town.claims(code)
    await waiting
    assert {path.name for path in (town.folder / "box").iterdir()} == {f"{BOX}.key.new", f"{BOX}.csr"}


async def test_the_box_hears_why_it_gets_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that asks for more than a name is refused by the maintainer's command, and the box says so."""
    plain = certificate_request.request_of
    monkeypatch.setattr(certificate_request, "request_of", lambda key, _: plain(key, "egret-cloud"))
    code, waiting = await town.give()
    asking = asyncio.create_task(town.claims(code))
    with pytest.raises(EnrolmentError, match="must be CN=XM-TA-01 alone"):
        await waiting
    error = await refused(asking, "E-ENROL-009")
    assert "E-ENROL-007" in error.what


async def test_an_authority_that_cannot_sign(town: Town, city_ca: CityAuthority, tmp_path: Path) -> None:
    """A wrong pass phrase is said by openssl; a folder without an authority says what is missing."""
    town.authority = Authority(city_ca.folder, "another")
    code, waiting = await town.give()
    asking = asyncio.create_task(town.claims(code))
    with pytest.raises(EnrolmentError, match="openssl has signed nothing"):
        await waiting
    await refused(asking, "E-ENROL-009")
    with pytest.raises(ConfigError, match=r"it has no ca\.cnf, "):
        Authority(tmp_path, "")


@pytest.mark.parametrize("answer", [b"HTTP/1.0 200 OK\r\n\r\n<html>Log in!", b"SSH-2.0-OpenSSH\r\n"])
async def test_somebody_else_answers(town: Town, answer: bytes) -> None:
    """A mobile network's page of welcome, or another program at that port: said like a cloud that is not there."""

    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(says, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        box = Claiming(BOX, url, town.folder / "box", lambda: NOW_NS, town.sleep)
        await refused(town.claims(new_code(token_bytes), box), "E-ENROL-014")


async def test_a_cloud_that_is_none(town: Town) -> None:
    """Nobody there, or a web server that is not ours."""
    code = new_code(token_bytes)
    nowhere = Claiming(BOX, "http://127.0.0.1:9/api/v1", town.folder / "box", lambda: NOW_NS, town.sleep)
    await refused(town.claims(code, nowhere), "E-ENROL-014")
    elsewhere = Claiming(BOX, town.url.removesuffix("/api/v1"), town.folder / "box", lambda: NOW_NS, town.sleep)
    await refused(town.claims(code, elsewhere), "E-API-004")
