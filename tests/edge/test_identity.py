"""Which certificate a box shows, and when it goes over to the next one; the authority is the manual's."""

import asyncio
import errno
import ssl
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from city_authority import CityAuthority, odd_version

from cloud.fleet.authority import Authority
from edge.checkup import Facts, Places, look
from edge.identity import Identity
from edge.link import MqttLinks
from edge.ports import Delivery
from wire import certificate, topics
from wire.broker import Broker
from wire.finding import State
from wire.receipt import BoxStatus
from wire.renewal import Renewal, Renewed

BOX = "XM-TA-01"
DAY_NS = 86_400 * 10**9


@pytest.fixture(scope="module")
def city_ca(tmp_path_factory: pytest.TempPathFactory) -> CityAuthority:
    """It has given this box a certificate for ten days, and another box one."""
    authority = CityAuthority(tmp_path_factory.mktemp("authority"))
    authority.issue(BOX, ends=f"{datetime.now(UTC) + timedelta(days=10):%Y%m%d%H%M%SZ}")
    (authority.folder / f"{BOX}.pem").rename(authority.folder / "given.pem")
    (authority.folder / f"{BOX}.key").rename(authority.folder / "given.key")
    return authority


@dataclass
class Box:
    """One that was started with a certificate for ten days."""

    given: Broker
    data: Path
    authority: Authority
    later_ns: int = 0

    def __post_init__(self) -> None:
        """As a process begins."""
        self.identity = Identity(BOX, self.given, self.data, lambda: time.time_ns() + self.later_ns)

    @property
    def shows(self) -> str:
        """The name of the file that it shows next."""
        return Path(self.identity.way(self.given).certificate).name

    def hear(self, text: str, box: str = BOX) -> bool:
        """A certificate comes."""
        delivery = Delivery(topics.topic(BOX, "desired"), msgspec.json.encode(Renewed(box, text)))
        is_one = self.identity.hear(delivery)
        self.identity.takes()
        return is_one

    def ask(self) -> Renewal:
        """What it asks for now."""
        found = self.identity._wanted()
        assert found is not None
        return found

    def comes_in(self) -> None:
        """The broker lets it in."""
        assert self.shows
        self.identity.tried(was_let_in=True)

    def renewed(self) -> str:
        """The next certificate, as the authority signs it."""
        text = self.authority.sign(self.ask().request, BOX)
        self.hear(text)
        return text


@pytest.fixture
def box(tmp_path: Path, city_ca: CityAuthority) -> Box:
    """It has nothing but that."""
    files = {name: str(city_ca.folder / file) for name, file in (("certificate", "given.pem"), ("key", "given.key"))}
    way = Broker("localhost", 8883, is_tls=True, ca=str(city_ca.folder / "ca.pem"), **files)
    return Box(way, tmp_path, Authority(city_ca.folder, "of a test"))


def test_the_next_one_is_shown_first_and_kept_when_it_was_let_in(box: Box) -> None:
    """Then the request is over; a process that starts anew shows it, too."""
    assert box.shows == "given.pem"
    text = box.renewed()
    assert box.shows == "trial.pem"
    assert (box.data / "identity/trial.pem").stat().st_mode & 0o777 == 0o600
    box.identity.tried(was_let_in=True)
    assert box.shows == "current.pem"
    assert sorted(path.name for path in (box.data / "identity").iterdir()) == ["current.pem"]
    assert box.hear(text), "sent again, it is heard, and changes nothing"
    assert Box(box.given, box.data, box.authority).shows == "current.pem"
    assert box.identity._wanted() is None


def test_the_page_of_health_judges_the_one_that_counts(box: Box) -> None:
    """Not the file that the box was started with, which ends while the box is well."""
    nowhere = replace(box.given, host="127.0.0.1", port=1)
    places = Places(box.data, box.data, box.data / "sensors.yaml", nowhere, box.identity)
    facts = Facts(BoxStatus(BOX, online=True, time_ns=0, boot="b00t", version=""), 0.0, {})

    def said() -> list[tuple[State, str]]:
        page = look(places, facts, time.time_ns())
        return [(found.state, found.what) for found in page if found.subject in {"certificates", "keys"}]

    assert said()[1] == (State.WARNING, f"{box.given.certificate} ends in 9 days.")
    box.renewed()
    box.comes_in()
    current = box.data / "identity/current.pem"
    assert said() == [(State.OK, f"{current} is its owner's"), (State.OK, "XM-TA-01 for 729 days")]


def test_a_spare_way_proves_nothing(box: Box) -> None:
    """It is opened while the uplink shows the old certificate and the next one has come: that one is not let in yet."""
    assert box.shows == "given.pem"
    box.renewed()
    links = MqttLinks(replace(box.given, others=(("127.0.0.1", 8884),)), BOX, identity=box.identity)
    assert Path(links.spare(0)._broker.certificate).name == "given.pem"
    box.identity.tried(was_let_in=True)
    assert box.shows == "trial.pem"


def test_a_broker_that_is_away_decides_nothing(box: Box) -> None:
    """Old and new are shown in turn until one of them is let in; the old one is never thrown away before."""
    box.renewed()
    shown = []
    for _ in range(4):
        shown.append(box.shows)
        box.identity.tried(was_let_in=False)
    assert shown == ["trial.pem", "given.pem", "trial.pem", "given.pem"]


def test_one_that_is_refused_where_the_old_one_is_let_in(box: Box) -> None:
    """Once may be the network. The third time it is dropped, and another is asked for with another key."""
    first = box.ask()
    box.renewed()
    for was_let_in in (False, True) * 3:
        assert box.shows == ("given.pem" if was_let_in else "trial.pem")
        box.identity.tried(was_let_in=was_let_in)
    assert box.shows == "given.pem"
    assert box.ask().request != first.request


def test_a_box_that_starts_anew_asks_the_same(box: Box) -> None:
    """A power cut makes no second request, and its first report names it: else the cloud would forget its answer.

    Also with a clock that is behind. One that the disk has spoiled is none, and the box asks anew.
    """
    asked = box.ask()
    for later_ns in (0, -60 * DAY_NS):
        again = Box(box.given, box.data, box.authority, later_ns)
        assert again.identity.renewal == asked == again.ask()
    (box.data / "identity/next.json").write_text("torn")
    again = Box(box.given, box.data, box.authority)
    assert again.identity.renewal is None
    assert again.ask().request != asked.request


def test_nothing_is_asked_for_before_it_is_time_or_after_it_is_over(box: Box) -> None:
    """From 30 days before the end to the end."""
    for days, asks in ((-25, False), (-19, True), (9, True), (11, False)):
        box.later_ns = days * DAY_NS
        assert (box.identity._wanted() is not None) is asks


def test_what_is_not_what_was_asked_for(box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another key, another box, another authority's, one that has ended, noise: refused, and the old one stays."""
    box.ask()
    other = box.authority.sign(Box(box.given, tmp_path / "other", box.authority).ask().request, BOX)
    foreign_ca = CityAuthority(tmp_path)
    foreign = Authority(foreign_ca.folder, "of a test").sign(box.ask().request, BOX)
    good = box.authority.sign(box.ask().request, BOX)
    for text, name in ((other, BOX), (good, "XM-SM-01"), (foreign, BOX), ("noise", BOX)):
        assert box.hear(text, name)
        assert box.shows == "given.pem"
    box.later_ns = 1_000 * DAY_NS
    box.hear(good)
    assert box.shows == "given.pem"
    said = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert len(said) == 5
    assert not box.identity.hear(Delivery(topics.topic(BOX, "desired"), b'{"schema":"egret.desired/1"}'))


def test_nothing_but_the_certificate_is_kept(box: Box) -> None:
    """A broker that adds to it, or bends it, spoils no file: TLS can read what the box shows."""
    text = box.authority.sign(box.ask().request, BOX)
    assert box.hear(odd_version(text))
    assert box.shows == "given.pem"
    noise = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"
    box.hear(noise.format("X509 CERTIFICATE") + text + noise.format("CERTIFICATE"))
    assert box.shows == "trial.pem"
    ssl.create_default_context().load_cert_chain(box.data / "identity/trial.pem")


def test_a_disk_that_refuses(box: Box) -> None:
    """The box works on, and shows what the broker has let in."""
    box.renewed()
    (box.data / "identity/current.pem").mkdir()
    for _ in range(2):
        assert box.shows == "trial.pem"
        box.comes_in()


async def test_a_disk_that_does_not_answer(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hearing a certificate touches no file; where none can be looked at, the box goes on with the one it has."""
    text = box.authority.sign(box.ask().request, BOX)

    def broken(path: Path) -> bool:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(Path, "exists", broken)
    box.identity.hear(Delivery(topics.topic(BOX, "desired"), msgspec.json.encode(Renewed(BOX, text))))
    renewing = asyncio.create_task(box.identity.renew(lambda: None))
    await asyncio.sleep(0.1)
    assert box.shows == "given.pem"
    monkeypatch.undo()
    box.identity.hear(Delivery(topics.topic(BOX, "desired"), msgspec.json.encode(Renewed(BOX, text))))
    await asyncio.wait_for(renewing, 60)
    assert box.shows == "trial.pem"


def test_a_box_that_was_enrolled_again(box: Box, city_ca: CityAuthority) -> None:
    """The files it is started with are newer than what it renewed before: they count."""
    box.renewed()
    box.comes_in()
    late = city_ca.issue(BOX, ends=f"{datetime.now(UTC) + timedelta(days=800):%Y%m%d%H%M%SZ}")
    again = Box(replace(box.given, certificate=str(late)), box.data, box.authority)
    assert again.shows == late.name


def test_the_request_tells_no_secret(box: Box) -> None:
    """Also where key and certificate stand in one file."""
    box.renewed()
    box.comes_in()
    box.later_ns = 715 * DAY_NS
    asked = box.ask()
    assert "PRIVATE" not in msgspec.json.encode(asked).decode()
    assert certificate.of_pem(asked.certificate).name == BOX
