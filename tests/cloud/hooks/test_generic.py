"""The city's other systems: what their reports become, and what of them is refused."""

from pathlib import Path
from typing import Any

import hook_senders
import pytest
from hook_senders import GENERIC, NEXT_SECRET, NOW_NS, SECRET, item

from cloud.cases.case_flow import Stage
from cloud.hooks import generic
from cloud.reporting.reports import HookRefused, Report, State
from wire.alarm import Level
from wire.errors import ConfigError

WORDS: dict[str, Any] = {
    "level_map": {"特急": "red", "紧急": "orange"},
    "state_map": {"已受理": "filed", "已办结": "closed", "已撤销": "resolved"},
}


def reported(folder: Path, settings: dict[str, Any] | None = None, **changes: Any) -> Report:
    """The report of one item with these changes."""
    hook = GENERIC.hook(SECRET, folder, **(WORDS if settings is None else settings))
    [report] = hook.read(*GENERIC.post(item(**changes)), NOW_NS)
    return report


def test_a_hotline_call_is_a_report(tmp_path: Path) -> None:
    """Every field of the manual page's example."""
    assert reported(tmp_path) == Report(
        key="XM-2026-1118-0042",
        state=State.RAISED,
        time_ns=1_794_965_400 * 10**9,
        level=Level.ORANGE,
        title="井盖缺失",
        text="市民来电：井盖缺失。",
        code="event 0592",
        district="思明区",
        street="鹭江街道",
        address="鹭江道 12 号门前",
        longitude=118.0894,
        latitude=24.4798,
        url="https://hotline.example/c/42",
        external_number="2026111800042",
        external_state="已受理",
        stage=Stage.FILED,
        reporter="坐席 07",
    )


def test_the_report_in_the_manual_page_is_right(tmp_path: Path) -> None:
    """Other cities' programmers copy it: the JSON as it stands there, read by the hook as it stands there."""
    sent = (generic.__doc__ or "").split("\n\n")[3].encode()
    _, settings = hook_senders.example(generic)
    hook = GENERIC.hook(SECRET, tmp_path, level_map=settings.level_map, state_map=settings.state_map)
    [report] = hook.read(*GENERIC.post(sent), NOW_NS)
    assert (report.level, report.stage, report.address) == (Level.ORANGE, Stage.FILED, "鹭江道 12 号门前")


def test_four_fields_are_enough(tmp_path: Path) -> None:
    """Level, code and reporter are then the hook's."""
    least = {name: item()[name] for name in ("schema", "key", "title", "time")}
    hook = GENERIC.hook(SECRET, tmp_path, level="blue", code="event 0690", reporter="12345 热线")
    [report] = hook.read(*GENERIC.post(least), NOW_NS)
    assert (report.level, report.code, report.reporter) == (Level.BLUE, "event 0690", "12345 热线")
    assert (report.longitude, report.site, report.state) == (None, "", State.RAISED)


@pytest.mark.parametrize(
    ("word", "state", "stage"),
    [
        ("", State.RAISED, None),
        ("已受理", State.RAISED, Stage.FILED),
        ("新词", State.RAISED, None),
        ("已办结", State.RESOLVED, Stage.CLOSED),
        ("已撤销", State.RESOLVED, None),
        ("resolved", State.RESOLVED, None),
        ("filed", State.RAISED, Stage.FILED),
        ("closed", State.RESOLVED, Stage.CLOSED),
    ],
)
def test_the_senders_word_becomes_a_stage(word: str, state: State, stage: Stage | None, tmp_path: Path) -> None:
    """Its word is kept beside ours; an unknown one has no stage, and costs no report."""
    report = reported(tmp_path, state=word)
    assert (report.external_state, report.state, report.stage) == (word, state, stage)


def test_the_signature_is_that_of_the_standard(tmp_path: Path) -> None:
    """The vector of the reference library's own tests: id, secret, time and body as they stand there."""
    config = tmp_path / "secret"
    config.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    hook = generic.open_hook(generic.Config(secret_file=str(config)))
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(HookRefused, match="E-HOOKIN-005"):
        hook.read(headers, b'{"test": 2432232314}', 1_614_265_330 * 10**9)
    with pytest.raises(HookRefused, match="E-HOOKIN-003"):
        hook.read(headers, b'{"test": 2432232315}', 1_614_265_330 * 10**9)


def test_one_of_several_signatures_is_enough(tmp_path: Path) -> None:
    """A sender that replaces its secret signs with both; other versions of signatures are passed over."""
    headers, body = GENERIC.post(item(level="red"))
    other, _ = GENERIC.post(item(level="red"), secret=NEXT_SECRET)
    headers["webhook-signature"] = f"v1a,AAAA {other['webhook-signature']} {headers['webhook-signature']}"
    assert GENERIC.hook(SECRET, tmp_path).read(headers, body, NOW_NS)


@pytest.mark.parametrize("age_s", [301, -301])
def test_an_old_message_is_refused(age_s: int, tmp_path: Path) -> None:
    """Five minutes in both directions; exactly 300 s are taken."""
    hook = GENERIC.hook(SECRET, tmp_path, **WORDS)
    assert hook.read(*GENERIC.post(item(), age_s=300), NOW_NS)
    with pytest.raises(HookRefused, match=rf"webhook-timestamp: .*{age_s} s old.*E-HOOKIN-004") as caught:
        hook.read(*GENERIC.post(item(), age_s=age_s), NOW_NS)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lattitude": 24.4}, "unknown field `lattitude`"),
        ({"place": {"longitude": 118.1, "lat": 24.4, "crs": "wgs84"}}, r"`lat` - at `\$.place`"),
        ({"schema": "egret.report/2"}, r"egret.report/2.*\$.schema"),
        ({"place": {"longitude": "118.1", "latitude": 24.4, "crs": "wgs84"}}, r"got `str` - at `\$.place.longitude`"),
        ({"place": {"longitude": 118.1, "latitude": 24.4}}, r"\[0\].place: coordinates without their crs"),
        ({"place": {"longitude": 118.1, "latitude": 24.4, "crs": "GCJ-02"}}, "crs 'GCJ-02' is not WGS-84.*500 m"),
        ({"place": {"longitude": 24.4, "latitude": 118.1, "crs": "WGS84"}}, "latitude 118.1° are no place on earth"),
        ({"place": {"longitude": 180.1, "latitude": 0, "crs": "wgs84"}}, "longitude 180.1°"),
        ({"level": "紧极"}, r"\[0\].level: '紧极' is no level. fix: use one of: red, orange"),
        ({"site": "思明 7"}, r"\[0\].site: '思明 7' is no id of a site"),
        ({"key": ""}, r"\[0\].key: this is no key"),
        ({"key": "a\nb"}, "this is no key"),
        ({"key": "x" * 201}, "this is no key"),
        ({"title": "\u200b \n"}, r"\[0\].title: the title is empty"),
        ({"number": None}, r"got `null` - at `\$.number`"),
    ],
)
def test_a_mistake_is_named_to_the_sender(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Field and reason, so that it is found on the first day."""
    with pytest.raises(HookRefused, match=said) as caught:
        reported(tmp_path, **changes)
    assert caught.value.status == 400


@pytest.mark.parametrize("missing", ["schema", "key", "title", "time"])
def test_four_fields_must_be_there(missing: str, tmp_path: Path) -> None:
    """The message names the one that is not."""
    sent = {name: value for name, value in item().items() if name != missing}
    with pytest.raises(HookRefused, match=f"missing required field `{missing}`"):
        GENERIC.hook(SECRET, tmp_path, **WORDS).read(*GENERIC.post(sent), NOW_NS)


def test_a_list_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    """The place of the mistake says which of them it is."""
    sent = [item(1), item(2), item(3, time="yesterday")]
    with pytest.raises(HookRefused, match=r"^\[2\].time: 'yesterday' is no time"):
        GENERIC.hook(SECRET, tmp_path, **WORDS).read(*GENERIC.post(sent), NOW_NS)


def test_lines_of_a_text_stay_lines(tmp_path: Path) -> None:
    """Without controls and empty lines, at most 4000 characters."""
    report = reported(tmp_path, text="一\r\n\r\n<script>二</script>\x07\n" + "三" * 5_000)
    assert report.text.startswith("一\n<script>二</script>\n三三")
    assert (len(report.text), report.text[-1]) == (4_000, "…")


def test_a_state_map_has_our_stages(tmp_path: Path) -> None:
    """All that are wrong are named, with the nearest stage."""
    with pytest.raises(ConfigError) as caught:
        GENERIC.hook(SECRET, tmp_path, state_map={"已受理": "field", "已办结": "结案", "已撤销": "resolved"})
    assert len(caught.value.mistakes) == 2
    assert "state_map: '已受理' becomes 'field', no stage. fix: write 'filed' [E-HOOKIN-015]" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["whsec_ääääääääääääääää", "whsec_correct-horse-battery-staple", "whsec_" + "A" * 31, "whsec_" + "A" * 88]
)
def test_a_secret_is_24_to_64_bytes_in_base64(text: str, tmp_path: Path) -> None:
    """The message says how to make one, and does not repeat what was there."""
    with pytest.raises(ConfigError, match=r"cannot be used.*openssl rand.*E-HOOKIN-011") as caught:
        GENERIC.hook(text, tmp_path)
    assert text not in str(caught.value)
