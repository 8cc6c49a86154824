"""Both checks over some dashboards: what was checked, what was not for want of something, and what is wrong."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from cloud.grafana import dashboard_file, query_check
from cloud.grafana.provisioning import Influx
from cloud.grafana.query_check import Outcome
from cloud.store_http import StoreHttp
from wire.errors import EgretError, Mistake

_TIMEOUT_S = 60.0


class Found(msgspec.Struct, frozen=True):
    """One query, or one file: then `rows` is None."""

    where: str
    rows: int | None
    mistakes: tuple[str, ...]
    is_empty: bool = False


class Checked(msgspec.Struct, frozen=True):
    """Of so many dashboards. `left_out` says which check was not made, and why; empty when both were."""

    dashboards: int
    queries: int
    left_out: str
    found: tuple[Found, ...]

    @property
    def wrong(self) -> int:
        """Queries and files with a mistake."""
        return sum(bool(one.mistakes) for one in self.found)


def contents_of(files: Sequence[Path]) -> dict[str, bytes]:
    """By the name that messages use. Raises ConfigError."""
    return {str(path): dashboard_file.read_file(path)[1] for path in files}


async def check(
    contents: Mapping[str, bytes], schema: Path, influx: Influx | None, end_ns: int, *, allows_empty: bool
) -> Checked:
    """The form, and with `influx` every query.

    Raises EgretError when neither can be checked, Unavailable, ConfigError.
    """
    why = _no_schema(schema)
    if why and influx is None:
        raise EgretError(f"nothing can be checked: {why}.", where=str(schema), fix=_MAKE, code="E-GRAF-003")
    found = [] if why else _forms(contents, schema)
    outcomes = await _asked(contents, influx, end_ns) if influx else []
    found += [_found(one, allows_empty=allows_empty) for one in outcomes]
    left_out = f"the form was not checked: {why}. {_MAKE}" if why else ""
    left_out = left_out if influx else "no query was asked: name a store with --influx"
    return Checked(len(contents), len(outcomes), left_out, tuple(found))


_MAKE = "make it with `python scripts/grafana_schema.py` in a checkout, and name it with --schema"


def _no_schema(schema: Path) -> str:
    """Why the form cannot be checked; empty when it can."""
    if importlib.util.find_spec("jsonschema_rs") is None:
        return "the package jsonschema-rs is not installed: pip install 'egret-city[grafana]'"
    return "" if schema.exists() else f"there is no {schema}"


def _forms(contents: Mapping[str, bytes], path: Path) -> list[Found]:
    from cloud.grafana import schema_check  # noqa: PLC0415 - its library belongs to the extra `grafana`

    schema = schema_check.load(path)
    return [
        Found(where, None, tuple(map(str, schema_check.check(content, where, schema))))
        for where, content in contents.items()
    ]


async def _asked(contents: Mapping[str, bytes], influx: Influx, end_ns: int) -> list[Outcome]:
    files = [dashboard_file.read(content, where) for where, content in contents.items()]
    auth = (influx.user, influx.password) if influx.user else None
    async with StoreHttp(influx.url, _TIMEOUT_S, auth=auth) as http:
        ask = query_check.asking(http, influx.database)
        return [one for file in files for one in await query_check.check(file, ask, end_ns)]


def _found(one: Outcome, *, allows_empty: bool) -> Found:
    mistakes = tuple(map(str, one.mistakes))
    if one.is_empty and not allows_empty:
        fix = "if there is such data in this database mend the query, otherwise say --allow-empty."
        mistakes = (str(Mistake(one.where, "it has no rows.", fix, "E-GRAF-014")),)
    return Found(one.where, one.rows, mistakes, one.is_empty)
