"""cloud.yaml: where the broker is, where the board listens, which store, who is told, who reports.

    schema: egret.cloud/1
    broker: mqtt://127.0.0.1:1883
    http: {host: 127.0.0.1, port: 8480}
    data: var/cloud
    store:
      kind: embedded
    notifiers:
      - name: city-desk
        kind: webhook
        url: https://desk.example.org/egret
        secret_env: EGRET_WEBHOOK_SECRET
    hooks:
      - name: hotline
        kind: generic
        secret_env: EGRET_HOTLINE_SECRET

Only `schema` must be there. `broker_tls` is for a broker that asks for certificates (`mqtts://…`),
written as in `cloud/broker_block.py`. `map: FILE` names the map of the districts, else it is `map.json` in `data`.
`http`, with its login and TLS, is written as in `cloud/listening.py`.
`ledger: postgresql+psycopg://egret@db.example/egret` keeps alarms and cases
in PostgreSQL instead of SQLite. How the city works its cases is written as in `cloud/city/city_rules.py`.
What stands beside `kind` belongs to that kind: the first lines of `cloud/stores/{kind}.py`,
`cloud/notifiers/{kind}.py` and `cloud/hooks/{kind}.py` are its manual page. Whom a notifier tells what,
and when, is written as in `cloud/notices/notice_route.py`.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from cloud import broker_block, listening
from cloud.access.actor import RESERVED
from cloud.city import city_rules
from cloud.city.city_rules import CityRules
from cloud.listening import Http
from cloud.notices import notice_route
from cloud.notices.notice_route import EVERYTHING, Route
from wire import kinds
from wire.broker import Broker
from wire.errors import ConfigError
from wire.located import Block, Mistakes
from wire.located import load as load_file
from wire.topics import IDENTIFIER

SCHEMA = "egret.cloud/1"
STORES, NOTIFIERS, HOOKS = "cloud.stores", "cloud.notifiers", "cloud.hooks"
_TAKEN = RESERVED | {"sensor", "person"}
_LEDGER = "postgresql+psycopg://"
_WEB = re.compile(r"https?://[^\s\"'<>]+")
_DATA = "var/cloud"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A kind and its settings, an instance of its `Config`. `where` is its place in the file, `route` a notifier's."""

    name: str
    kind: str
    settings: Any
    where: str
    route: Route = EVERYTHING

    def module(self, package: str) -> ModuleType:
        """The kind's file."""
        return kinds.find(package, self.kind, where=self.where)


@dataclass(frozen=True, slots=True)
class CloudConfig:
    """The whole file. `broker` is an address with its certificates, `issued` a folder of the boxes'.

    `data` holds the quarantine, photos, the embedded store, and the ledger; `ledger` is the URL of another database
    that holds the ledger, or empty. `map` is the map document, which need not be there. `grafana` is where people
    reach the city's Grafana, or empty.
    """

    broker: Broker
    issued: Path | None
    http: Http
    data: Path
    map: Path
    ledger: str
    grafana: str
    store: Chosen
    notifiers: tuple[Chosen, ...]
    hooks: tuple[Chosen, ...]
    rules: CityRules

    @property
    def ledger_place(self) -> str | Path:
        """The ledger's URL, or its file in `data`."""
        return self.ledger or self.data / "ledger.sqlite"

    @property
    def is_store_a_file(self) -> bool:
        """Then one process alone can open it."""
        return hasattr(self.store.settings, "folder")


def load(path: Path) -> CloudConfig:
    """Read and check the file; relative paths start at the working directory. Raises ConfigError with all mistakes."""
    mistakes = Mistakes()
    root = load_file(path, mistakes)
    root.choice("schema", [SCHEMA])
    data = Path(root.text("data", _DATA))
    rules = city_rules.read(root)
    config = CloudConfig(
        broker=broker_block.read(root),
        issued=broker_block.issued(root),
        http=listening.read(root.mapping("http", optional=True)),
        data=data,
        map=Path(root.text("map", str(data / "map.json"))),
        ledger=_ledger(root),
        grafana=_grafana(root),
        store=_in_folder(_store(root), data),
        notifiers=_named(
            root,
            "notifiers",
            NOTIFIERS,
            "two notifiers are called",
            route_of=lambda block: notice_route.read(block, rules),
        ),
        hooks=_hooks(root),
        rules=rules,
    )
    root.done()
    mistakes.raise_any()
    return config


def _ledger(root: Block) -> str:
    url = root.text("ledger", "")
    if url and not url.startswith(_LEDGER):
        fix = f"write {_LEDGER}user@host/database (the password in PGPASSWORD), or leave it out for SQLite."
        root.wrong("ledger", f"{url!r} is no ledger that is known.", fix, "E-CLOUD-004")
    return url


def _grafana(root: Block) -> str:
    """It becomes a link on every site's page, so it is an address of the web and nothing else."""
    url = root.text("grafana", "")
    if url and not _WEB.fullmatch(url):
        fix = "write it as a browser shows it, such as https://grafana.city.example, or leave it out."
        root.wrong("grafana", f"{url!r} is no address of a Grafana.", fix, "E-CLOUD-017")
    return url


def _store(root: Block) -> Chosen:
    block = root.mapping("store", optional=True)
    return _chosen(STORES, block, "store", block.text("kind", "embedded"))


def _in_folder(store: Chosen, data: Path) -> Chosen:
    """A store that keeps files keeps them in `data`, unless its own `folder` says otherwise."""
    if getattr(store.settings, "folder", None) != "":
        return store
    return dataclasses.replace(store, settings=dataclasses.replace(store.settings, folder=str(data)))


def _hooks(root: Block) -> tuple[Chosen, ...]:
    """Other systems that report to us; each is the `source` of its cases and an actor of the logs."""
    found = _named(root, "hooks", HOOKS, "two hooks are called")
    for hook in found:
        if hook.name in _TAKEN:
            what = f"{hook.name!r} means something else in cases and logs."
            root.mistakes.add(hook.where, what, "give it the name of the system that reports.", "E-CLOUD-016")
    return found


def _named(
    root: Block,
    section: str,
    package: str,
    doubled: str,
    *,
    route_of: Callable[[Block], Route] = lambda _: EVERYTHING,
) -> tuple[Chosen, ...]:
    """A list of kinds that have names."""
    found: dict[str, Chosen] = {}
    for block in root.sequence(section, optional=True).blocks():
        name = block.text("name")
        if name in found:
            first = found[name].where
            fix = f"give it another name; the first is at {first}."
            block.wrong("name", f"{doubled} {name!r}.", fix, "E-CLOUD-001")
        elif not IDENTIFIER.fullmatch(name):
            fix = "use letters, digits, - and _, for example city-desk."
            block.wrong("name", f"{name!r} is no name.", fix, "E-CLOUD-002")
        route = route_of(block)
        chosen = _chosen(package, block, name, block.text("kind"))
        found.setdefault(name, dataclasses.replace(chosen, route=route))
    return tuple(found.values())


def _chosen(package: str, block: Block, name: str, kind: str) -> Chosen:
    """The kind's settings; None stands for those of a kind that is not there."""
    settings = None
    try:
        settings = kinds.build(kinds.find(package, kind, where=block.place("kind")).Config, block, block.mistakes)
    except ConfigError as error:
        block.mistakes.extend(error.mistakes)
    return Chosen(name, kind, settings, block.where)


def schema() -> dict[str, object]:
    """The JSON Schema of cloud.yaml (draft 2020-12), for editors."""
    text = {"type": "string"}
    named = {"name": {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}}
    sections = {
        "schema": {"const": SCHEMA},
        **broker_block.SCHEMA,
        "http": listening.SCHEMA,
        "data": {**text, "default": _DATA, "description": "folder of the ledger, the quarantine, the embedded store"},
        "map": {**text, "description": "what `egret map build` writes; without it, map.json in the data folder"},
        "ledger": {**text, "pattern": f"^{re.escape(_LEDGER)}", "description": "without it, SQLite in the data folder"},
        "grafana": {**text, "pattern": "^https?://", "description": "where people open the dashboards"},
        "store": {"oneOf": [_kind(STORES, kind, {}) for kind in kinds.names(STORES)]},
        "notifiers": {
            "type": "array",
            "items": {"oneOf": [_kind(NOTIFIERS, kind, named, notice_route.SCHEMA) for kind in kinds.names(NOTIFIERS)]},
        },
        "hooks": {
            "type": "array",
            "items": {"oneOf": [_kind(HOOKS, kind, named) for kind in kinds.names(HOOKS)]},
        },
        **city_rules.SCHEMA,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Egret: the cloud's services",
        **_object(sections, ["schema"]),
    }


def _kind(
    package: str, kind: str, more: Mapping[str, object], optional: Mapping[str, object] | None = None
) -> dict[str, object]:
    config = kinds.find(package, kind).Config
    hints = get_type_hints(config)
    fields = {field.name.removesuffix("_s"): _field(field, hints[field.name]) for field in dataclasses.fields(config)}
    required = [key for key, said in fields.items() if "default" not in said]
    return _object({**more, "kind": {"const": kind}, **(optional or {}), **fields}, [*more, "kind", *required])


def _field(field: "dataclasses.Field[Any]", hint: Any) -> dict[str, object]:
    said: dict[str, object]
    if field.default_factory is not dataclasses.MISSING:
        return {**_type(hint), "default": field.default_factory()}
    if field.name.endswith("_s"):
        said = {"type": "string", "pattern": r"^\d+(\.\d+)? ?(ms|s|min|h|d)$"}
        return said if field.default is dataclasses.MISSING else {**said, "default": f"{field.default:g}s"}
    said = _type(hint)
    return said if field.default is dataclasses.MISSING else {**said, "default": field.default}


def _type(hint: Any) -> dict[str, object]:
    """Of a field's type; see `wire.kinds` for those there are."""
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": {"type": "string"}}
    if get_origin(hint) is Mapping:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    return {"type": {str: "string", int: "integer", float: "number", bool: "boolean"}[hint]}


def _object(properties: Mapping[str, object], required: list[str]) -> dict[str, object]:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}
