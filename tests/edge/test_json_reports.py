"""Messages of other platforms: whatever comes is read or refused, and never ends the line."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge import chirpstack
from edge.clock import BoxClock
from edge.json_reports import Form
from edge.reported import LATEST_NS, Stamps, time_of
from wire.errors import WireError
from wire.expression import parse

CONTRACT = Form("egret/v1/b/json", "sensor", "time", {})
OTHER = Form("plant/+/state", "+", "a.t", {"tilt_x": parse("a.x / b._0"), "cover_open": parse("a.x > 1")})
NOW_NS = 1_795_000_000 * 10**9

words = st.sampled_from(["sensor", "quantity", "value", "time", "a", "b", "x", "t", "tilt", "deviceInfo", "devEui", ""])
scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=30) | words
documents = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5))


@given(documents)
@settings(max_examples=100, deadline=None)
@example({"sensor": "s", "quantity": ["tilt"], "value": 1})
@example({"sensor": "s", "quantity": "tilt", "value": 1, "time": "0001-01-01T00:00:00+14:00"})
@example({"sensor": "s", "quantity": "tilt", "value": 1, "time": "9999-12-31T23:59:59-14:00"})
@example({"sensor": "s", "quantity": "tilt", "value": 1, "time": 10**300})
def test_whatever_comes(document: object) -> None:
    """Reports or WireError, and each report has a time that a store can keep, also where the box's clock is unsure."""
    unsure = BoxClock(lambda: NOW_NS, lambda: 0, lambda: False, written_ns=0)
    payload = json.dumps(document).encode()
    for form in (CONTRACT, OTHER):
        with suppress(WireError):
            for report in form.reports("plant/7/state", payload):
                assert 0 <= Stamps(unsure).of("S", report.time_ns).time_ns <= LATEST_NS
    with suppress(WireError):
        assert chirpstack.decode("t", payload).time_ns != 0


def test_an_entry_without_a_sensor_costs_itself() -> None:
    """The others of its list are read."""
    entries = [1, {"sensor": "s", "quantity": "tilt", "value": 2}]
    (report,) = CONTRACT.reports("t", json.dumps(entries).encode())
    assert report.values == (("tilt", 2.0),)


@pytest.mark.parametrize(
    "written",
    [1_795_000_000, 1_795_000_000_000, 1_795_000_000_000_000, NOW_NS, "1795000000", "2026-11-18T19:06:40+08:00"],
)
def test_a_time_in_any_unit(written: object) -> None:
    """Seconds, milliseconds, microseconds, nanoseconds and RFC 3339 are the same moment."""
    assert time_of(written) == NOW_NS


def test_digits_are_a_number_whatever_date_they_might_be() -> None:
    """Milliseconds of January 2027 as text begin like a day of 1801."""
    assert time_of("1801011200000") == 1_801_011_200 * 10**9
