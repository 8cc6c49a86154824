"""The dashboards as built: the same bytes as committed, and what a page must have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud.grafana import dashboards, provisioning
from cloud.grafana.look import COLOURS
from cloud.hooks import grafana as hook
from wire import limit_sets
from wire.alarm import Level

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "cloud" / "dashboards"
BUILT = dashboards.files("zh", dashboards.BOARD)
UIDS = {
    *("egret-city", "egret-district", "egret-fleet", "egret-alarms", "egret-evaluation"),
    *("egret-billboard", "egret-gas", "egret-drainage", "egret-bridge", "egret-road"),
}
"""The contract with the board: docs/operate/grafana.md."""


def parsed(language: str = "zh", board: str = dashboards.BOARD) -> dict[str, Any]:
    """By uid, as Grafana would read them."""
    return {name.removesuffix(".json"): json.loads(text) for name, text in dashboards.files(language, board).items()}


def panels(language: str = "zh") -> list[Any]:
    """Of all dashboards."""
    return [panel for page in parsed(language).values() for panel in page["panels"]]


def test_what_is_committed_is_what_is_built() -> None:
    """`egret grafana build` changes nothing in a fresh checkout, and nothing else lies there."""
    wanted = {**BUILT, **provisioning.files()}
    there = {str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    assert there == wanted, "run `egret grafana build` and commit what it writes"


def test_uids_and_variables_are_the_contract() -> None:
    """A board that opens /d/egret-billboard?var-district=…&var-site=… finds it, and finds both variables."""
    found = parsed()
    assert set(found) == UIDS
    for uid, page in found.items():
        assert page["uid"] == uid
        names = {variable["name"] for variable in page["templating"]["list"]}
        kind = uid.removeprefix("egret-")
        assert names == {"board"} | (
            set()
            if kind == "city"
            else {"district", "site"}
            if kind in limit_sets.shipped()
            else {"district", "box"}
            if kind == "fleet"
            else {"district"}
        )


def test_there_is_enough_to_see() -> None:
    """Ten pages with more than a hundred panels, each with a title and a description in both languages."""
    found = panels()
    assert len(found) >= 100
    assert all(panel["title"] and "\n\n" in panel["description"] for panel in found)
    assert all(re.search("[\u4e00-\u9fff]", panel["title"]) for panel in found)


def test_english_is_one_option_away() -> None:
    """With `en` no title is Chinese, and nothing but words is different."""
    assert not [panel["title"] for panel in panels("en") if re.search("[\u4e00-\u9fff]", panel["title"])]
    asked = [[target["query"] for target in panel.get("targets", [])] for panel in panels("zh")]
    assert asked == [[target["query"] for target in panel.get("targets", [])] for panel in panels("en")]


def test_one_data_source_and_one_language() -> None:
    """Every query is InfluxQL for the data source `egret`, over no less than a minute, and without `now()`."""
    for panel in panels():
        for target in panel.get("targets", []):
            assert target["datasource"] == {"type": "influxdb", "uid": "egret"}
            assert target["rawQuery"] is True
            assert target["query"].startswith("SELECT ")
            assert "$timeFilter" in target["query"]
            assert "now()" not in target["query"]
            assert "SLIMIT" not in target["query"], "InfluxDB 3 does not have it"
            assert panel["interval"] in {"1m", "10m", "30m", "1h", "6h"}


def test_limits_are_bands_of_the_board_s_colours() -> None:
    """The tilt of billboards lies on the shipped limits, each in its level's colour, and below them on nothing."""
    [tilt] = [panel for panel in parsed()["egret-billboard"]["panels"] if panel["title"] == "合成倾角"]
    steps = tilt["fieldConfig"]["defaults"]["thresholds"]["steps"]
    [lean] = [rule for rule in limit_sets.shipped()["billboard"] if rule.name == "lean"]
    assert steps[0] == {"color": "transparent", "value": None}
    assert [(step["value"], step["color"]) for step in steps[1:]] == [
        (limit.limit, COLOURS[limit.level]) for limit in lean.levels
    ]
    assert tilt["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "area"}
    assert tilt["fieldConfig"]["defaults"]["unit"] == "degree"


def test_colours_are_those_of_the_board() -> None:
    """One look in two programs."""
    css = (ROOT / "cloud" / "board" / "styles" / "base.css").read_text(encoding="utf-8")
    for level in Level:
        assert f"--{level}: {COLOURS[level]}" in css


def test_nothing_wrong_is_grey() -> None:
    """A line has no colour of its own, and a figure has one from its first threshold on."""
    for panel in panels():
        colour = panel["fieldConfig"]["defaults"].get("color", {})
        assert colour.get("mode") in {"shades", "fixed", "thresholds", None}
        assert colour.get("fixedColor", "#7d8794") == "#7d8794"
        if panel["type"] == "stat":
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] == "#7d8794"


def test_a_point_leads_to_its_site_and_a_case_to_its_page() -> None:
    """The addresses are those of the board's routes; the board's own address stands once in a page, as a constant."""
    board = "https://egret.city.example/bridge"
    for page in parsed(board=f"{board}/").values():
        text = json.dumps(page)
        assert text.count(board) == text.count(f'"{board}"') == 3, "query, text and value of the variable"
        [variable] = [one for one in page["templating"]["list"] if one["name"] == "board"]
        assert (variable["type"], variable["hide"], variable["skipUrlSync"]) == ("constant", 2, True)
    urls = set(re.findall(r"\$\{board\}(/#/[^\s\")]*)", json.dumps(parsed())))
    assert urls == {
        "/#/",
        "/#/sites/${__field.labels.site}",
        "/#/sites/${__value.raw}",
        "/#/cases/${__value.raw}",
        "/#/evaluation",
    }


def test_alarms_and_cases_are_marks_on_every_page() -> None:
    """Four levels in their colours and the cases, narrowed by the page's district where it has one."""
    for uid, page in parsed().items():
        marks = page["annotations"]["list"]
        assert [mark["iconColor"] for mark in marks] == [*(COLOURS[level] for level in Level), "#7a5cc0"]
        narrowed = ['"district" =~ /^$district$/' in mark["target"]["query"] for mark in marks]
        assert narrowed == [uid != "egret-city"] * 5


def test_what_the_store_does_not_know_is_said() -> None:
    """Rates of cases are not in InfluxDB: the page says so, and leads to the board's evaluation."""
    [first, *_] = parsed()["egret-evaluation"]["panels"]
    assert first["type"] == "text"
    assert "不在时序库" in first["options"]["content"]
    assert "${board}/#/evaluation" in first["options"]["content"]


@pytest.mark.parametrize("name", provisioning.files())
def test_provisioning_files_hold_no_address_and_no_secret(name: str) -> None:
    """Whatever differs between two cities comes from Grafana's environment."""
    text = provisioning.files()[name].decode()
    document = yaml.safe_load(text)
    assert document["apiVersion"] == 1
    assert "policies" not in document
    for key in ("url", "password", "secret", "path", "user"):
        for value in re.findall(rf"^\s*{key}: (.+)$", text, re.MULTILINE):
            assert re.fullmatch(r'"\$\{EGRET_[A-Z_]+\}(/api/v1/hooks/grafana)?"', value), (name, key, value)


def test_provisioning_names_what_the_dashboards_name() -> None:
    """The data source's uid, the folder's uid, and the headers that our hook reads."""
    read = {name.split("/")[1]: yaml.safe_load(text) for name, text in provisioning.files().items()}
    assert read["datasources"]["datasources"][0]["uid"] == "egret"
    assert read["dashboards"]["providers"][0]["folderUid"] == dashboards.FOLDER_UID
    [receiver] = read["alerting"]["contactPoints"][0]["receivers"]
    wanted = provisioning.contact_point("${EGRET_BOARD_URL}", "grafana", "${EGRET_GRAFANA_SECRET}")
    assert receiver == {"uid": wanted["uid"], "type": wanted["type"], "settings": wanted["settings"]}


def test_the_manual_names_what_there_is() -> None:
    """Every page, and every variable of Grafana's environment that the provisioning files name."""
    manual = (ROOT / "docs" / "operate" / "grafana.md").read_text(encoding="utf-8")
    named = {name for text in provisioning.files().values() for name in re.findall(r"\$\{(\w+)\}", text.decode())}
    missing = [word for word in sorted(UIDS | named) if f"`{word}`" not in manual]
    assert missing == ["EGRET_INFLUX_TOKEN"], "that one stands in a comment of its file"


def test_the_contact_point_and_our_hook_agree() -> None:
    """Grafana signs with the headers that the hook reads: its own default, and the one of the manual's cloud.yaml."""
    assert hook.Config().signature_header == provisioning.SIGNATURE
    manual = (ROOT / "docs" / "operate" / "grafana.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    [configured] = yaml.safe_load(block)["hooks"]
    assert configured["timestamp_header"] == provisioning.TIMESTAMP
    settings = provisioning.contact_point("https://b.example", configured["name"], "")["settings"]
    assert settings["url"] == "https://b.example/api/v1/hooks/grafana"
