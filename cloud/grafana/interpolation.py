"""What Grafana puts in for `$timeFilter`, `$__interval` and variables before InfluxDB sees a query.

Several values of a variable become `(a|b)` with the signs of regular expressions escaped; the dashboard's own text
for "all" goes in as it is. Source: grafana/grafana, public/app/plugins/datasource/influxdb/datasource.ts,
`interpolateQueryExpr`, as of Grafana 12.
"""

import re
from collections.abc import Mapping, Sequence

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_DURATION = re.compile(r"(\d+)([smhdw])")
_RELATIVE = re.compile(r"now-(\d+[smhdw])")
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/-]")
_POINTS = 360
"""Grafana asks for about as many points as a panel has pixels; the fewest that a small one would."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)")


def seconds(duration: str) -> int | None:
    """Of `6h` or `now-6h`; None for anything else."""
    relative = _RELATIVE.fullmatch(duration)
    found = _DURATION.fullmatch(relative[1] if relative else duration)
    return int(found[1]) * _SECONDS[found[2]] if found else None


def escaped(value: str) -> str:
    """For a regular expression between slashes."""
    return _SPECIAL.sub(lambda sign: "\\" + sign[0], value)


def several(values: Sequence[str]) -> str:
    """As Grafana writes the chosen values of a variable of several."""
    return "(" + "|".join(escaped(value) for value in values) + ")"


def interpolated(query: str, variables: Mapping[str, str], *, end_ns: int, range_s: int, interval_s: int) -> str:
    """The query that InfluxDB gets. Raises KeyError with the name of a variable that there is not."""
    end_ms = end_ns // 1_000_000
    step_s = max(interval_s, range_s // _POINTS, 1)
    known = {
        **variables,
        "timeFilter": f"time >= {end_ms - range_s * 1000}ms and time <= {end_ms}ms",
        "__interval": f"{step_s}s",
        "__interval_ms": str(step_s * 1000),
        "interval": f"{step_s}s",
    }
    return _VARIABLE.sub(lambda found: known[found[1] or found[2] or found[3]], query)
