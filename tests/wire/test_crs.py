"""Shifted coordinates against values that others published, and there and back again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.crs import Crs, distance_m, from_wgs84, is_shifted, to_wgs84

SHIFTED = (Crs.GCJ02, Crs.BD09)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
    ids=["Shanghai", "Shenzhen", "Beijing"],
)
def test_gcj_02_as_eviltransform_has_it(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    """Source: googollee/eviltransform, python/test.py at 03ba58d; it promises six decimals."""
    assert from_wgs84(Crs.GCJ02, *wgs84) == pytest.approx(gcj02, abs=5e-7)
    assert to_wgs84(Crs.GCJ02, *gcj02) == pytest.approx(wgs84, abs=5e-7)


def test_gcj_02_and_bd_09_as_coordtransform_has_them() -> None:
    """Source: wandergis/coordtransform, test/app.js at 606c6f3: one point, taken as WGS-84 and as GCJ-02."""
    assert from_wgs84(Crs.GCJ02, 39.915, 116.404) == pytest.approx((39.91640428150164, 116.41024449916938), abs=1e-9)
    meant = to_wgs84(Crs.GCJ02, 39.915, 116.404)
    assert from_wgs84(Crs.BD09, *meant) == pytest.approx((39.92133699351021, 116.41036949371029), abs=1e-9)


def test_in_xiamen_the_shift_is_half_a_kilometre() -> None:
    """Of GCJ-02, as its sources compute it: +0.00498° and −0.00265° at 24.48, 118.09. BD-09 is twice as far."""
    latitude, longitude = from_wgs84(Crs.GCJ02, 24.48, 118.09)
    assert (round(longitude - 118.09, 5), round(latitude - 24.48, 5)) == (0.00498, -0.00265)
    shifts = [round(distance_m(24.48, 118.09, *from_wgs84(crs, 24.48, 118.09))) for crs in Crs]
    assert shifts == [0, 583, 1223]


@given(st.sampled_from(SHIFTED), st.floats(18, 53.5), st.floats(73.5, 135))
def test_there_and_back_is_the_same_place(crs: Crs, latitude: float, longitude: float) -> None:
    """To 10⁻⁹ degrees, everywhere in China."""
    found = to_wgs84(crs, *from_wgs84(crs, latitude, longitude))
    assert found == pytest.approx((latitude, longitude), rel=0, abs=1e-9)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_has_an_answer(latitude: float, longitude: float) -> None:
    """No place is shifted by more than some kilometres, and none outside China's box at all."""
    for crs in SHIFTED:
        for convert in (from_wgs84, to_wgs84):
            found = convert(crs, latitude, longitude)
            assert all(map(math.isfinite, found))
            assert max(abs(found[0] - latitude), abs(found[1] - longitude)) < 0.1
            assert is_shifted(latitude, longitude) or found == (latitude, longitude)
    assert to_wgs84(Crs.WGS84, latitude, longitude) == (latitude, longitude)


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    """And one of longitude half as long at 60° north."""
    assert distance_m(24.0, 118.0, 25.0, 118.0) == pytest.approx(111_195, abs=1)
    assert distance_m(60.0, 118.0, 60.0, 119.0) == pytest.approx(111_195 / 2, abs=10)
