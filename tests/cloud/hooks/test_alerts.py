"""Grafana's and Alertmanager's alerts as reports, and what is special about each of the two."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hook_senders import (
    ALERTMANAGER,
    GRAFANA,
    NEXT_SECRET,
    NOW_NS,
    SECRET,
    Sender,
    alert,
    alertmanager_payload,
    grafana_payload,
)

from cloud.reporting.reports import HookRefused, Report, State
from wire.alarm import Level
from wire.errors import ConfigError

both = pytest.mark.parametrize("sender", [GRAFANA, ALERTMANAGER], ids=lambda sender: sender.kind)


def reported(sender: Sender, folder: Path, settings: dict[str, Any] | None = None, **changes: Any) -> Report:
    """The report of one alert with these changes."""
    payload = {**sender.payload(0), "alerts": [alert(**changes)]}
    [report] = sender.hook(SECRET, folder, **(settings or {})).read(*sender.post(payload), NOW_NS)
    return report


def test_a_grafana_alert_is_a_report(tmp_path: Path) -> None:
    """The example of Grafana's page, every field of ours that comes from it."""
    [report] = GRAFANA.hook(SECRET, tmp_path).read(*GRAFANA.post(grafana_payload()), NOW_NS)
    assert report == Report(
        key="c6eadffa33fc0000-1794965400157076000",
        state=State.RAISED,
        time_ns=1_794_965_400_157_076_000,
        level=Level.RED,
        title="鹭江道泵站水位过高",
        text="水位 3.42 m，限值 3.00 m\nB=3.42, C=1\n"
        "alertname=水位过高, severity=critical, site=DR-0007, team=drainage",
        site="DR-0007",
        url="https://grafana.example/alerting/1afz29v7z/edit?orgId=1",
        reporter="Grafana",
    )


@both
def test_a_resolved_alert_has_the_key_of_its_beginning(sender: Sender, tmp_path: Path) -> None:
    """So it marks the report that was raised; the time is that of the end, or now when the end is not known."""
    raised = reported(sender, tmp_path)
    resolved = reported(sender, tmp_path, status="resolved", endsAt="2026-11-18T01:34:00Z")
    assert (resolved.key, resolved.state) == (raised.key, State.RESOLVED)
    assert resolved.time_ns == 1_794_965_640 * 10**9
    assert reported(sender, tmp_path, status="resolved").time_ns == NOW_NS


@both
def test_the_same_alert_next_month_is_another_report(sender: Sender, tmp_path: Path) -> None:
    """The fingerprint is the same, for the labels are; a zone written differently changes nothing."""
    first = reported(sender, tmp_path, startsAt="2026-11-18T09:30:00+08:00")
    assert reported(sender, tmp_path, startsAt="2026-11-18T01:30:00Z").key == first.key
    assert reported(sender, tmp_path, startsAt="2026-12-18T09:30:00+08:00").key != first.key


@both
@pytest.mark.parametrize(
    ("severity", "level"), [("critical", "red"), ("WARNING", "yellow"), ("info", "blue"), ("P2", "orange")]
)
def test_words_for_severity_are_mapped(sender: Sender, severity: str, level: str, tmp_path: Path) -> None:
    """The usual three, the hook's own, in any case."""
    found = reported(sender, tmp_path, {"level_map": {"p2": "orange"}}, labels={"severity": severity})
    assert found.level == level


@both
def test_an_unknown_severity_is_the_hooks_level(sender: Sender, tmp_path: Path) -> None:
    """Yellow unless the hook says otherwise, and the colours themselves are always known."""
    assert reported(sender, tmp_path, labels={"severity": "meh"}).level is Level.YELLOW
    assert reported(sender, tmp_path, {"level": "blue"}, labels={}).level is Level.BLUE
    assert reported(sender, tmp_path, {"level": "blue"}, labels={"severity": "orange"}).level is Level.ORANGE


@both
def test_labels_may_have_other_names(sender: Sender, tmp_path: Path) -> None:
    """`labels` of the hook says which; annotations are read where no label is."""
    settings = {"labels": {"severity": "priority", "site": "installation"}, "code": "event 0690"}
    labels = {"priority": "critical", "installation": "BB-0042", "severity": "info"}
    found = reported(
        sender, tmp_path, settings, labels=labels, annotations={"district": "思明区", "street": "鹭江街道"}
    )
    assert (found.level, found.site, found.district, found.street) == (Level.RED, "BB-0042", "思明区", "鹭江街道")
    assert found.code == "event 0690"
    with pytest.raises(ConfigError, match=r"labels: 'sight' is nothing we read. fix: write 'site' .E-HOOKIN-013"):
        sender.hook(SECRET, tmp_path, labels={"sight": "site"})


@both
def test_a_title_is_found_when_there_is_no_summary(sender: Sender, tmp_path: Path) -> None:
    """The rule's name, else the fingerprint; labels may be null."""
    assert reported(sender, tmp_path, annotations=None).title == "水位过高"
    assert reported(sender, tmp_path, annotations={"summary": "\x00"}, labels=None).title == "c6eadffa33fc0000"


@both
def test_a_label_that_is_no_site_is_text_only(sender: Sender, tmp_path: Path) -> None:
    """Other people's `site` labels are not ours; the alarm counts all the same."""
    found = reported(sender, tmp_path, labels={"site": "us east"})
    assert (found.site, found.text.splitlines()[-1]) == ("", "site=us east")


@both
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"longitude": "118.0894", "latitude": "24.4798"}, "coordinates without their crs"),
        ({"longitude": "118.0894", "latitude": "24.4798", "crs": "gcj02"}, "crs 'gcj02' is not WGS-84"),
        ({"longitude": "24.4798", "latitude": "118.0894", "crs": "wgs84"}, "no place on earth"),
        ({"longitude": "nan", "latitude": "24.4798", "crs": "wgs84"}, "are no numbers"),
        ({"latitude": "24.4798", "crs": "wgs84"}, "are no numbers"),
    ],
)
def test_a_place_that_is_in_doubt_is_left_out(
    sender: Sender, labels: dict[str, str], said: str, tmp_path: Path
) -> None:
    """The alarm is worth more than its place, and its text says what to correct."""
    found = reported(sender, tmp_path, labels=labels)
    assert (found.longitude, found.latitude) == (None, None)
    assert "place left out: " in found.text
    assert said in found.text


@both
def test_a_place_in_wgs84_is_taken(sender: Sender, tmp_path: Path) -> None:
    """In degrees, with the reference system beside it."""
    found = reported(sender, tmp_path, labels={"longitude": "118.0894", "latitude": "24.4798", "crs": "EPSG:4326"})
    assert (found.longitude, found.latitude) == (118.0894, 24.4798)


@both
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "https://a b", "http://[", "", "https://\x00"]
)
def test_an_address_that_nobody_should_follow_is_left_out(sender: Sender, url: str, tmp_path: Path) -> None:
    """Only http and https are links."""
    assert reported(sender, tmp_path, generatorURL=url).url == ""


@both
def test_alerts_that_the_sender_left_out_are_said(sender: Sender, tmp_path: Path) -> None:
    """`truncatedAlerts` of a group that is larger than the sender's own limit."""
    payload = {**sender.payload(1), "truncatedAlerts": 12}
    [report] = sender.hook(SECRET, tmp_path).read(*sender.post(payload), NOW_NS)
    assert report.text.endswith("12 more alerts of this group were left out by the sender")


@both
@pytest.mark.parametrize("fingerprint", ["", "a b", "x" * 65, "\n"])
def test_a_fingerprint_must_be_one(sender: Sender, fingerprint: str, tmp_path: Path) -> None:
    """It becomes a key, so it is neither shortened nor cleaned."""
    with pytest.raises(HookRefused, match=r"alerts\[0\].fingerprint: .* no fingerprint.*E-HOOKIN-014"):
        reported(sender, tmp_path, fingerprint=fingerprint)


@pytest.mark.parametrize("age_s", [301, -301, 10**7])
def test_grafanas_old_messages_are_refused(age_s: int, tmp_path: Path) -> None:
    """Five minutes, in both directions; exactly 300 s are taken."""
    hook = GRAFANA.hook(SECRET, tmp_path)
    assert hook.read(*GRAFANA.post(grafana_payload(), age_s=300), NOW_NS)
    with pytest.raises(HookRefused, match=rf"{age_s} s old.*E-HOOKIN-004") as caught:
        hook.read(*GRAFANA.post(grafana_payload(), age_s=age_s), NOW_NS)
    assert caught.value.status == 401


def test_grafanas_timestamp_belongs_to_the_signature(tmp_path: Path) -> None:
    """A fresh time on an old message, or no time at all, does not pass."""
    headers, body = GRAFANA.post(grafana_payload(), age_s=200)
    hook = GRAFANA.hook(SECRET, tmp_path)
    with pytest.raises(HookRefused, match="E-HOOKIN-003"):
        hook.read({**headers, "X-Grafana-Timestamp": str(NOW_NS // 10**9)}, body, NOW_NS)
    del headers["X-Grafana-Timestamp"]
    with pytest.raises(HookRefused, match=r"X-Grafana-Timestamp is missing.*E-HOOKIN-002"):
        hook.read(headers, body, NOW_NS)


def test_grafana_without_a_timestamp_signs_the_body(tmp_path: Path) -> None:
    """The default of its contact point; the vector is RFC 4231's second case, whose key is too short for us."""
    assert hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256").hex().startswith("5bdcc146bf60754e")
    body = json.dumps(grafana_payload()).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    hook = GRAFANA.hook(SECRET, tmp_path, timestamp_header="", signature_header="X-City-Signature")
    assert hook.read({"x-city-signature": signature.upper()}, body, NOW_NS)
    with pytest.raises(HookRefused, match="E-HOOKIN-003"):
        hook.read({"x-city-signature": signature}, body + b" ", NOW_NS)


def test_alertmanager_with_a_user_shows_a_password(tmp_path: Path) -> None:
    """Basic authentication of RFC 7617; a bearer token is not enough then, and the scheme is in any case."""
    body = json.dumps(alertmanager_payload()).encode()
    hook = ALERTMANAGER.hook(SECRET, tmp_path, user="prometheus")
    shown = base64.b64encode(f"prometheus:{SECRET}".encode()).decode()
    assert hook.read({"authorization": f"Basic {shown}"}, body, NOW_NS)
    assert hook.read({"authorization": f"BASIC  {shown}"}, body, NOW_NS)
    other = base64.b64encode(f"prometheus:{NEXT_SECRET}".encode()).decode()
    for wrong in (f"Bearer {SECRET}", f"Basic {other}", f"Basic {SECRET}", "Basic", shown):
        with pytest.raises(HookRefused, match="E-HOOKIN-003"):
            hook.read({"authorization": wrong}, body, NOW_NS)


def test_another_version_of_alertmanagers_message_is_refused(tmp_path: Path) -> None:
    """Version 3 had no fingerprints."""
    post = ALERTMANAGER.post(alertmanager_payload(version="3"))
    with pytest.raises(HookRefused, match=r"Invalid enum value '3' - at `\$.version`") as caught:
        ALERTMANAGER.hook(SECRET, tmp_path).read(*post, NOW_NS)
    assert caught.value.status == 400
