"""Shares of the boxes, and what one process can be told to do."""

import re

import pytest

from cloud.share import WHOLE, Duty, Part, Role, Share, parse_parts, parse_share, require_possible
from wire.errors import ConfigError

FOUR = [Share(number, 4) for number in range(1, 5)]


def test_a_box_has_one_share() -> None:
    """Each of 1 000 boxes is in one of four shares, and none of these is empty or has everything."""
    boxes = [f"XM-{number:04}" for number in range(1000)]
    held = [[box for box in boxes if share.has(box)] for share in FOUR]
    assert sorted(box for share in held for box in share) == boxes
    assert all(200 < len(share) < 300 for share in held)


def test_a_process_may_do_every_share_of_its_lanes() -> None:
    """Its own first; those of others when nobody does them. Who notifies is one for the whole city."""
    role = Role(frozenset({Part.READINGS, Part.NOTIFY}), Share(2, 2))
    assert list(map(str, role.duties)) == ["readings 1/2", "readings 2/2", "notify 1/1"]
    assert [role.is_own(duty) for duty in role.duties] == [False, True, True]
    assert Duty(Part.READINGS, WHOLE) in Role().duties


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/65", "-1/2", ""])
def test_what_is_no_share_is_said(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigError, match=r"--share: .* such as 2/4.*E-CLOUD-021"):
        parse_share(text)


def test_what_is_no_lane_is_said() -> None:
    """With those there are."""
    assert parse_parts("readings, api") == {Part.READINGS, Part.API}
    with pytest.raises(ConfigError, match=r"'alarm' is no lane.*readings, alarms, notify, api.*E-CLOUD-022"):
        parse_parts("readings,alarm")


@pytest.mark.parametrize(
    ("lanes", "share", "code"),
    [
        ("readings,alarms,notify,api", "1/2", "E-CLOUD-023"),
        ("readings", "1/1", "E-CLOUD-024"),
        ("alarms,api", "1/1", "E-CLOUD-024"),
    ],
)
def test_a_store_that_is_a_file_has_one_process(lanes: str, share: str, code: str) -> None:
    """It is refused at the start, with what to do."""
    role = Role(parse_parts(lanes), parse_share(share))
    assert re.search(rf"file of one process.*docs/operate/stores.md.*{code}", said(role, "embedded", is_file=True))
    assert not said(role, "influxdb_v1", is_file=False)


@pytest.mark.parametrize("lanes", ["readings,alarms,notify,api", "alarms", "readings,notify,api"])
def test_one_process_may_have_its_file(lanes: str) -> None:
    """Alarms need no store, so they may run beside."""
    assert not said(Role(parse_parts(lanes)), "embedded", is_file=True)


def said(role: Role, store: str, *, is_file: bool) -> str:
    """At the start; nothing where it may start."""
    try:
        require_possible(role, store, is_file=is_file)
    except ConfigError as error:
        return str(error)
    return ""
