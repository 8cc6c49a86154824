"""The filing check: what passes, what fails and why, and until when it holds."""

from datetime import date
from pathlib import Path
from typing import Any

import approved_site
import msgspec
import pytest
import small_city
from approved_site import BOX, END_NS, NOW_NS, SENSOR, measured

from cloud.compliance.compliance import Compliance, Measured, assess, watched
from cloud.compliance.installation import Item, Verdict, main_quantity
from cloud.compliance.presence import DAY_NS, INTERVAL_NS, Series
from cloud.compliance.requirements import is_phone
from wire.inventory import Contact, Inventory
from wire.open_profiles import RECORDED


@pytest.fixture
def city(tmp_path: Path) -> Inventory:
    """A city with one billboard whose papers are in order."""
    return approved_site.inventory(tmp_path)


def judge(city: Inventory, found: Measured | None = None, now_ns: int = NOW_NS) -> Compliance:
    """The billboard's verdict."""
    return assess(approved_site.site(city), city, found or measured(city), now_ns)


def item(judged: Compliance, name: str) -> Item:
    """One requirement."""
    return next(item for item in judged.items if item.id == name)


def test_installation_in_order_is_compliant_until_its_first_lapse(city: Inventory) -> None:
    """Calibrated on 14 March 2026 for 365 days: that lapses before the contact of 1 September does."""
    judged = judge(city)
    assert (judged.is_compliant, judged.failed) == (True, ())
    assert {item.verdict for item in judged.items} == {Verdict.PASSED}
    assert all(item.fix is None for item in judged.items)
    assert judged.valid_until == date(2027, 3, 14)
    assert item(judged, "contact").lapses == date(2027, 9, 1)
    assert (judged.district, judged.street, judged.owner) == ("同安区", "祥平街道", "演示广告一公司")


@pytest.mark.parametrize(
    ("changes", "failed", "says"),
    [
        ({"commissioned": None}, "commissioned", "0 of 1 sensors have a day of commissioning; not: XM-TA-0117-T1"),
        ({"commissioned": date(2026, 11, 19)}, "commissioned", "not: XM-TA-0117-T1"),
        ({"calibrated": None}, "calibrated", "not: XM-TA-0117-T1 (—)"),
        ({"calibrated": date(2025, 11, 17)}, "calibrated", "not: XM-TA-0117-T1 (2025-11-17 – 2026-11-17)"),
        ({"calibrated": date(2026, 11, 19)}, "calibrated", "0 of 1 sensors are in date"),
        ({"calibration_days": 180}, "calibrated", "(2026-03-14 – 2026-09-10)"),
    ],
)
def test_sensor_without_valid_dates_fails(city: Inventory, changes: Any, failed: str, says: str) -> None:
    """A missing day, one in the future and a calibration past its days each fail, with the sensor named."""
    judged = judge(approved_site.with_sensor(city, **changes))
    assert judged.failed == (failed,)
    assert (judged.is_compliant, judged.valid_until) == (False, None)
    assert says in item(judged, failed).found.en
    assert (item(judged, failed).fix or item(judged, failed).found).en.startswith(("commission", "calibrate"))


def test_last_day_of_a_calibration_still_counts_in_chinese_time(city: Inventory) -> None:
    """365 days from 18 November 2025 end on 18 November 2026 at midnight in China, 16:00 UTC."""
    last_day = approved_site.with_sensor(city, calibrated=date(2025, 11, 18))
    assert judge(last_day).valid_until == date(2026, 11, 18)
    five_hours_later = NOW_NS + 5 * 3_600 * small_city.SECOND_NS
    assert judge(last_day, now_ns=five_hours_later).failed == ("calibrated",)


@pytest.mark.parametrize(
    ("contact", "says"),
    [
        (None, "no contact is written down"),
        (Contact("陈工", "", "", date(2026, 9, 1)), "陈工, —, checked 2026-09-01"),
        (Contact("陈工", "ask Li", "", date(2026, 9, 1)), "ask Li"),
        (Contact("陈工", "0592-000-0101", "", None), "checked —"),
        (Contact("陈工", "0592-000-0101", "", date(2025, 11, 17)), "checked 2025-11-17"),
        (Contact("陈工", "0592-000-0101", "", date(2026, 11, 19)), "checked 2026-11-19"),
    ],
)
def test_contact_nobody_reached_within_a_year_fails(city: Inventory, contact: Contact | None, says: str) -> None:
    """No contact, no telephone number, never checked, checked 366 days ago or tomorrow."""
    judged = judge(approved_site.with_site(city, contact=contact))
    assert judged.failed == ("contact",)
    assert says in item(judged, "contact").found.en


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("0592-000-0101", True),
        ("+86 (592) 000 0101", True),
        ("12345", False),
        ("1234567890123456", False),
        ("0592-ABC-0101", False),
        ("<script>", False),
    ],
)
def test_phone_numbers_have_7_to_15_digits(text: str, is_one: bool) -> None:  # noqa: FBT001 - a table's column
    """Digits with the usual signs between; no words."""
    assert is_phone(text) is is_one


@pytest.mark.parametrize(("missing", "is_online"), [(43, True), (44, False), (4_320, False)])
def test_online_is_99_percent_of_the_intervals(city: Inventory, missing: int, is_online: bool) -> None:  # noqa: FBT001
    """4277 of 4320 intervals are 99.005 %, 4276 are 98.98 %; numerator and denominator are shown."""
    judged = item(judge(city, measured(city, missing=missing)), "online")
    assert judged.verdict == (Verdict.PASSED if is_online else Verdict.FAILED)
    assert f"({4_320 - missing}/4320 intervals of 10 min" in judged.found.en
    assert "2026-10-19 19:00 to 2026-11-18 19:00" in judged.found.en


@pytest.mark.parametrize(("present", "is_online"), [(99, True), (98, False)])
def test_99_percent_to_the_dot_is_enough(city: Inventory, present: int, is_online: bool) -> None:  # noqa: FBT001
    """99 of 100 intervals, which 4320 never make."""
    found = measured(city)
    few = tuple(msgspec.structs.replace(one, intervals=100, present=present) for one in found.presence)
    assert judge(city, msgspec.structs.replace(found, presence=few)).is_compliant is is_online


def test_the_last_day_of_a_contact_still_counts(city: Inventory) -> None:
    """Reached on 18 November 2025: 365 days later is today, and tomorrow it fails."""
    last_day = approved_site.with_site(city, contact=Contact("陈工", "0592-000-0101", "", date(2025, 11, 18)))
    assert judge(last_day).valid_until == date(2026, 11, 18)


def test_share_is_cut_off_not_rounded(city: Inventory) -> None:
    """98.98 % stays below 99 % in words, too, and 100 % is reached by nothing less."""
    assert "98.98 % (4276/4320" in item(judge(city, measured(city, missing=44)), "online").found.zh
    assert "99.97 % (4319/4320" in item(judge(city, measured(city, missing=1)), "online").found.zh


def test_online_counts_from_the_day_after_commissioning(city: Inventory) -> None:
    """Commissioned on 10 November: asked for from 11 November, midnight in China (16:00 UTC the day before)."""
    young = approved_site.with_sensor(city, commissioned=date(2026, 11, 10), calibrated=date(2026, 11, 10))
    midnight_ns = 1_794_326_400 * small_city.SECOND_NS
    assert watched(approved_site.site(young), young) == (
        Series(SENSOR, "tilt", midnight_ns),
        Series(SENSOR, "temperature", midnight_ns),
    )


def test_sensor_commissioned_today_cannot_be_judged_yet(city: Inventory) -> None:
    """No whole interval is no proof of being online."""
    found = measured(city)
    empty = tuple(msgspec.structs.replace(one, intervals=0, present=0) for one in found.presence)
    judged = judge(city, msgspec.structs.replace(found, presence=empty))
    assert judged.failed == ("online",)
    assert "no whole interval" in item(judged, "online").found.en


@pytest.mark.parametrize(
    ("age_ns", "is_there"), [(0, True), (DAY_NS, True), (DAY_NS + 2 * INTERVAL_NS, False), (None, False)]
)
def test_temperature_must_have_arrived_within_24_hours(city: Inventory, age_ns: int | None, is_there: bool) -> None:  # noqa: FBT001
    """Tilt alone is no safety early-warning system: the ordinance names temperature, too."""
    found = measured(city)
    tilt, temperature = found.presence
    newest_ns = None if age_ns is None else END_NS - age_ns
    late = msgspec.structs.replace(temperature, newest_ns=newest_ns)
    judged = judge(city, msgspec.structs.replace(found, presence=(tilt, late)))
    assert judged.failed == (() if is_there else ("measured",))
    assert item(judged, "measured").title.en == "Tilt and temperature measured"
    if newest_ns is None:
        assert "temperature: nothing within 30 days" in item(judged, "measured").found.en


def test_uplink_is_a_box_heard_of_within_24_hours(city: Inventory) -> None:
    """Gone for an hour is a cut; gone for 25 h, or never heard of, is no uplink."""
    hour_ns = 3_600 * small_city.SECOND_NS
    found = measured(city)
    cut = approved_site.box(online=False, time_ns=NOW_NS - hour_ns)
    gone = approved_site.box(online=False, time_ns=NOW_NS - 25 * hour_ns)
    assert judge(city, msgspec.structs.replace(found, boxes=(cut,))).failed == ()
    assert judge(city, msgspec.structs.replace(found, boxes=(gone,))).failed == ("uplink",)
    never = judge(city, msgspec.structs.replace(found, boxes=()))
    assert item(never, "uplink").found.en == f"0 of 1 boxes connected within 24 h; not: {BOX}"


def test_site_without_sensors_fulfils_nothing(city: Inventory) -> None:
    """Nothing measured is never all in order."""
    bare = approved_site.with_site(city, sensors=())
    judged = judge(bare, measured(bare))
    assert judged.failed == ("commissioned", "calibrated", "measured", "online", "uplink")


def test_other_kinds_are_asked_for_their_main_quantity(city: Inventory) -> None:
    """A gas site must measure %LEL, and every source says that this is a judgement, not the ordinance."""
    judged = assess(city.sites["XM-SM-G01"], city, measured(city, of="XM-SM-G01"), NOW_NS)
    assert [series.quantity for series in watched(city.sites["XM-SM-G01"], city)] == ["gas_lel"]
    assert judged.failed == ("commissioned", "calibrated", "contact")
    assert all(item.source.startswith("judgement") for item in judged.items)


def test_kind_nobody_laid_anything_down_for(city: Inventory) -> None:
    """The requirement does not apply, which is neither passed nor failed."""
    strange = approved_site.with_site(city, kind="fountain")
    judged = judge(strange, measured(strange))
    assert item(judged, "measured").verdict == Verdict.NOT_APPLICABLE
    assert judged.is_compliant


def test_recorded_sensor_is_asked_for_all_that_its_kind_needs(city: Inventory) -> None:
    """What a recording holds is not known before it is read."""
    replayed = approved_site.with_sensor(city, profile=RECORDED)
    assert [one.quantity for one in watched(approved_site.site(replayed), replayed)] == ["tilt", "temperature"]
    assert main_quantity("fountain", approved_site.sensor(replayed)) == ""


def test_the_ordinance_is_named_as_it_was_read(city: Inventory) -> None:
    """Sources say what was read, what was not, and what is a judgement."""
    judged = judge(city)
    assert "as a vendor's notice reproduces it" in item(judged, "measured").source
    assert "[M]" in item(judged, "measured").source
    assert item(judged, "online").source.startswith("judgement")
