"""Check C: what `apply` and `export` say to Grafana's API, recorded: which calls, in which order, about what.

No Grafana runs here. The stand-in refuses every call that it does not know, so nothing goes out unseen.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grafana_standin
import pytest
from click.testing import CliRunner, Result
from grafana_standin import Standin

from cloud.grafana import dashboards
from wire.errors import EgretError, NotAuthorised, Unreachable
from wire.main import root

BOARD = "https://egret.city.example"
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
UIDS = [one.uid for one in dashboards.build("zh", BOARD)]
ALL = (
    *("--board", BOARD, "--influx", "http://influx:8086", "--influx-user", "reader"),
    *("--influx-password-env", "INFLUX_PASSWORD", "--hook-secret-env", "HOOK_SECRET"),
)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """A Grafana with somebody's folder, dashboard, data source and contact point, and our token."""
    monkeypatch.setenv("EGRET_GRAFANA_TOKEN", grafana_standin.TOKEN)
    monkeypatch.setenv("INFLUX_PASSWORD", "hunter2")
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with grafana_standin.standing_in() as one:
        one.folders["theirs"] = {"uid": "theirs", "title": "Theirs"}
        one.dashboards["power"] = ({"uid": "power", "title": "Power", "version": 4}, {"folderUid": "theirs"})
        one.sources["power"] = {"uid": "power", "type": "prometheus", "url": "http://power"}
        one.points.append({"uid": "ops", "name": "Ops", "type": "email", "settings": {"addresses": "ops@city.example"}})
        yield one


def apply(standin: Standin, *words: str) -> Result:
    """The command; what it raises is in the result."""
    return CliRunner().invoke(root, ["grafana", "apply", "--url", standin.url, *words], catch_exceptions=True)


def actions(result: Result) -> dict[str, str]:
    """Uid → action, as the table says."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return {step["uid"]: step["action"] for step in json.loads(result.stdout)}


def test_everything_comes_in_an_order_that_works(standin: Standin) -> None:
    """The folder before what lies in it, the data source before who asks it, each by its uid; the rest is untouched."""
    theirs = copy.deepcopy((standin.dashboards["power"], standin.sources["power"], standin.points[0]))
    assert apply(standin, *ALL).exit_code == 0
    assert [call.said for call in standin.writes] == [
        "POST /api/folders",
        "POST /api/datasources",
        *["POST /api/dashboards/db"] * len(UIDS),
        "POST /api/v1/provisioning/contact-points",
    ]
    assert [call.body["dashboard"]["uid"] for call in standin.writes if call.path.endswith("/db")] == UIDS
    assert {call.body["folderUid"] for call in standin.writes if call.path.endswith("/db")} == {"egret"}
    assert theirs == (standin.dashboards["power"], standin.sources["power"], standin.points[0])


def test_every_question_is_by_uid(standin: Standin) -> None:
    """Numeric ids are switched off in Grafana 13, and policies are nobody's to replace."""
    apply(standin, *ALL)
    asked = {call.path for call in standin.calls if call.method == "GET"}
    assert asked == {
        "/api/health",
        "/api/folders/egret",
        "/api/datasources/uid/egret",
        *(f"/api/dashboards/uid/{uid}" for uid in UIDS),
        "/api/v1/provisioning/contact-points",
    }
    assert not [call for call in standin.calls if "policies" in call.path or call.method in {"DELETE", "PATCH"}]


def test_the_contact_point_signs_and_stays_editable(standin: Standin) -> None:
    """It posts to our hook with the secret and headers that the hook reads, and is not locked in Grafana's pages."""
    apply(standin, *ALL, "--hook", "second-net")
    [call] = [call for call in standin.writes if "contact-points" in call.path]
    assert call.headers["x-disable-provenance"] == "true"
    assert call.body["settings"] == {
        "url": f"{BOARD}/api/v1/hooks/second-net",
        "httpMethod": "POST",
        "maxAlerts": 100,
        "hmacConfig": {
            "secret": SECRET,
            "header": "X-Grafana-Alerting-Signature",
            "timestampHeader": "X-Grafana-Alerting-Timestamp",
        },
    }
    assert standin.points[-1]["provenance"] == ""


def test_secrets_are_sent_and_not_said(standin: Standin) -> None:
    """They come from the environment, go where Grafana keeps secrets, and stand in no output."""
    result = apply(standin, *ALL)
    [source] = [call.body for call in standin.writes if call.path == "/api/datasources"]
    assert source["secureJsonData"] == {"password": "hunter2"}
    assert source["url"] == "http://influx:8086"
    assert source["jsonData"]["dbName"] == "egret"
    assert not {"hunter2", SECRET, grafana_standin.TOKEN} & set(result.output.split())
    assert "hunter2" not in json.dumps(source["jsonData"]) + source["url"]


def test_a_dry_run_sends_nothing(standin: Standin) -> None:
    """It asks, says what it would do, and leaves everything as it is."""
    found = actions(apply(standin, *ALL, "--dry-run", "--json"))
    assert found == dict.fromkeys(["egret", *UIDS, "egret-cases"], "create")
    assert standin.writes == []
    assert "egret" not in standin.folders


def test_again_changes_nothing(standin: Standin) -> None:
    """Applied twice, the second time keeps what is there, though Grafana has added numbers of its own."""
    apply(standin, "--board", BOARD, "--influx", "http://influx:8086")
    standin.calls.clear()
    found = actions(apply(standin, "--board", BOARD, "--influx", "http://influx:8086", "--json"))
    assert found == dict.fromkeys(["egret", *UIDS], "keep")
    assert standin.writes == []


def test_secrets_that_cannot_be_compared_are_written_again(standin: Standin) -> None:
    """Grafana never gives them back: with a secret, data source and contact point are updated, by uid."""
    apply(standin, *ALL)
    standin.calls.clear()
    assert apply(standin, *ALL).exit_code == 0
    assert [call.said for call in standin.writes] == [
        "PUT /api/datasources/uid/egret",
        "PUT /api/v1/provisioning/contact-points/egret-cases",
    ]
    assert standin.points[-1]["provenance"] == ""


def test_only_what_differs_is_saved(standin: Standin) -> None:
    """Another address of the board is another constant in every page; one page that somebody edited is one page."""
    apply(standin, "--board", BOARD)
    standin.dashboards["egret-gas"][0]["title"] = "mine now"
    standin.calls.clear()
    apply(standin, "--board", BOARD)
    assert [call.body["dashboard"]["uid"] for call in standin.writes] == ["egret-gas"]
    assert standin.dashboards["egret-gas"][0]["version"] == 2
    standin.calls.clear()
    apply(standin, "--board", "https://new.city.example")
    assert [call.body["dashboard"]["uid"] for call in standin.writes] == UIDS


def test_what_was_not_asked_for_is_left_alone(standin: Standin) -> None:
    """Without --influx no data source is made, and that is said; no contact point without --hook-secret-env."""
    result = apply(standin, "--board", BOARD)
    assert "missing  there is none, and the panels stay empty until --influx names the store" in result.stdout
    assert not [call for call in standin.writes if "datasources" in call.path or "contact" in call.path]
    apply(standin, *ALL)
    assert actions(apply(standin, "--board", BOARD, "--json")) == dict.fromkeys(["egret", *UIDS], "keep")


def foreign_dashboard(standin: Standin) -> None:
    """Our uid in somebody's folder."""
    meta = {"folderUid": "theirs", "folderTitle": "Theirs"}
    standin.dashboards["egret-gas"] = ({"uid": "egret-gas", "title": "Gas", "version": 1}, meta)


def provisioned_dashboard(standin: Standin) -> None:
    """Ours, from a file."""
    standin.dashboards["egret-gas"] = ({"uid": "egret-gas"}, {"folderUid": "egret", "provisioned": True})


def foreign_source(standin: Standin) -> None:
    """Our uid, another kind."""
    standin.sources["egret"] = {"uid": "egret", "type": "prometheus"}


def provisioned_source(standin: Standin) -> None:
    """Ours, from a file, elsewhere."""
    standin.sources["egret"] = {"uid": "egret", "type": "influxdb", "readOnly": True, "url": "http://else"}


def foreign_point(standin: Standin) -> None:
    """Our uid, another kind."""
    standin.points.append({"uid": "egret-cases", "name": "x", "type": "slack", "settings": {}})


def point_of_our_name(standin: Standin) -> None:
    """Grafana would merge two receivers of one name into one contact point."""
    standin.points.append({"uid": "other", "name": "白鹭 Egret", "type": "email", "settings": {}})


def provisioned_point(standin: Standin) -> None:
    """Ours, from a file."""
    point = {"uid": "egret-cases", "name": "白鹭 Egret", "type": "webhook", "provenance": "file", "settings": {}}
    standin.points.append(point)


def old_grafana(standin: Standin) -> None:
    """Before 12.0 no webhook is signed."""
    standin.version = "11.6.0"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (foreign_dashboard, "dashboard egret-gas: it lies in the folder 'Theirs', which is not ours"),
        (provisioned_dashboard, "dashboard egret-gas: it comes from a file that Grafana reads"),
        (foreign_source, "data source egret: there is a data source of type prometheus with this uid"),
        (provisioned_source, "data source egret: it comes from a provisioning file and differs"),
        (foreign_point, "contact point egret-cases: there is a contact point of type slack with this uid"),
        (point_of_our_name, "contact point egret-cases: there is another contact point called '白鹭 Egret'"),
        (provisioned_point, "contact point egret-cases: it comes from a provisioning file"),
        (old_grafana, "contact point egret-cases: Grafana 11.6.0 does not sign its webhooks"),
    ],
)
def test_what_is_not_ours_stops_everything(standin: Standin, before: Any, why: str) -> None:
    """Nothing is sent at all, the refusal says what is in the way, and a dry run ends with the same code."""
    before(standin)
    result = apply(standin, *ALL, "--influx-password-env", "") if before is provisioned_source else apply(standin, *ALL)
    assert isinstance(result.exception, EgretError)
    assert str(result.exception).startswith(f"nothing was done. {why}")
    assert (result.exception.code, result.exception.exit_code) == ("E-GRAF-024", 6)
    assert standin.writes == []
    dry = CliRunner().invoke(root, ["grafana", "apply", "--url", standin.url, *ALL, "--dry-run"], standalone_mode=False)
    assert dry.return_value == 6
    assert "refuse" in dry.stdout


def test_a_foreign_folder_can_be_overruled(standin: Standin) -> None:
    """With --take-over the dashboard moves into our folder, and the table says so."""
    foreign_dashboard(standin)
    result = apply(standin, "--board", BOARD, "--take-over")
    assert "it lies in the folder 'Theirs', which is not ours; it is taken over" in result.stdout
    assert standin.dashboards["egret-gas"][1]["folderUid"] == "egret"


def test_a_wrong_token_and_nobody_there(standin: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own code, and the exit code of a peer that cannot be used."""
    monkeypatch.setenv("EGRET_GRAFANA_TOKEN", "wrong")
    refused = apply(standin).exception
    assert isinstance(refused, NotAuthorised)
    assert (refused.code, refused.exit_code) == ("E-GRAF-021", 3)
    words = ["grafana", "apply", "--url", "http://127.0.0.1:1"]
    away = CliRunner().invoke(root, words).exception
    assert isinstance(away, Unreachable)
    assert (away.code, away.exit_code) == ("E-GRAF-020", 3)


def test_without_a_token_nothing_is_asked(standin: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable and where it is named."""
    monkeypatch.delenv("EGRET_GRAFANA_TOKEN")
    error = apply(standin).exception
    assert str(error).startswith("--token-env: the environment variable EGRET_GRAFANA_TOKEN is not set.")
    assert standin.calls == []


def test_a_copy_comes_back_into_a_file(standin: Standin, tmp_path: Path) -> None:
    """Without that Grafana's own numbers, keys in order, so that a second export writes nothing new."""
    mine = {"version": 12, "title": "我的", "uid": "adqk2fx", "id": 31, "panels": [], "schemaVersion": 41}
    standin.dashboards["adqk2fx"] = (mine, {"folderUid": "theirs"})
    words = ["grafana", "export", "adqk2fx", "--url", standin.url, "--out", str(tmp_path)]
    first = CliRunner().invoke(root, words)
    assert first.exit_code == 0, first.exception
    written = (tmp_path / "adqk2fx.json").read_text(encoding="utf-8")
    assert json.loads(written) == {"panels": [], "schemaVersion": 41, "title": "我的", "uid": "adqk2fx"}
    assert list(json.loads(written)) == sorted(json.loads(written))
    mine["version"] = 13
    assert "unchanged" in CliRunner().invoke(root, words).stdout
    assert standin.writes == []


@pytest.mark.parametrize("uid", ["nothing", "../power", "power/versions", "https://grafana.example/d/power"])
def test_a_dashboard_that_there_is_not_is_said(standin: Standin, tmp_path: Path, uid: str) -> None:
    """With where its uid is found; no file is written, not even for those that there are."""
    result = CliRunner().invoke(root, ["grafana", "export", "power", uid, "--url", standin.url, "--out", str(tmp_path)])
    assert isinstance(result.exception, EgretError)
    assert result.exception.code == "E-GRAF-025"
    assert list(tmp_path.iterdir()) == []
