"""Which polygon is which district of sensors.yaml, and whether the map fits the city."""

from pathlib import Path

import pytest
import small_city
from small_map import SIMING, TONGAN, Box, square

from cloud.mapping.draw import Choice, Paper, draw
from cloud.mapping.outline import Outline
from wire.city_map import CityMap
from wire.errors import ConfigError
from wire.inventory import Inventory

PAPER = Paper("小城测绘", "审图号 000", 50.0)
NO_CHOICE = Choice()


def outline(name: str, *boxes: Box) -> Outline:
    """What a source calls `name`."""
    return Outline(name, tuple(tuple((x, y) for x, y in square(box)) for box in boxes))


SOURCE = (outline("思明区", SIMING), outline("同安区", TONGAN), outline("翔安区", (118.2, 24.5, 118.3, 24.6)))


@pytest.fixture
def city(tmp_path: Path) -> Inventory:
    """Districts siming (思明区) and tongan (同安区)."""
    return small_city.inventory(tmp_path)


def drawn(city: Inventory, outlines: tuple[Outline, ...] = SOURCE, choice: Choice = NO_CHOICE) -> CityMap:
    """The map, at 20 m."""
    return draw(outlines, city, choice, PAPER, tolerance_m=20.0, where="a file")


def said_of(city: Inventory, outlines: tuple[Outline, ...] = SOURCE, choice: Choice = NO_CHOICE) -> list[str]:
    """One line a mistake."""
    with pytest.raises(ConfigError) as caught:
        drawn(city, outlines, choice)
    return str(caught.value).splitlines()


def test_the_districts_of_sensors_yaml_and_no_others(city: Inventory) -> None:
    """With its ids and names; what the source has besides is left out, and so it is of the bounds."""
    found = drawn(city)
    assert [(district.id, district.name) for district in found.districts] == [
        ("siming", "思明区"),
        ("tongan", "同安区"),
    ]
    assert found.districts[0].rings == ((118.05, 24.42, 118.2, 24.42, 118.2, 24.5, 118.05, 24.5, 118.05, 24.42),)
    assert found.bounds == (118.05, 24.42, 118.2, 24.8)
    assert (found.source, found.approval, found.accuracy_m) == ("小城测绘", "审图号 000", 70.0)


def test_a_district_may_be_several_features(city: Inventory) -> None:
    """An island of its own, in a feature of its own."""
    found = drawn(city, (*SOURCE, outline("思明区", (118.05, 24.40, 118.06, 24.41))))
    assert len(found.districts[0].rings) == 2


@pytest.mark.parametrize("called", ["思明", "思明区", "思明区本岛"])
def test_names_need_not_be_whole(city: Inventory, called: str) -> None:
    """思明 is 思明区, whoever leaves the last word out."""
    assert drawn(city, (outline(called, SIMING), *SOURCE[1:])).districts[0].rings


def test_a_district_without_a_polygon_is_said(city: Inventory) -> None:
    """All of them, each with how to name one, and how to do without."""
    assert said_of(city, (outline("翔安区", SIMING), outline("湖里区", TONGAN))) == [
        (
            "a file: no polygon is called '思明区', as district 'siming' is."
            " fix: use one of: 翔安区, 湖里区 after --district siming=, or say --without siming [E-MAP-015]"
        ),
        (
            "a file: no polygon is called '同安区', as district 'tongan' is."
            " fix: write '翔安区' after --district tongan=, or say --without tongan [E-MAP-015]"
        ),
    ]


def test_names_may_be_said(city: Inventory) -> None:
    """For a district that its source calls otherwise, or that has none."""
    found = drawn(city, SOURCE, Choice({"tongan": "翔安区"}))
    assert found.districts[1].rings[0][:2] == (118.2, 24.5)
    assert [district.id for district in drawn(city, SOURCE[:1], Choice(without=frozenset({"tongan"}))).districts] == [
        "siming"
    ]


def test_mistakes_of_the_choice_are_said(city: Inventory) -> None:
    """Ids that are not there, one polygon for two, a name that may be two."""
    said = said_of(city, SOURCE, Choice({"simin": "思明区", "siming": "同安区"}, frozenset({"huli"})))
    assert [line.partition(" fix: ")[0] for line in said] == [
        "--district: there is no district 'simin'.",
        "--without: there is no district 'huli'.",
        "a file: '同安区' would be the polygon of two districts; one is 'tongan'.",
    ]
    said = said_of(city, (*SOURCE, outline("同安镇", TONGAN), outline("同安乡", TONGAN)), Choice({"tongan": "同安"}))
    assert said[0].startswith(
        "a file: district 'tongan' may be any of 同安区, 同安镇, 同安乡. fix: say which: --district"
    )


def test_a_ring_that_is_there_twice_would_be_a_hole(city: Inventory) -> None:
    """A file with a district in it twice, even if the other way round."""
    again = Outline("思明区", tuple(ring[::-1] for ring in SOURCE[0].rings))
    [said] = said_of(city, (*SOURCE, again))
    assert "has one and the same ring twice" in said


def test_a_district_of_a_few_metres_is_a_mistake(city: Inventory) -> None:
    """Of the tolerance, or of the file."""
    [said] = said_of(city, (outline("思明区", (118.05, 24.42, 118.0501, 24.4201)), SOURCE[1]))
    assert said.startswith("a file: nothing is left of district 'siming'")


def test_a_map_of_another_place_is_refused(city: Inventory) -> None:
    """No site is near it."""
    beijing = tuple(outline(one.name, (116.1, 39.8, 116.3, 39.9)) for one in SOURCE[:2])
    [said] = said_of(city, (beijing[0], outline("同安区", (116.3, 39.8, 116.4, 39.9))))
    assert said.startswith("a file: none of the 4 sites that have a place lies on this map, or near it. It has 116.1..")
    assert "--city" in said


def test_axes_that_are_swapped_where_both_are_below_90_are_found(tmp_path: Path) -> None:
    """In 乌鲁木齐, 43.8 and 87.6 may be either; the sites tell."""
    text = small_city.SENSORS_YAML
    for place in ("24.4551, 118.0780", "24.4330, 118.1120", "24.4690, 118.1010", "24.7272, 118.1422"):
        text = text.replace(place, "43.8, 87.6")
    (tmp_path / "urumqi.yaml").write_text(text, encoding="utf-8")
    city = small_city.load(tmp_path / "urumqi.yaml", small_city.load_library(small_city.library_folder()))
    boxes = ((43.7, 87.5, 43.9, 87.6), (43.7, 87.6, 43.9, 87.7))
    [said] = said_of(city, (outline("思明区", boxes[0]), outline("同安区", boxes[1])))
    assert "with latitude and longitude swapped they do" in said
