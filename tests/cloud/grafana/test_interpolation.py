"""What stands in a query before InfluxDB sees it: vectors after Grafana's own tests of its InfluxDB data source."""

import pytest

from cloud.grafana.interpolation import escaped, interpolated, seconds, several

END_NS = 1_790_000_000_000_000_000


def put_in(query: str, **variables: str) -> str:
    """Over six hours, in steps of no less than a minute."""
    return interpolated(query, variables, end_ns=END_NS, range_s=21_600, interval_s=60)


def test_the_time_range_is_absolute() -> None:
    """Both ends are in the filter, in milliseconds."""
    assert put_in("WHERE $timeFilter") == "WHERE time >= 1789978400000ms and time <= 1790000000000ms"


@pytest.mark.parametrize(("range_s", "step"), [(3_600, "60s"), (21_600, "60s"), (604_800, "1680s")])
def test_a_long_range_has_longer_steps(range_s: int, step: str) -> None:
    """Some 360 points, and never a step below the panel's shortest."""
    assert interpolated("$__interval", {}, end_ns=END_NS, range_s=range_s, interval_s=60) == step


@pytest.mark.parametrize("written", ["$site", "${site}", "${site:regex}", "[[site]]"])
def test_a_variable_has_four_spellings(written: str) -> None:
    """All of them are Grafana's."""
    assert put_in(f"/^{written}$/", site="(a|b)") == "/^(a|b)$/"


def test_the_end_of_a_regular_expression_is_no_variable() -> None:
    """`$/` stays as it is."""
    assert put_in("/^$site$/ AND /x$/", site=".*") == "/^.*$/ AND /x$/"


def test_chosen_values_are_escaped() -> None:
    """A name with signs of regular expressions matches itself alone."""
    assert escaped("a/special.path[0]") == r"a\/special\.path\[0\]"
    assert several(["XM-SM-0001", "a.b"]) == r"(XM\-SM\-0001|a\.b)"


def test_an_unknown_variable_is_named() -> None:
    """Grafana would send it as it stands."""
    with pytest.raises(KeyError, match="siet"):
        put_in("/^$siet$/", site="a")


@pytest.mark.parametrize(
    ("word", "length"), [("now-6h", 21_600), ("30d", 2_592_000), ("90s", 90), ("2026-11-18", None), ("", None)]
)
def test_durations(word: str, length: int | None) -> None:
    """Of time ranges and intervals; a date has no length."""
    assert seconds(word) == length
