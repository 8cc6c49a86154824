"""Check A: every query of a dashboard, asked of a real InfluxDB as Grafana would ask it.

A query is good when it is answered, with rows, each of its columns and tags with a value somewhere, and with the
columns and tags that its panel names. Each query is asked twice: as the dashboard opens ("all"), and with every
value of its variables chosen, which puts their escaping to the test.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cloud.grafana.dashboard_file import Asked, DashboardFile, Variable
from cloud.grafana.interpolation import interpolated, seconds, several
from cloud.store_http import StoreHttp
from wire.errors import Mistake, Rejected, Unavailable

VALUES_MOST = 300
"""Chosen values of one variable; more make a query longer than anybody chooses by hand."""
_RANGE_S, _INTERVAL_S = 6 * 3600, 10
_FIX_QUERY = "mend the query; `egret grafana build` writes the shipped ones anew."


class Series(msgspec.Struct, frozen=True):
    """One series of an answer."""

    columns: list[str]
    name: str = ""
    tags: dict[str, str] = {}
    values: list[list[float | int | str | bool | None]] = []


class _Result(msgspec.Struct, frozen=True):
    series: list[Series] = []
    error: str = ""


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result]


Ask = Callable[[str], Awaitable[Sequence[Series]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one query. `is_empty`: it was answered without rows, and nothing else is wrong."""

    where: str
    rows: int
    mistakes: tuple[Mistake, ...] = ()
    is_empty: bool = False


def asking(http: StoreHttp, database: str) -> Ask:
    """Asks one database; `http` is entered. Raises Unavailable, and Rejected with what InfluxDB says of the query."""

    async def ask(query: str) -> Sequence[Series]:
        content = await http.query("query", {"q": query}, params={"db": database, "epoch": "ms"})
        try:
            answer = msgspec.json.decode(content, type=_Answer)
        except msgspec.MsgspecError as error:
            raise http.unreadable(error) from error
        for result in answer.results:
            if "database not found" in result.error:
                fix = "see --database; `SHOW DATABASES` lists them."
                raise Unavailable(f"there is no database {database!r}.", where=http.url, fix=fix, code="E-GRAF-010")
            if result.error:
                raise Rejected(result.error, where=http.url, code="E-GRAF-011")
        return [series for result in answer.results for series in result.series]

    return ask


async def check(dashboard: DashboardFile, ask: Ask, end_ns: int) -> list[Outcome]:
    """Variables first, in order: the queries of the later ones name the earlier. Raises Unavailable."""
    outcomes: list[Outcome] = []
    whole: dict[str, str] = {}
    chosen: dict[str, str] = {}
    for variable in dashboard.variables:
        if not variable.query:
            whole[variable.name] = chosen[variable.name] = variable.value
            continue
        asked = Asked(f"{dashboard.uid}: variable {variable.name!r}", variable.query)
        values, outcome = await _values(asked, whole, dashboard, ask, end_ns)
        outcomes.append(outcome)
        whole[variable.name], chosen[variable.name] = _choices(variable, values)
    for asked in (*dashboard.panels, *dashboard.annotations):
        outcome = await _asked(asked, whole, dashboard, ask, end_ns)
        if not outcome.mistakes and not outcome.is_empty and chosen != whole:
            again = await _asked(asked, chosen, dashboard, ask, end_ns)
            outcome = again if again.mistakes or again.is_empty else outcome
        outcomes.append(outcome)
    return outcomes


def _choices(variable: Variable, values: Sequence[str]) -> tuple[str, str]:
    """What stands for all values, and what for each of them chosen; a variable without any spoils no other query."""
    if not values:
        return variable.all_value or "", variable.all_value or ""
    if not variable.is_multi:
        return values[0], values[0]
    every = several(values[:VALUES_MOST])
    return variable.all_value or every, every


async def _values(
    asked: Asked, variables: Mapping[str, str], dashboard: DashboardFile, ask: Ask, end_ns: int
) -> tuple[Sequence[str], Outcome]:
    found, mistakes = await _answer(asked, variables, dashboard, ask, end_ns)
    rows = [row for series in found for row in series.values]
    values = sorted({str(row[1] if len(row) > 1 else row[0]) for row in rows})
    return values, Outcome(asked.where, len(values), tuple(mistakes), is_empty=not values and not mistakes)


async def _asked(
    asked: Asked, variables: Mapping[str, str], dashboard: DashboardFile, ask: Ask, end_ns: int
) -> Outcome:
    found, mistakes = await _answer(asked, variables, dashboard, ask, end_ns)
    rows = sum(len(series.values) for series in found)
    if not rows:
        return Outcome(asked.where, 0, tuple(mistakes), is_empty=not mistakes)
    return Outcome(asked.where, rows, tuple(mistakes) or tuple(_complaints(asked, found)))


async def _answer(
    asked: Asked, variables: Mapping[str, str], dashboard: DashboardFile, ask: Ask, end_ns: int
) -> tuple[Sequence[Series], list[Mistake]]:
    range_s = seconds(asked.range) or seconds(dashboard.opens_with) or _RANGE_S
    interval_s = seconds(asked.interval) or _INTERVAL_S
    try:
        query = interpolated(asked.query, variables, end_ns=end_ns, range_s=range_s, interval_s=interval_s)
    except KeyError as error:
        what = f"it names the variable {error.args[0]!r}, which the dashboard does not have."
        known = ", ".join(sorted(variables)) or "none"
        return [], [Mistake(asked.where, what, f"there are: {known}.", "E-GRAF-012")]
    try:
        return await ask(query), []
    except Rejected as error:
        return [], [Mistake(asked.where, f"InfluxDB refuses it: {error.what}.", _FIX_QUERY, "E-GRAF-011")]


def _complaints(asked: Asked, found: Sequence[Series]) -> list[Mistake]:
    """Of an answer with rows: what is missing in it."""
    columns = list(dict.fromkeys(column for series in found for column in series.columns))
    tags = {tag for series in found for tag in series.tags}
    whats = [f"the column {name!r} has no value in any row." for name in columns if not _has_value(name, found)]
    whats += [
        f"the tag {tag!r} is empty in every series." for tag in sorted(tags) if not any(s.tags.get(tag) for s in found)
    ]
    whats += [f"its panel names the column {name!r}, which is not there." for name in asked.columns - set(columns)]
    whats += [f"its panel names the tag {tag!r}, by which it is not grouped." for tag in asked.tags - tags]
    return [Mistake(asked.where, what, _FIX_QUERY, "E-GRAF-013") for what in sorted(whats)]


def _has_value(column: str, found: Sequence[Series]) -> bool:
    """Not null and not an empty word, in some row of a series that has the column."""
    for series in found:
        if column in series.columns:
            at = series.columns.index(column)
            if any(row[at] is not None and row[at] != "" for row in series.values):
                return True
    return False
