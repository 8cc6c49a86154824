"""Which renewals the authority signs: over an identity that is the box's, holds, and was not taken back."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from city_authority import CityAuthority, odd_version
from sqlalchemy import create_engine

from cloud.fleet.authority import Authority
from cloud.schema.base import metadata
from cloud.tables import renewals
from wire import certificate_request, renewal
from wire.claim import EnrolmentError
from wire.renewal import Renewal

BOX, OTHER = "XM-TA-01", "XM-SM-01"


@pytest.fixture(scope="module")
def city_ca(tmp_path_factory: pytest.TempPathFactory) -> CityAuthority:
    """Two boxes have a certificate."""
    authority = CityAuthority(tmp_path_factory.mktemp("authority"))
    for name in (BOX, OTHER):
        authority.issue(name)
    return authority


def files(authority: CityAuthority, name: str) -> tuple[str, bytes]:
    """Its certificate and its key."""
    return (authority.folder / f"{name}.pem").read_text(), (authority.folder / f"{name}.key").read_bytes()


def refusal(authority: CityAuthority, certificate: str, box: str = BOX, later: timedelta = timedelta()) -> str:
    """Why a certificate renews nothing."""
    now_ns = time.time_ns() + round(later.total_seconds()) * 10**9
    with pytest.raises(EnrolmentError) as caught:
        Authority(authority.folder, "of a test").require_current(certificate, box, now_ns)
    assert caught.value.code == "E-ENROL-013"
    return caught.value.what


def test_identities_that_renew_nothing(city_ca: CityAuthority, tmp_path: Path) -> None:
    """Another box's, one that has ended, one of another authority, one that was revoked, one in no list."""
    certificate, _ = files(city_ca, BOX)
    assert "it is 'XM-TA-01's" in refusal(city_ca, certificate, OTHER).replace("''", "'")
    assert "it ended on 20" in refusal(city_ca, certificate, later=timedelta(days=731))
    foreign = CityAuthority(tmp_path)
    foreign.issue(BOX)
    assert "this authority has not signed it" in refusal(city_ca, files(foreign, BOX)[0])
    foreign.revoke(BOX)
    assert "it was revoked" in refusal(foreign, files(foreign, BOX)[0])
    (foreign.folder / "index.txt").write_text("")
    assert "it is in no list" in refusal(foreign, files(foreign, BOX)[0])
    Authority(city_ca.folder, "of a test").require_current(certificate, BOX, time.time_ns())


def test_nobody_shows_two_certificates(city_ca: CityAuthority) -> None:
    """A cloud with a certificate of its own before a box's, under a name of old: what is read is what is proven."""
    (mine, key), (boxes, _) = files(city_ca, OTHER), files(city_ca, BOX)
    both = mine.replace(" CERTIFICATE-", " X509 CERTIFICATE-") + boxes
    asked = renewal.signed(certificate_request.request_of(certificate_request.new_key(), BOX), both, key)
    Authority(city_ca.folder, "of a test").require_current(both, BOX, time.time_ns())
    with pytest.raises(EnrolmentError, match="has not the key of the certificate"):
        renewal.require_signed(asked, BOX)


@pytest.mark.parametrize("spoiled", ["白鹭\n{}", "{}", "-----BEGIN X509 CERTIFICATE-----\nAAAA\n{}"])
def test_one_box_that_sends_noise_stops_no_other(city_ca: CityAuthority, spoiled: str) -> None:
    """Whatever stands there, it is an error of that box: the command goes on with the next."""
    shown = spoiled.format(odd_version(files(city_ca, BOX)[0]))
    assert "this authority" in refusal(city_ca, shown) or "version" in refusal(city_ca, shown)


def test_a_request_that_was_not_signed_by_the_box(city_ca: CityAuthority) -> None:
    """A broker or a cloud that puts in a key of its own, or another box that does."""
    certificate, key = files(city_ca, BOX)
    request = certificate_request.request_of(certificate_request.new_key(), BOX)
    good = renewal.signed(request, certificate, key)
    renewal.require_signed(good, BOX)
    other = certificate_request.request_of(certificate_request.new_key(), BOX)
    for bad in (
        Renewal(other, certificate, good.signature),
        renewal.signed(request, certificate, files(city_ca, OTHER)[1]),
        Renewal(request, certificate, "no base64"),
        Renewal(request, "no certificate", good.signature),
    ):
        with pytest.raises(EnrolmentError, match="has not the key of the certificate"):
            renewal.require_signed(bad, BOX)


@pytest.mark.parametrize("name", ["ca", "revoked", "../ca", "CN=x/O=y"])
def test_names_that_are_no_boxs(city_ca: CityAuthority, name: str) -> None:
    """Whose certificate would lie over the authority's own files, or elsewhere: nothing is signed."""
    before = {path.name: path.read_bytes() for path in city_ca.folder.iterdir() if path.is_file()}
    request = certificate_request.request_of(certificate_request.new_key(), name)
    with pytest.raises(EnrolmentError, match="is no name for a box"):
        Authority(city_ca.folder, "of a test").sign(request, name)
    assert before == {path.name: path.read_bytes() for path in city_ca.folder.iterdir() if path.is_file()}


def test_what_a_box_says_last_counts(city_ca: CityAuthority) -> None:
    """The same request waits once, another one begins anew without an answer, and none takes it back."""
    certificate, key = files(city_ca, BOX)
    first, second = (
        renewal.signed(certificate_request.request_of(certificate_request.new_key(), BOX), certificate, key)
        for _ in range(2)
    )
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        renewals.ask(connection, BOX, first, 1)
        renewals.answer(connection, BOX, "PEM")
        renewals.ask(connection, BOX, first, 2)
        assert [(one.asked_ns, one.answer) for one in renewals.answered(connection)] == [(1, "PEM")]
        renewals.ask(connection, BOX, second, 3)
        assert [(one.asked_ns, one.request) for one in renewals.waiting(connection)] == [(3, second.request)]
        renewals.ask(connection, BOX, None, 4)
        assert not [*renewals.waiting(connection), *renewals.answered(connection)]
    engine.dispose()


def test_revoking_takes_back_all_of_a_name(city_ca: CityAuthority) -> None:
    """The certificate that was renewed and the one before it, which would hold for some days more."""
    first, _ = files(city_ca, OTHER)
    ends = datetime.now(UTC) + timedelta(days=900)
    city_ca.issue(OTHER, ends=f"{ends:%Y%m%d%H%M%SZ}")
    second, _ = files(city_ca, OTHER)
    city_ca.revoke(OTHER)
    for certificate in (first, second):
        assert "it was revoked" in refusal(city_ca, certificate, OTHER)
