"""The house of `small_city` as its notifiers see it."""

import time

from cloud.ports import House, Now


def house(
    now: Now = time.time_ns, where: str = "cloud.yaml: notifiers", board_url: str = "http://board.example"
) -> House:
    """The link of a case names its recipient, so that a test can see for whom it was made."""
    return House(now, where, board_url, lambda number, recipient: f"{board_url}/m/{number}?to={recipient}")
