"""The demonstration's city: as many billboards as wanted, always a city that `egret check` accepts."""

from collections import Counter
from pathlib import Path

import pytest

from edge.demo import town
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load


@pytest.mark.parametrize("billboards", [1, 9, 118, 300])
def test_as_many_billboards_as_wanted(tmp_path: Path, billboards: int) -> None:
    """All other sites stay, the star is there, and no box or line is left without a sensor."""
    path = tmp_path / "sensors.yaml"
    town.write_city(town.shipped_city(), billboards, path)
    city = load(path, load_library(library_folder()))
    kinds = Counter(site.kind for site in city.sites.values())
    assert kinds == {"billboard": billboards, "gas": 3, "drainage": 3, "bridge": 2, "road": 2}
    assert town.STAR in city.sites
    assert all(line.sensors or line.source == "health" for box in city.boxes.values() for line in box.lines)
