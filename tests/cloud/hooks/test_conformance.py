"""Every kind of hook does the same: proof first, bounds, and reports or a refusal, whatever the bytes are."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hook_senders
import pytest
from hook_senders import NEXT_SECRET, NOW_NS, SECRET, SENDERS, Sender
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.reporting.reports import HookRefused, Report, State
from wire import kinds
from wire.alarm import Level
from wire.errors import ConfigError

BEGAN_NS = 1_794_965_400 * 10**9
"""2026-11-18 01:30:00 UTC, when everything in the examples begins."""

every_kind = pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.kind)
fuzz = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_every_kind_is_here() -> None:
    """A new file in `cloud/hooks/` has to pass these tests, too."""
    assert tuple(sender.kind for sender in SENDERS) == kinds.names("cloud.hooks")


def refused(sender: Sender, folder: Path, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Status and code of the refusal."""
    with pytest.raises(HookRefused) as caught:
        sender.hook(SECRET, folder).read(headers, body, NOW_NS)
    assert caught.value.fix
    assert SECRET not in str(caught.value)
    return caught.value.status, caught.value.code


@every_kind
def test_the_example_in_the_manual_page_is_right(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what people copy: it builds, and the hook opens."""
    kind, config = hook_senders.example(sender.module)
    assert kind == sender.kind
    monkeypatch.setenv(config.secret_env, SECRET)
    assert sender.module.open_hook(config, "cloud.yaml:12")


@every_kind
def test_a_post_becomes_one_report_a_thing(sender: Sender, tmp_path: Path) -> None:
    """A hundred things, a hundred keys, in the order of the message; the same post makes the same reports."""
    headers, body = sender.post(sender.payload(100))
    hook = sender.hook(SECRET, tmp_path)
    reports = hook.read(headers, body, NOW_NS)
    assert len({report.key for report in reports}) == 100
    assert all(report.state is State.RAISED and isinstance(report.level, Level) for report in reports)
    assert {report.time_ns // 10**9 for report in reports} == {BEGAN_NS // 10**9}
    assert hook.read(headers, body, NOW_NS + 60 * 10**9) == reports


@every_kind
def test_an_empty_message_reports_nothing(sender: Sender, tmp_path: Path) -> None:
    """It is proven and readable, so it is taken."""
    assert sender.hook(SECRET, tmp_path).read(*sender.post(sender.payload(0)), NOW_NS) == ()


@every_kind
def test_header_names_come_in_any_case(sender: Sender, tmp_path: Path) -> None:
    """HTTP/2 sends them in lower case, HTTP/1.1 as the sender likes."""
    headers, body = sender.post(sender.payload(1))
    hook = sender.hook(SECRET, tmp_path)
    for case in (str.upper, str.lower):
        assert hook.read({case(name): value for name, value in headers.items()}, body, NOW_NS)


@every_kind
def test_the_old_secret_counts_while_it_is_replaced(sender: Sender, tmp_path: Path) -> None:
    """Both stand in the file for a day; then the old one is taken out and refused."""
    old, new = (sender.post(sender.payload(1), secret=secret) for secret in (SECRET, NEXT_SECRET))
    both = sender.hook(f"{NEXT_SECRET}\n{SECRET}\n", tmp_path)
    assert both.read(*old, NOW_NS) == both.read(*new, NOW_NS)
    with pytest.raises(HookRefused, match="not what our secret makes"):
        sender.hook(NEXT_SECRET, tmp_path).read(*old, NOW_NS)


@every_kind
def test_without_proof_nothing_is_read(sender: Sender, tmp_path: Path) -> None:
    """401 for a missing, an empty and a wrong signature, and for one of another secret."""
    headers, body = sender.post(sender.payload(1))
    assert refused(sender, tmp_path, {}, body) == (401, "E-HOOKIN-002")
    assert refused(sender, tmp_path, {**headers, sender.signature: " "}, body) == (401, "E-HOOKIN-002")
    for wrong in ("v1,", "é", "\udcff", "Bearer", "v1,AAAA v1a,AAAA", headers[sender.signature] + "0"):
        assert refused(sender, tmp_path, {**headers, sender.signature: wrong}, body) == (401, "E-HOOKIN-003")
    headers, body = sender.post(sender.payload(1), secret=NEXT_SECRET)
    assert refused(sender, tmp_path, headers, body) == (401, "E-HOOKIN-003")


@every_kind
def test_the_proof_is_asked_before_the_body_is_read(sender: Sender, tmp_path: Path) -> None:
    """A stranger learns nothing of what we would accept."""
    headers, _ = sender.post(b"{}", secret=NEXT_SECRET)
    assert refused(sender, tmp_path, headers, b"no JSON") == (401, "E-HOOKIN-003")


@every_kind
def test_a_large_body_is_refused(sender: Sender, tmp_path: Path) -> None:
    """256 KiB are read, a byte more is not even hashed."""
    assert refused(sender, tmp_path, *sender.post(b" " * (256 * 1024))) == (400, "E-HOOKIN-005")
    assert refused(sender, tmp_path, {}, b" " * (256 * 1024 + 1)) == (413, "E-HOOKIN-001")


@every_kind
def test_more_than_a_hundred_reports_are_refused(sender: Sender, tmp_path: Path) -> None:
    """With a hint where the sender limits its groups."""
    assert refused(sender, tmp_path, *sender.post(sender.payload(101))) == (413, "E-HOOKIN-006")


UNREADABLE = {
    "nothing": b"",
    "no UTF-8": b"\xff\xfe{}",
    "a bare word": b"null",
    "NaN": b'{"schema":"egret.report/1","place":{"longitude":NaN}}',
    "infinite": b'[{"schema":"egret.report/1","place":{"longitude":1e999}}]',
    "half a surrogate pair": b'{"alerts":[{"status":"\\ud800"}],"schema":"egret.report/1"}',
    "deep lists": b"[" * 200_000,
    "deep objects in an unknown field": b'{"x":' * 40_000,
    "another shape": b'{"alerts":"none","version":"4"}',
}


@every_kind
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_refused(sender: Sender, body: bytes, tmp_path: Path) -> None:
    """Though its signature is good."""
    assert refused(sender, tmp_path, *sender.post(body)) == (400, "E-HOOKIN-005")


@every_kind
def test_a_key_written_twice_counts_once(sender: Sender, tmp_path: Path) -> None:
    """The last one; nothing breaks."""
    _, body = sender.post(sender.payload(1))
    twice = body.replace(b'"startsAt"', b'"startsAt": "x", "startsAt"').replace(b'"title"', b'"title": "x", "title"')
    assert twice != body
    hook = sender.hook(SECRET, tmp_path)
    assert hook.read(*sender.post(twice), NOW_NS) == hook.read(*sender.post(body), NOW_NS)


@every_kind
@pytest.mark.parametrize("time", ["1999-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2026-11-18T09:30:00", "", "now"])
def test_a_time_outside_of_what_a_database_holds_is_refused(sender: Sender, time: str, tmp_path: Path) -> None:
    """Before 2000, from 2262 on, without a zone, or no time at all."""
    body = json.dumps(sender.payload(1)).replace("2026-11-18T09:30:00.157076123+08:00", time)
    body = body.replace("2026-11-18T09:30:00+08:00", time)
    assert refused(sender, tmp_path, *sender.post(body.encode())) == (400, "E-HOOKIN-007")


@every_kind
def test_texts_are_plain_and_bounded(sender: Sender, tmp_path: Path) -> None:
    """Controls and reversing marks are gone, markup stays as it was typed, 200 characters of a title are kept."""
    wild = "<b onclick='x()'>井盖</b>\x00\x1b[31m \u202e\n\tgone " + "长" * 5_000
    body = json.dumps(sender.payload(1))
    for title in ("井盖缺失", "鹭江道泵站水位过高"):
        body = body.replace(json.dumps(title), json.dumps(wild))
    [report] = sender.hook(SECRET, tmp_path).read(*sender.post(body.encode()), NOW_NS)
    assert report.title.startswith("<b onclick='x()'>井盖</b>[31m gone 长长")
    assert len(report.title) == 200
    assert report.title.endswith("长…")


@every_kind
@pytest.mark.parametrize(("secret", "code"), [("", "E-HOOKIN-010"), (" \n", "E-HOOKIN-010"), ("short", "E-HOOKIN-011")])
def test_a_hook_needs_a_good_secret(sender: Sender, secret: str, code: str, tmp_path: Path) -> None:
    """Found when the cloud starts."""
    with pytest.raises(ConfigError) as caught:
        sender.hook(secret, tmp_path)
    assert caught.value.code == code


@every_kind
def test_a_level_map_has_our_colours(sender: Sender, tmp_path: Path) -> None:
    """All that are wrong are named, with the nearest colour."""
    with pytest.raises(ConfigError) as caught:
        sender.hook(SECRET, tmp_path, level_map={"P1": "rde", "P2": "orange", "P3": "7"})
    assert len(caught.value.mistakes) == 2
    assert "level_map: 'P1' becomes 'rde', which is no level. fix: write 'red' [E-HOOKIN-012]" in str(caught.value)


def is_sound(report: Report) -> bool:
    """Does everything keep to what `Report` promises?"""
    texts = (report.key, report.title, report.code, report.district, report.street, report.url, report.reporter)
    has_place = report.longitude is not None and report.latitude is not None
    return (
        not any(unicodedata.category(each) in {"Cc", "Cf", "Cs"} for text in texts for each in text)
        and 0 < len(report.title) <= 200
        and 0 < len(report.key) <= 200
        and len(report.text) <= 4_000
        and 946_684_800 * 10**9 <= report.time_ns < 2**63
        and (has_place or (report.longitude is None and report.latitude is None))
    )


def reports_or_refusal(sender: Sender, folder: Path, headers: dict[str, str], body: bytes) -> None:
    """Any other exception fails the test."""
    try:
        reports = sender.hook(SECRET, folder).read(headers, body, NOW_NS)
    except HookRefused as error:
        status, reports = error.status, ()
    else:
        status = 202
    assert status in {202, 400, 401, 413}
    assert all(is_sound(report) for report in reports)


@every_kind
@fuzz
@given(body=st.binary(max_size=300), headers=st.dictionaries(st.text(), st.text(), max_size=4))
def test_any_post_of_a_stranger_is_refused(
    sender: Sender, tmp_path: Path, body: bytes, headers: dict[str, str]
) -> None:
    """Whatever headers and bytes are."""
    assert refused(sender, tmp_path, headers, body)[0] == 401


@every_kind
@fuzz
@given(body=st.binary(max_size=300), value=st.text(max_size=30))
def test_any_signed_bytes_are_reports_or_a_refusal(sender: Sender, tmp_path: Path, body: bytes, value: str) -> None:
    """Never another exception; and neither when one header of the proof is anything at all."""
    headers, _ = sender.post(body)
    reports_or_refusal(sender, tmp_path, headers, body)
    for name in headers:
        reports_or_refusal(sender, tmp_path, {**headers, name: value}, body)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
LEAVES = ["", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "http://[", "1e999", "118.1", "wgs84", "\u2028"]


def changed(payload: Any, choose: Callable[[Any], Any], depth: int = 0) -> Any:
    """The payload with some of its parts exchanged for anything."""
    if depth and choose(st.integers(0, 9)) == 0:
        return choose(st.sampled_from(LEAVES) | anything)
    if isinstance(payload, dict):
        return {key: changed(value, choose, depth + 1) for key, value in payload.items()}
    if isinstance(payload, list):
        return [changed(value, choose, depth + 1) for value in payload]
    return payload


@every_kind
@fuzz
@given(data=st.data())
def test_any_change_of_a_good_payload_is_reports_or_a_refusal(
    sender: Sender, tmp_path: Path, data: st.DataObject
) -> None:
    """Each field may be of another type, missing a unit, out of range, or a list of lists."""
    payload = sender.payload(1)
    if sender.kind != "generic":
        payload["alerts"][0]["labels"] |= {"longitude": "118.09", "latitude": "24.48", "crs": "wgs84"}
    body = json.dumps(changed(payload, data.draw)).encode(errors="replace")
    reports_or_refusal(sender, tmp_path, sender.prove(body, SECRET, NOW_NS // 10**9), body)
