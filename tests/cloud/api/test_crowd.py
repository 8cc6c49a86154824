"""Of one kind at once: so many of one, so many of all, and room again when one is over."""

import pytest

from cloud.api.crowd import Crowd
from cloud.api.problems import RequestError


def test_one_and_all_have_a_limit() -> None:
    """Two of one and three together: the third of Lin is refused, and then the first of Wu, too."""
    crowd = Crowd("photos", most=3, of_one=2)
    with crowd.joined("lin"), crowd.joined("lin"):
        assert not crowd.has_room("lin")
        with crowd.joined("zhao"), pytest.raises(RequestError, match=r"too many photos at once"):
            crowd.require_room("wu")
        crowd.require_room("wu")
    crowd.require_room("lin")


def test_what_fails_makes_room() -> None:
    """An upload that breaks off is over."""
    crowd = Crowd("photos", most=1, of_one=1)
    with pytest.raises(ConnectionError), crowd.joined("lin"):
        raise ConnectionError
    assert crowd.has_room("lin")
