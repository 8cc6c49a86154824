"""What other systems report to us, and the seam it comes in by: Grafana, Alertmanager, cameras, the hotline.

A hook proves who sent a message and turns it into reports; it knows no database and no route. What
becomes of a report (a new case, a line in an open one) is decided where cases are.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from cloud.cases.case_flow import Stage
from wire.alarm import Level
from wire.errors import EgretError


class State(StrEnum):
    """Is the trouble there, or gone? `resolved` never closes a case; it marks the report as returned."""

    RAISED = "raised"
    RESOLVED = "resolved"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that another system reports, proven, every text of it plain and bounded.

    `key` names the thing in the sender's system and is the same at every repetition, `raised` or
    `resolved`: writing the same report twice changes nothing. `time_ns` is when it began or, for
    `resolved`, when it ended (UTC, 2000 to 2261). `code` is what the sender calls it ("event 0593",
    or a word of `cloud/codes/`), `site` an id of ours; both are not looked up here. `longitude` and
    `latitude` are WGS-84 degrees, both there or both None. `url` is http or https. `external_number`
    and `external_state` are the sender's case number and word for its stage, `stage` is what the
    hook's `state_map` makes of that word, None when it does not know it. Only `text` has more than one
    line. Unknown texts are empty.
    """

    key: str
    state: State
    time_ns: int
    level: Level
    title: str
    text: str = ""
    code: str = ""
    site: str = ""
    district: str = ""
    street: str = ""
    address: str = ""
    longitude: float | None = None
    latitude: float | None = None
    url: str = ""
    external_number: str = ""
    external_state: str = ""
    stage: Stage | None = None
    reporter: str = ""


class HookRefused(EgretError):
    """A message that is not taken. `status` is the answer in HTTP: 401 no proof, 400 not readable, 413 too large."""

    def __init__(self, what: str, *, status: int, where: str = "", fix: str = "", code: str) -> None:
        """`where` is a place in the sender's message, never one of our files: the sender reads this."""
        super().__init__(what, where=where, fix=fix, code=code)
        self.status = status


class Hook(Protocol):
    """A way into the house. Every kind passes `tests/cloud/hooks/test_conformance.py`."""

    def read(self, headers: Mapping[str, str], body: bytes, now_ns: int) -> tuple[Report, ...]:
        """The reports of one POST, all or none; names of headers in any case. Raises HookRefused, nothing else."""
