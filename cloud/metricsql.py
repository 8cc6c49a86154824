"""Reading back from VictoriaMetrics, which takes line protocol but answers MetricsQL instead of InfluxQL.

A field becomes a metric `{quantity}_{field}`; times are whole milliseconds; text is not kept. What
was written is found by queries within about a second.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from cloud import span
from cloud.ports import Point
from cloud.store_http import StoreHttp

_MILLISECOND = 1_000_000
_READINGS = '{__name__=~".+_(value|quality)",__name__!~"alarm_.+"}'
_LOOKBACK = ("2d] offset -1d", "400d] offset -30d", "10y] offset -30d")
"""Where the newest reading is sought: first around the server's now, then further back."""

Key = tuple[str, str]
"""(sensor, quantity)."""


class _Sample(msgspec.Struct, frozen=True):
    metric: dict[str, str]
    value: tuple[float, str] = (0.0, "")
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct, frozen=True):
    result: list[_Sample]


class _Answer(msgspec.Struct, frozen=True):
    data: _Data


class _Exported(msgspec.Struct, frozen=True):
    metric: dict[str, str]
    values: list[float]
    timestamps: list[int]


class MetricsQL:
    """The queries of a Store over one VictoriaMetrics; `http` is entered when they are called."""

    def __init__(self, http: StoreHttp) -> None:
        """Does no I/O."""
        self._http = http

    async def latest(self) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        newest = await self._newest()
        if newest is None:
            return []
        values = await self._ask(f"last_over_time({_READINGS}[1d])", time=newest)
        times = await self._ask(f"tlast_over_time({_READINGS}[1d]) keep_metric_names", time=newest)
        moments = {_identity(sample.metric): _moment_ns(sample.value[1]) for sample in times}
        fields: dict[Key, dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for sample in values:
            key, field = _field_of(sample.metric)
            fields[key][moments[_identity(sample.metric)]][field] = float(sample.value[1])
        return [_point(key, max(found), found[max(found)]) for key, found in fields.items()]

    async def readings(self, sensor: str, quantity: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Point]:
        """As `cloud.ports.Store`."""
        names = (f"{quantity}_value", f"{quantity}_quality")
        match = [_selector(metric, sensor) for metric in names]
        rows: dict[int, dict[str, float]] = defaultdict(dict)
        for series in await self._export(match, start_ns, end_ns):
            _, field = _field_of(series.metric)
            for time_ms, value in zip(series.timestamps, series.values, strict=True):
                rows[time_ms * _MILLISECOND][field] = value
        return [_point((sensor, quantity), time_ns, rows[time_ns]) for time_ns in sorted(rows)[:limit]]

    async def span(self, sensor: str, quantity: str, start_ns: int, end_ns: int, buckets: int) -> Sequence[Point]:
        """As `cloud.ports.Store`. A rollup's window ends at its time and includes it, hence the millisecond."""
        width_ns = span.width_ns(start_ns, end_ns, buckets)
        width_ms, first_ms = width_ns // _MILLISECOND, -(-start_ns // _MILLISECOND)
        count = -(-(end_ns - start_ns) // width_ns)
        found = await self._ask(
            f"avg(avg_over_time({_selector(f'{quantity}_value', sensor)}[{width_ms}ms]))",
            path="api/v1/query_range",
            start=(first_ms + width_ms - 1) / 1000,
            end=(first_ms + count * width_ms - 1) / 1000,
            step=f"{width_ms}ms",
        )
        return [
            Point(sensor, quantity, _moment_ns(end_s) + _MILLISECOND - width_ns, float(mean), 0)
            for sample in found
            for end_s, mean in sample.values
        ]

    async def count(self, start_ns: int, end_ns: int) -> int:
        """As `cloud.ports.Store`. Reads every time stamp of the interval: for checks, not for dashboards."""
        moments: dict[tuple[tuple[str, str], ...], set[int]] = defaultdict(set)
        for series in await self._export([_READINGS], start_ns, end_ns):
            (_, quantity), _ = _field_of(series.metric)
            moments[_identity({**series.metric, "__name__": quantity})].update(series.timestamps)
        return sum(map(len, moments.values()))

    async def _newest(self) -> float | None:
        """Time stamp of the newest reading, in seconds."""
        for lookback in _LOOKBACK:
            found = await self._ask(f"max(tlast_over_time({_READINGS}[{lookback}))")
            if found:
                return float(found[0].value[1])
        return None

    async def _ask(self, query: str, path: str = "api/v1/query", **options: float | str) -> list[_Sample]:
        form = {"query": query, "nocache": "1"} | {key: str(value) for key, value in options.items()}
        content = await self._http.query(path, form)
        try:
            return msgspec.json.decode(content, type=_Answer).data.result
        except msgspec.MsgspecError as error:
            raise self._http.unreadable(error) from error

    async def _export(self, match: Sequence[str], start_ns: int, end_ns: int) -> list[_Exported]:
        """Every sample, start ≤ time < end."""
        first_ms, last_ms = -(-start_ns // _MILLISECOND), (end_ns - 1) // _MILLISECOND
        form = {"match[]": match, "start": str(first_ms / 1000), "end": str(last_ms / 1000)}
        content = await self._http.query("api/v1/export", form)
        try:
            return [msgspec.json.decode(line, type=_Exported) for line in content.splitlines()]
        except msgspec.MsgspecError as error:
            raise self._http.unreadable(error) from error


def _selector(metric: str, sensor: str) -> str:
    return f"{{__name__={_quoted(metric)},sensor={_quoted(sensor)}}}"


def _quoted(text: str) -> str:
    """As MetricsQL writes a string: JSON's way, but nothing beyond ASCII escaped."""
    return json.dumps(text, ensure_ascii=False)


def _identity(metric: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(metric.items()))


def _field_of(metric: Mapping[str, str]) -> tuple[Key, str]:
    quantity, _, field = metric["__name__"].rpartition("_")
    return (metric.get("sensor", ""), quantity), field


def _moment_ns(seconds: float | str) -> int:
    return round(float(seconds) * 1000) * _MILLISECOND


def _point(key: Key, time_ns: int, fields: Mapping[str, float]) -> Point:
    return Point(*key, time_ns, fields.get("value"), int(fields.get("quality", 0)))
