"""Check A on a real InfluxDB 1.6 that was filled by the program's own path, and mutants that A or B must catch."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from watched_town import Watched

from cloud.grafana import checking, dashboards, schema_check
from cloud.grafana.checking import Checked
from cloud.grafana.provisioning import Influx
from cloud.grafana.schema_check import Schema
from cloud.stores import influxdb_v1
from wire.errors import ConfigError, Unavailable
from wire.main import root

FILES = dashboards.files("zh", dashboards.BOARD)
NO_SCHEMA = Path("there is none")
Document = dict[str, Any]


def ask(watched: Watched, name: str, content: bytes, *, database: str = "", allows_empty: bool = False) -> Checked:
    """Check A alone."""
    influx = Influx(watched.url, database or watched.database)
    return asyncio.run(checking.check({name: content}, NO_SCHEMA, influx, watched.end_ns, allows_empty=allows_empty))


def said(checked: Checked) -> list[str]:
    """Every mistake."""
    return [mistake for one in checked.found for mistake in one.mistakes]


@pytest.mark.parametrize("name", FILES)
def test_every_query_has_rows_with_values(name: str, watched: Watched) -> None:
    """Panels, variables and annotations: answered, as the page opens and with every value chosen."""
    checked = ask(watched, name, FILES[name])
    assert said(checked) == []
    document = json.loads(FILES[name])
    targets = sum(len(panel.get("targets", [])) for panel in document["panels"])
    variables = sum(variable["type"] == "query" for variable in document["templating"]["list"])
    assert checked.queries == targets + variables + len(document["annotations"]["list"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_file_is_as_grafana_s_types_say(language: str, schema: Schema) -> None:
    """Check B, in both languages."""
    files = dashboards.files(language, "https://egret.city.example")
    assert [mistake for name, text in files.items() for mistake in schema_check.check(text, name, schema)] == []


def panel(document: Document, title: str) -> Document:
    """By its title."""
    return next(one for one in document["panels"] if one["title"] == title)


def in_query(title: str, old: str, new: str) -> Callable[[Document], None]:
    """Changes the first query of a panel."""

    def mutate(document: Document) -> None:
        target = panel(document, title)["targets"][0]
        assert old in target["query"]
        target["query"] = target["query"].replace(old, new)

    return mutate


def within(title: str, path: Sequence[str | int], value: object) -> Callable[[Document], None]:
    """Sets something in a panel."""

    def mutate(document: Document) -> None:
        part: Any = panel(document, title)
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

    return mutate


def in_page(path: Sequence[str | int], value: object) -> Callable[[Document], None]:
    """Sets something in the page."""

    def mutate(document: Document) -> None:
        part: Any = document
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

    return mutate


GAS = "可燃气体浓度"
MUTANTS: dict[str, tuple[str, Callable[[Document], None], str]] = {
    "a field mistyped": ("A", in_query(GAS, '"value"', '"valeu"'), "no rows"),
    "a measurement mistyped": ("A", in_query(GAS, '"gas_lel"', '"gas_lle"'), "no rows"),
    "a syntax error": ("A", in_query(GAS, "WHERE", "WERE"), "InfluxDB refuses it"),
    "a variable that there is not": ("A", in_query(GAS, "$site", "$siet"), "the variable 'siet'"),
    "a wrong tag in the filter": ("A", in_query(GAS, '"kind"', '"knd"'), "no rows"),
    "grouped by a wrong tag": ("A", in_query(GAS, '), "site"', '), "stie"'), "'stie' is empty in every series"),
    "an event that there is not": ("A", in_query("未恢复报警", "!= 'cleared'", "= 'standing'"), "no rows"),
    "one of many columns mistyped": (
        "A",
        in_query("未恢复报警一览", '"case" FROM (', '"cas" FROM ('),
        "'cas' has no value",
    ),
    "an alias of another tag": ("A", within(GAS, ["targets", 0, "alias"], "$tag_box"), "the tag 'box'"),
    "a link of another tag": (
        "A",
        within(GAS, ["fieldConfig", "defaults", "links", 0, "url"], "${board}/#/sites/${__field.labels.iste}"),
        "the tag 'iste'",
    ),
    "an override of no column": (
        "A",
        within("未恢复报警一览", ["fieldConfig", "overrides", 3, "matcher", "options"], "cas"),
        "the column 'cas'",
    ),
    "a variable's query mistyped": (
        "A",
        in_page(["templating", "list", 2, "query"], 'SHOW TAG VALUES FROM "gas_lel" WITH KEY = "stie"'),
        "variable 'site'",
    ),
    "an annotation of no level": (
        "A",
        in_page(
            ["annotations", "list", 0, "target", "query"],
            'SELECT "sensor", "event" FROM "alarm" WHERE $timeFilter AND "level" = \'rde\'',
        ),
        "annotation '报警 Ⅰ 红'",
    ),
    "an annotation without its text": (
        "A",
        in_page(["annotations", "list", 0, "target", "textColumn"], "senor"),
        "the column 'senor'",
    ),
    "a key of the panel mistyped": ("B", within(GAS, ["feildConfig"], {}), "'feildConfig' was unexpected"),
    "a nested key mistyped": ("B", within(GAS, ["fieldConfig", "defaults", "untis"], "degree"), "'untis'"),
    "a text for a number in the grid": ("B", within(GAS, ["gridPos", "w"], "16"), '"16" is not of type "number"'),
    "a number for a title": ("B", within(GAS, ["title"], 7), '7 is not of type "string"'),
    "a kind of panel that there is not": ("B", within(GAS, ["type"], "timeserie"), "no kind of panel 'timeserie'"),
    "a word that no option has": ("B", within("未恢复报警", ["options", "colorMode"], "valeu"), '"valeu"'),
    "an option mistyped": ("B", within(GAS, ["options", "tooltpi"], {}), "'tooltpi'"),
    "a setting of lines mistyped": (
        "B",
        within(GAS, ["fieldConfig", "defaults", "custom", "lineWith"], 1),
        "'lineWith'",
    ),
    "an override of no setting": (
        "B",
        within("未恢复报警一览", ["fieldConfig", "overrides", 0, "properties", 0, "id"], "dispalyName"),
        "'dispalyName'",
    ),
    "a threshold without a colour": (
        "B",
        within(GAS, ["fieldConfig", "defaults", "thresholds", "steps", 1], {"value": 1}),
        '"color" is a required property',
    ),
    "a query without its name": ("B", within(GAS, ["targets", 0, "refid"], "A"), "'refid'"),
    "two panels with one number": ("B", within(GAS, ["id"], 1), "the same id 1"),
    "two panels on one place": ("B", within(GAS, ["gridPos"], {"h": 8, "w": 16, "x": 0, "y": 0}), "overlap"),
    "a panel beyond the page": ("B", within(GAS, ["gridPos"], {"h": 8, "w": 16, "x": 12, "y": 90}), "24 columns"),
}


@pytest.mark.parametrize("what", MUTANTS)
def test_mutants_are_caught(what: str, watched: Watched, schema: Schema) -> None:
    """Each planted mistake is found by the check it is for, and named so that one finds it."""
    check, mutate, words = MUTANTS[what]
    document = json.loads(FILES["egret-gas.json"])
    mutate(document)
    content = json.dumps(document).encode()
    if check == "B":
        found = [str(mistake) for mistake in schema_check.check(content, "mutant", schema)]
    else:
        found = said(ask(watched, "mutant", content))
    assert [mistake for mistake in found if words in mistake], found
    assert len(found) <= 4, "one mistake is not said ten times"


def test_a_quiet_city_is_not_wrong_when_it_may_be_empty(watched: Watched) -> None:
    """A database without any row: every query is said to be empty, and with leave that is no mistake."""
    name = "egret-city.json"
    assert ask(watched, name, FILES[name]).wrong == 0
    asyncio.run(make_database(watched.url, "quiet"))
    strict = ask(watched, name, FILES[name], database="quiet")
    assert strict.wrong == strict.queries
    assert all("it has no rows. fix: if there is such data" in mistake for mistake in said(strict))
    lenient = ask(watched, name, FILES[name], database="quiet", allows_empty=True)
    assert (lenient.wrong, sum(one.is_empty for one in lenient.found)) == (0, strict.queries)


async def make_database(url: str, name: str) -> None:
    """Empty."""
    async with influxdb_v1.open_store(influxdb_v1.Config(url, database=name)):
        return


def test_a_database_that_there_is_not_is_said(watched: Watched) -> None:
    """It is no matter of the dashboards."""
    with pytest.raises(Unavailable, match="there is no database 'nowhere'"):
        ask(watched, "egret-city.json", FILES["egret-city.json"], database="nowhere")


@pytest.mark.parametrize("content", [b"noise", b"[]", b'{"panels": 7}', b'{"panels": [{"targets": "none"}]}'])
def test_what_is_no_dashboard_is_refused(content: bytes, watched: Watched) -> None:
    """With the file's name and what to do, whatever it holds."""
    with pytest.raises(ConfigError, match=r"mine\.json: this is no dashboard"):
        ask(watched, "mine.json", content)


def test_check_b_survives_any_json(schema: Schema) -> None:
    """What has no form at all is said to have none; nothing breaks."""
    for text in (
        '{"panels": 7}',
        '{"panels": [7, null, []]}',
        '{"annotations": {"list": [3]}, "panels": [{"type": 1}]}',
    ):
        assert schema_check.check(text.encode(), "odd.json", schema)
    with pytest.raises(ConfigError, match=r"odd\.json: this is no dashboard"):
        schema_check.check(b"[]", "odd.json", schema)


def test_a_copy_that_somebody_saved_is_checked_as_well(watched: Watched, schema: Schema) -> None:
    """With Grafana's own annotation, a collapsed row and a hidden query, as people's dashboards have them."""
    document = json.loads(FILES["egret-gas.json"])
    first, second, *_ = document["panels"]
    hidden = {**second["targets"][0], "refId": "B", "hide": True, "query": "SELECT nothing"}
    row = {"type": "row", "id": 99, "collapsed": True, "title": "more", "panels": [second]}
    row["gridPos"] = {"h": 1, "w": 24, "x": 0, "y": 8}
    second["targets"].append(hidden)
    document |= {"uid": "adqk2fx", "id": 17, "version": 3, "panels": [first, row]}
    document["annotations"]["list"].append(
        {
            "builtIn": 1,
            "datasource": {"type": "grafana", "uid": "-- Grafana --"},
            "enable": True,
            "hide": True,
            "iconColor": "rgba(0, 211, 255, 1)",
            "name": "Annotations & Alerts",
            "type": "dashboard",
        }
    )
    content = json.dumps(document).encode()
    assert schema_check.check(content, "copy.json", schema) == []
    checked = ask(watched, "copy.json", content)
    assert said(checked) == []
    assert checked.queries == 2 + 2 + 5


def egret(*words: str) -> Result:
    """The command as a program calls it."""
    return CliRunner().invoke(root, ["grafana", "check", *words], standalone_mode=False)


def test_the_command_checks_both_ways(watched: Watched, schema_file: Path, tmp_path: Path) -> None:
    """The shipped gas page with both checks: 0; without a schema it says what was left out; with a mistake it is 5."""
    file = tmp_path / "gas.json"
    file.write_bytes(FILES["egret-gas.json"])
    store = ("--influx", watched.url, "--database", watched.database)
    good = egret(str(file), *store, "--schema", str(schema_file))
    assert (good.return_value, good.stderr) == (0, "")
    assert good.stdout == "1 dashboards, 17 queries, 0 without rows, 0 wrong.\n"
    half = egret(str(file), *store, "--schema", str(tmp_path / "none"), "--json")
    assert half.return_value == 0
    assert json.loads(half.stdout)["left_out"].startswith("the form was not checked: there is no")
    form = egret(str(file), "--schema", str(schema_file))
    assert (form.return_value, form.stderr) == (0, "no query was asked: name a store with --influx.\n")
    file.write_bytes(FILES["egret-gas.json"].replace(b'\\"gas_lel\\"', b'\\"gas_lle\\"'))
    wrong = egret(str(file), *store, "--schema", str(schema_file))
    assert wrong.return_value == 5
    assert "[E-GRAF-014]" in wrong.stderr
