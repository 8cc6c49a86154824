"""Reading back by InfluxQL, the query language that InfluxDB 1, 2 and 3 share (`/query`)."""

from collections.abc import Sequence

import msgspec

from cloud import span
from cloud.line_protocol import ALARM
from cloud.ports import Point
from cloud.store_http import StoreHttp
from wire.errors import Unavailable

_DAY_NS = 86_400 * 1_000_000_000
_EVERY = "FROM /.*/"
_NAME = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_TEXT = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n"})


class Series(msgspec.Struct, frozen=True):
    """One series of an answer; its first column is the time in ns."""

    name: str
    columns: list[str]
    tags: dict[str, str] = {}
    values: list[list[float | int | str | None]] = []


class _Result(msgspec.Struct, frozen=True):
    series: list[Series] = []
    error: str = ""


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result]


def identifier(text: str) -> str:
    """The name of a measurement, quoted."""
    return f'"{text.translate(_NAME)}"'


def literal(text: str) -> str:
    """A text to compare a tag with, quoted."""
    return f"'{text.translate(_TEXT)}'"


class InfluxQL:
    """The queries of a Store over one database; `http` is entered when they are called."""

    def __init__(self, http: StoreHttp, database: str) -> None:
        """Does no I/O."""
        self._http, self._database = http, database

    async def ask(self, query: str) -> list[list[Series]]:
        """The series of each statement, but those of alarm events. Raises Unavailable, Rejected."""
        content = await self._http.query("query", {"q": query}, params={"db": self._database, "epoch": "ns"})
        try:
            answer = msgspec.json.decode(content, type=_Answer)
        except msgspec.MsgspecError as error:
            raise self._http.unreadable(error) from error
        errors = [result.error for result in answer.results if result.error]
        if errors:
            said = "; ".join(dict.fromkeys(errors))
            raise Unavailable(f"the store cannot answer: {said}", where=self._http.url, code="E-STORE-004")
        found = [[series for series in result.series if series.name != ALARM] for result in answer.results]
        if any(series.columns[:1] != ["time"] for result in found for series in result):
            raise self._http.unreadable(ValueError(f"its columns are {found[0][0].columns}"))
        return found

    async def latest(self) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        (newest,) = await self.ask(f"SELECT value, quality {_EVERY} ORDER BY time DESC LIMIT 1")
        if not newest:
            return []
        start_ns = max(int(series.values[0][0] or 0) for series in newest) - _DAY_NS
        (found,) = await self.ask(
            f"SELECT value, quality {_EVERY} WHERE time > {start_ns} GROUP BY sensor ORDER BY time DESC LIMIT 1"
        )
        return [_point(series.tags["sensor"], series.name, series.values[0]) for series in found]

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        (found,) = await self.ask(
            f"SELECT value, quality {_of(sensor, quantity)} AND {_within(start_ns, end_ns)} ORDER BY time LIMIT {limit}"
        )
        return [_point(sensor, quantity, row) for series in found for row in series.values]

    async def span(self, sensor: str, quantity: str, start_ns: int, end_ns: int, buckets: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        width_ns = span.width_ns(start_ns, end_ns, buckets)
        (found,) = await self.ask(
            f"SELECT mean(value) {_of(sensor, quantity)} AND {_within(start_ns, end_ns)}"
            f" GROUP BY time({width_ns}ns, {start_ns % width_ns}ns) fill(none)"
        )
        return [_point(sensor, quantity, [*row, 0]) for series in found for row in series.values]

    async def count(self, start_ns: int, end_ns: int) -> int:
        """As `cloud.ports.Store`: those with a value and those with a quality, less those with both."""
        within = _within(start_ns, end_ns)
        either, both = await self.ask(
            f"SELECT count(value), count(quality) {_EVERY} WHERE {within};"
            f" SELECT count(value) {_EVERY} WHERE quality >= 0 AND {within}"
        )
        return _total(either) - _total(both)


def _of(sensor: str, quantity: str) -> str:
    return f"FROM {identifier(quantity)} WHERE sensor = {literal(sensor)}"


def _within(start_ns: int, end_ns: int) -> str:
    return f"time >= {start_ns} AND time < {end_ns}"


def _total(found: Sequence[Series]) -> int:
    return sum(int(cell or 0) for series in found for row in series.values for cell in row[1:])


def _point(sensor: str, quantity: str, row: Sequence[float | int | str | None]) -> Point:
    time_ns, value, quality = row
    return Point(sensor, quantity, int(time_ns or 0), None if value is None else float(value), int(quality or 0))
