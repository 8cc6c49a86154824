"""The house of `small_city` as its notifiers see it."""

import time
from collections.abc import Callable

from cloud.ports import House, Now, as_written, unknown


def house(
    now: Now = time.time_ns,
    where: str = "cloud.yaml: notifiers",
    board_url: str = "http://board.example",
    addresses_of: Callable[[str, str, str], tuple[str, ...]] = unknown,
) -> House:
    """The link of a case names its recipient, so that a test can see for whom it was made."""

    def link(number: str, recipient: str) -> str:
        return f"{board_url}/m/{number}?to={recipient}"

    return House(now, where, board_url, link, as_written, addresses_of)
