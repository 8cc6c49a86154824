"""cloud.yaml: what it means, and how its mistakes are told."""

import importlib
import json
import textwrap
from pathlib import Path

import pytest

from cloud import config
from cloud.config import CloudConfig, load
from cloud.listening import Http
from cloud.notifiers import webhook
from cloud.stores import embedded, influxdb_v1, influxdb_v2
from wire import kinds
from wire.errors import ConfigError
from wire.located import Mistakes, parse

ROOT = Path(__file__).parents[2]


def read(folder: Path, text: str) -> CloudConfig:
    """The text as a file of that folder."""
    path = folder / "cloud.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load(path)


def mistakes_of(folder: Path, text: str) -> list[str]:
    """What is said of a wrong file, without the folder."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_the_shipped_file_is_the_demonstration_on_one_machine() -> None:
    """Broker on the MQTT port, board on 8480, everything on 127.0.0.1, the embedded store in `data`."""
    found = load(ROOT / "cloud.yaml")
    assert str(found.broker) == "mqtt://127.0.0.1:1883"
    assert found.http == Http("127.0.0.1", 8480)
    assert found.data == Path("var/cloud")
    assert (found.store.kind, found.store.settings) == ("embedded", embedded.Config(folder="var/cloud"))
    assert found.notifiers == ()


def test_what_is_not_written_is_as_in_the_shipped_file(tmp_path: Path) -> None:
    """The defaults and the example cannot drift apart."""
    found, shipped = read(tmp_path, "schema: egret.cloud/1\n"), load(ROOT / "cloud.yaml")
    assert (found.broker, found.http, found.data) == (shipped.broker, shipped.http, shipped.data)
    assert found.store.settings == shipped.store.settings
    assert found.map == Path("var/cloud/map.json")


def test_kinds_read_their_own_settings(tmp_path: Path) -> None:
    """A store and two notifiers, with their places in the file."""
    found = read(
        tmp_path,
        """\
        schema: egret.cloud/1
        broker: mqtts://broker.example.org
        store:
          kind: influxdb_v1
          url: http://store:8086
          timeout: 5s
        notifiers:
          - {name: desk, kind: webhook, url: "https://desk.example.org/egret", secret_env: DESK}
          - {name: duty, kind: webhook, url: "https://duty.example.org/egret", secret_file: /etc/egret/duty}
        """,
    )
    assert found.store.settings == influxdb_v1.Config("http://store:8086", timeout_s=5.0)
    assert [(notifier.name, notifier.where) for notifier in found.notifiers] == [
        ("desk", f"{tmp_path}/cloud.yaml:8"),
        ("duty", f"{tmp_path}/cloud.yaml:9"),
    ]
    assert found.notifiers[0].settings == webhook.Config("https://desk.example.org/egret", secret_env="DESK")
    assert found.store.module(config.STORES) is influxdb_v1
    assert found.notifiers[0].module(config.NOTIFIERS) is webhook


def test_the_embedded_store_may_lie_elsewhere(tmp_path: Path) -> None:
    """Readings on another disk than the ledger."""
    found = read(tmp_path, "schema: egret.cloud/1\ndata: /srv/a\nstore: {kind: embedded, folder: /srv/b}\n")
    assert found.store.settings == embedded.Config(folder="/srv/b")


def test_grafana_is_an_address_of_the_web(tmp_path: Path) -> None:
    """It is a link on the board, so a script is none."""
    assert (
        read(tmp_path, "schema: egret.cloud/1\ngrafana: https://grafana.example/\n").grafana
        == "https://grafana.example/"
    )
    [mistake] = mistakes_of(tmp_path, "schema: egret.cloud/1\ngrafana: 'javascript:alert(1)'\n")
    assert "cloud.yaml:2" in mistake
    assert "E-CLOUD-017" in mistake


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line and what to write instead."""
    assert mistakes_of(
        tmp_path,
        """\
        schema: egret.cloud/2
        broker: tcp://127.0.0.1
        http:
          port: 84800
          adress: 0.0.0.0
        store:
          kind: influxdb
          url: http://store:8086
        notifiers:
          - {name: desk, kind: webhook, url: "https://a.example.org"}
          - {name: desk, kind: webhook, url: "https://b.example.org", secret: abc}
          - {name: the desk, kind: webhok, url: "https://c.example.org"}
        """,
    ) == [
        "cloud.yaml:1: 'schema' 'egret.cloud/2' is not known. fix: write 'egret.cloud/1' [E-FILE-014]",
        (
            "cloud.yaml:2: 'tcp://127.0.0.1' is not a broker's address."
            " fix: write mqtt://host:1883 or mqtts://host:8883,"
            " and the nodes of a cluster as mqtts://host-1:8883,host-2:8883. [E-LINK-001]"
        ),
        "cloud.yaml:4: 'port' 84800 is outside 1..65535. fix: write a value inside [E-FILE-013]",
        (
            "cloud.yaml:5: unknown key 'adress'."
            " fix: use one of: host, port, login, hosts, certificate, key, behind_proxy [E-FILE-010]"
        ),
        "cloud.yaml:7: there is no store kind 'influxdb'. fix: write 'influxdb_v2' [E-KIND-001]",
        (
            "cloud.yaml:11: two notifiers are called 'desk'."
            " fix: give it another name; the first is at cloud.yaml:10. [E-CLOUD-001]"
        ),
        "cloud.yaml:11: unknown key 'secret'. fix: write 'secret_env' [E-FILE-010]",
        "cloud.yaml:12: 'the desk' is no name. fix: use letters, digits, - and _, for example city-desk. [E-CLOUD-002]",
        "cloud.yaml:12: there is no notifier kind 'webhok'. fix: write 'webhook' [E-KIND-001]",
    ]


def test_a_setting_of_another_kind_is_a_mistake(tmp_path: Path) -> None:
    """A token means nothing to InfluxDB 1: better told than ignored."""
    text = "schema: egret.cloud/1\nstore:\n  kind: influxdb_v1\n  token_env: X\n  timeout: 5\n"
    assert mistakes_of(tmp_path, text) == [
        (
            "cloud.yaml:4: unknown key 'token_env'. fix: use one of: kind, url, database, username, password_env,"
            " password_file, timeout [E-FILE-010]"
        ),
        "cloud.yaml:5: 'timeout' is '5'. fix: write a time with its unit: 5s or 5ms [E-FILE-012]",
    ]


def test_the_example_in_this_modules_manual_page_is_right(tmp_path: Path) -> None:
    """It is what people copy."""
    _, block, _ = (config.__doc__ or "").split("\n\n", 2)
    found = read(tmp_path, block)
    assert found.notifiers[0].settings.secret_env == "EGRET_WEBHOOK_SECRET"


@pytest.mark.parametrize("kind", kinds.names(config.STORES))
def test_the_example_in_each_stores_manual_page_is_right(kind: str) -> None:
    """Each names every setting it needs, and no unknown one."""
    module = importlib.import_module(f"{config.STORES}.{kind}")
    mistakes = Mistakes()
    block = parse((module.__doc__ or "").split("\n\n")[1], kind, mistakes).mapping("store")
    assert block.text("kind") == kind
    assert kinds.build(module.Config, block, mistakes) is not None
    mistakes.raise_any()


def test_the_schema_knows_every_kind_and_its_settings() -> None:
    """For editors: keys, words, defaults."""
    found = json.loads(json.dumps(config.schema()))
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["required"] == ["schema"]
    by_kind = {store["properties"]["kind"]["const"]: store for store in found["properties"]["store"]["oneOf"]}
    assert set(by_kind) == {"embedded", "influxdb_v1", "influxdb_v2"}
    settings = by_kind["influxdb_v2"]["properties"]
    assert settings["reads"] == {"enum": ["influxql", "metricsql"], "default": "influxql"}
    assert settings["timeout"]["default"] == "30s"
    assert settings["url"]["default"] == influxdb_v2.Config().url
    told = found["properties"]["notifiers"]["items"]["oneOf"]
    required = {kind["properties"]["kind"]["const"]: kind["required"] for kind in told}
    assert set(required) == set(kinds.names(config.NOTIFIERS))
    assert required["webhook"] == ["name", "kind", "url"]
    assert required["email"] == ["name", "kind", "host", "sender", "to"]
    (robot,) = (kind["properties"] for kind in told if kind["properties"]["kind"]["const"] == "dingtalk")
    assert robot["mentions"] == {"type": "object", "additionalProperties": {"type": "string"}, "default": {}}
