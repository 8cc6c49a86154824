"""cloud.yaml's `hooks:`: other systems that report to us, and how mistakes in them are told."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from cloud import config
from cloud.hooks import generic
from wire import kinds
from wire.errors import ConfigError

HOOKS = """\
schema: egret.cloud/1
hooks:
  - name: hotline
    kind: generic
    secret_env: EGRET_HOTLINE_SECRET
    level_map: {紧急: orange}
  - {name: grafana, kind: grafana, secret_file: /etc/egret/grafana}
"""


def mistakes_of(folder: Path, text: str) -> list[str]:
    """What is said of a wrong file, without the folder."""
    path = folder / "cloud.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_hooks_read_their_own_settings(tmp_path: Path) -> None:
    """Two kinds, with their names and places in the file; nobody reports where nothing is written."""
    path = tmp_path / "cloud.yaml"
    path.write_text(HOOKS, encoding="utf-8")
    hotline, grafana = config.load(path).hooks
    assert (hotline.name, hotline.kind, hotline.where) == ("hotline", "generic", f"{path}:3")
    assert hotline.settings == generic.Config(secret_env="EGRET_HOTLINE_SECRET", level_map={"紧急": "orange"})
    assert (grafana.name, grafana.settings.secret_file) == ("grafana", "/etc/egret/grafana")
    path.write_text("schema: egret.cloud/1\n", encoding="utf-8")
    assert config.load(path).hooks == ()


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A name twice, a word of our own as a name, an unknown key, an unknown kind, each with its line."""
    text = (
        "schema: egret.cloud/1\nhooks:\n"
        "  - {name: hotline, kind: generic}\n"
        "  - {name: hotline, kind: generic}\n"
        "  - {name: sensor, kind: generic}\n"
        "  - {name: prometheus, kind: alertmanager, secret: x}\n"
        "  - {name: cameras, kind: genric}\n"
    )
    assert mistakes_of(tmp_path, text) == [
        (
            "cloud.yaml:4: two hooks are called 'hotline'."
            " fix: give it another name; the first is at cloud.yaml:3. [E-CLOUD-001]"
        ),
        (
            "cloud.yaml:5: 'sensor' means something else in cases and logs."
            " fix: give it the name of the system that reports. [E-CLOUD-016]"
        ),
        "cloud.yaml:6: unknown key 'secret'. fix: write 'secret_env' [E-FILE-010]",
        "cloud.yaml:7: there is no hook kind 'genric'. fix: write 'generic' [E-KIND-001]",
    ]


def test_the_schema_knows_every_kind_of_hook() -> None:
    """For editors: the file above is valid, one with an unknown kind is not."""
    validator = jsonschema_rs.validator_for(config.schema())
    assert validator.is_valid(yaml.safe_load(HOOKS))
    assert not validator.is_valid(yaml.safe_load(HOOKS.replace("generic", "genric")))
    offered = config.schema()["properties"]["hooks"]["items"]["oneOf"]  # type: ignore[index]
    assert [kind["properties"]["kind"]["const"] for kind in offered] == list(kinds.names(config.HOOKS))
