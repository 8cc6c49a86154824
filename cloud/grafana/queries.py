"""The InfluxQL of our panels. What InfluxDB 3 does not have (SLIMIT, time zones) is not used.

`$timeFilter` and `$__interval` are Grafana's, `$district` and `$site` the dashboards' own variables. A variable
stands in an anchored regular expression: so one value, several and `.*` for all are one text.
"""

from collections.abc import Iterable, Sequence

from wire.alarm import Change, Level

IN_DISTRICT = '"district" =~ /^$district$/'
AT_SITE = '"site" =~ /^$site$/'
ON_BOX = '"box" =~ /^$box$/'
STANDING_FIELDS = ("colour", "event", "site", "sensor", "rule", "value", "limit", "case")
"""The columns of standing alarms and of events, in order. InfluxQL keeps `level` for tags: hence `colour`."""
_HAS_CASE = "\"case\" != ''"
BEGINS = f"(\"event\" = '{Change.RAISED}' OR \"event\" = '{Change.ESCALATED}')"


def _where(filters: Iterable[str]) -> str:
    return " AND ".join(["$timeFilter", *(one for one in filters if one)])


def of_kind(kind: str) -> str:
    """Readings of sites of a kind."""
    return f"\"kind\" = '{kind}'"


def by_rules(rules: Sequence[str]) -> str:
    """Alarms of these rules: the measurement `alarm` has no kind."""
    return f'"rule" =~ /^({"|".join(rules)})$/'


def over_time(quantity: str, aggregate: str, by: str, *filters: str, every: str = "$__interval") -> str:
    """One series a tag value; `aggregate` has the braces for its field: `max({})`."""
    column = aggregate.format('"value"')
    return f'SELECT {column} FROM "{quantity}" WHERE {_where(filters)} GROUP BY time({every}), "{by}" fill(none)'


def worst_by(quantity: str, by: str, most: int, *filters: str) -> str:
    """The tag values with the highest readings, as a table."""
    inner = f'SELECT max("value") AS "worst" FROM "{quantity}" WHERE {_where(filters)} GROUP BY "{by}"'
    return f'SELECT top("worst", "{by}", {most}) AS "worst" FROM ({inner}) WHERE $timeFilter'


def highest(quantity: str, *filters: str) -> str:
    """The one highest reading."""
    return f'SELECT max("value") AS "worst" FROM "{quantity}" WHERE {_where(filters)}'


def highest_deviation(quantity: str, by: str, every: str, *filters: str) -> str:
    """The highest standard deviation of an interval; one with a single reading has none, and would hide the others."""
    grouped = f'GROUP BY time({every}), "{by}" fill(none)'
    inner = f'SELECT stddev("value") AS "deviation" FROM "{quantity}" WHERE {_where(filters)} {grouped}'
    return f'SELECT max("deviation") AS "worst" FROM ({inner}) WHERE $timeFilter AND "deviation" >= 0'


def reporting(quantity: str, tag: str, *filters: str) -> str:
    """How many values of a tag have a reading."""
    inner = f'SELECT last("value") AS "newest" FROM "{quantity}" WHERE {_where(filters)} GROUP BY "{tag}"'
    return f'SELECT count("newest") AS "reporting" FROM ({inner}) WHERE $timeFilter'


def reporting_over_time(quantity: str, tag: str, by: str, *filters: str) -> str:
    """The same in every ten minutes, the interval in which completeness is counted."""
    inner = (
        f'SELECT count("value") AS "n" FROM "{quantity}" WHERE {_where(filters)} GROUP BY time(10m), "{tag}", "{by}"'
    )
    outer = f'WHERE $timeFilter AND "n" > 0 GROUP BY time(10m), "{by}" fill(none)'
    return f'SELECT count("n") AS "reporting" FROM ({inner} fill(none)) {outer}'


def readings_per(quantities: Sequence[str], every: str, by: str, *filters: str) -> str:
    """How many readings arrive."""
    source = f"/^({'|'.join(quantities)})$/"
    return f'SELECT count("value") FROM {source} WHERE {_where(filters)} GROUP BY time({every}), "{by}" fill(none)'


def flagged(quantities: Sequence[str], flags: int, every: str, by: str, *filters: str) -> str:
    """Readings with any of these quality flags."""
    source = f"/^({'|'.join(quantities)})$/"
    marked = f'"quality" & {flags} > 0'
    where = _where((marked, *filters))
    return f'SELECT count("quality") FROM {source} WHERE {where} GROUP BY time({every}), "{by}" fill(none)'


def flagged_count(quantities: Sequence[str], flags: int, *filters: str) -> str:
    """How many there are in the time range."""
    source = f"/^({'|'.join(quantities)})$/"
    where = _where((f'"quality" & {flags} > 0', *filters))
    return f'SELECT count("quality") FROM {source} WHERE {where}'


def newest(quantity: str, tag: str, *filters: str) -> str:
    """The newest reading of each value of a tag, as a table."""
    inner = f'SELECT last("value") AS "newest" FROM "{quantity}" WHERE {_where(filters)} GROUP BY "{tag}"'
    return f'SELECT "newest", "{tag}" FROM ({inner}) WHERE $timeFilter'


def _last_events(filters: Iterable[str]) -> str:
    columns = '"level" AS "colour", "site", "value", "limit", "case"'
    return f'SELECT last("event") AS "event", {columns} FROM "alarm" WHERE {_where(filters)} GROUP BY "sensor", "rule"'


def standing(*filters: str, columns: Sequence[str] = STANDING_FIELDS) -> str:
    """Alarms whose last event is not `cleared`, as a table."""
    columns = ", ".join(f'"{name}"' for name in columns)
    return f"SELECT {columns} FROM ({_last_events(filters)}) WHERE $timeFilter AND \"event\" != '{Change.CLEARED}'"


def standing_count(level: Level | None, *filters: str) -> str:
    """How many of them there are, of one level or of all."""
    colour = f" AND \"colour\" = '{level}'" if level else ""
    inner = _last_events(filters)
    return f'SELECT count("event") AS "standing" FROM ({inner}) WHERE $timeFilter AND "event" != \'cleared\'{colour}'


def events(most: int, *filters: str) -> str:
    """The newest events, as a table."""
    columns = ", ".join(f'"level" AS "{name}"' if name == "colour" else f'"{name}"' for name in STANDING_FIELDS)
    return f'SELECT {columns} FROM "alarm" WHERE {_where(filters)} ORDER BY time DESC LIMIT {most}'


def events_over_time(every: str, *filters: str) -> str:
    """How many alarms are raised or escalate."""
    return f'SELECT count("event") FROM "alarm" WHERE {_where((BEGINS, *filters))} GROUP BY time({every}) fill(none)'


def events_by(every: str, tag: str, *filters: str) -> str:
    """The same, one series a tag value."""
    where = _where((BEGINS, *filters))
    return f'SELECT count("event") FROM "alarm" WHERE {where} GROUP BY time({every}), "{tag}" fill(none)'


def begun(*filters: str) -> str:
    """How many in the time range."""
    return f'SELECT count("event") AS "times" FROM "alarm" WHERE {_where((BEGINS, *filters))}'


def at_level(level: Level) -> str:
    """Events that end at this level."""
    return f"\"level\" = '{level}'"


def raised_to_cleared(*filters: str) -> str:
    """What became of each alarm, one series of words each."""
    return f'SELECT "event" FROM "alarm" WHERE {_where(filters)} GROUP BY "sensor", "rule"'


def noisiest(most: int, *filters: str) -> str:
    """The alarms that are raised most often, as a table."""
    inner = (
        f'SELECT count("event") AS "times" FROM "alarm" WHERE {_where((BEGINS, *filters))} GROUP BY "sensor", "rule"'
    )
    return f'SELECT top("times", "sensor", "rule", {most}) AS "times" FROM ({inner}) WHERE $timeFilter'


def chattering(times: int, *filters: str) -> str:
    """Those that were raised so often, as a table."""
    raised = f"\"event\" = '{Change.RAISED}'"
    inner = (
        f'SELECT count("event") AS "times" FROM "alarm" WHERE {_where((raised, *filters))} GROUP BY "sensor", "rule"'
    )
    return f'SELECT "times", "sensor", "rule" FROM ({inner}) WHERE $timeFilter AND "times" >= {times}'


def busiest(every: str, *filters: str) -> str:
    """The most alarms that began within one interval."""
    inner = f'SELECT count("event") AS "n" FROM "alarm" WHERE {_where((BEGINS, *filters))} GROUP BY time({every})'
    return f'SELECT max("n") AS "most" FROM ({inner} fill(none)) WHERE $timeFilter'


def cases_count(*filters: str) -> str:
    """Cases that have an event in the time range."""
    return f'SELECT count(distinct("case")) AS "cases" FROM "alarm" WHERE {_where((_HAS_CASE, *filters))}'


def case_beginnings(most: int, *filters: str) -> str:
    """With what cases began or grew, the newest first, as a table."""
    where = _where((BEGINS, _HAS_CASE, *filters))
    columns = '"case", "level" AS "colour", "site", "sensor", "rule", "value"'
    return f'SELECT {columns} FROM "alarm" WHERE {where} ORDER BY time DESC LIMIT {most}'
