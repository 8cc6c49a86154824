"""What a notice says of cases, read back from its JSON body, for those that put it into words of their own.

The body is `{"type", "timestamp", "data"}` after Standard Webhooks; `data` is one case, or for
`case.digest` has `cases`, a list of them, or for `alarm.test` an alarm.
"""

from collections.abc import Mapping

import msgspec

from wire.errors import Undeliverable

ALARM_TEST = "alarm.test"


class CaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One case as a message tells it; empty text stands for what the notice does not say.

    `level` and `stage` are the words of the API (`red`, `filed`). `unit` is the responsible unit,
    `person` who handles it there. Times are UTC in nanoseconds, places WGS-84 degrees. A
    `drill` (`is_drill` in the body) is an exercise, which every message must say.
    """

    number: str = ""
    kind: str = ""
    title: str = ""
    title_en: str = ""
    level: str = ""
    stage: str = ""
    site: str = ""
    district: str = ""
    unit: str = ""
    person: str = ""
    opened_ns: int = 0
    due_ns: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    drill: bool = msgspec.field(default=False, name="is_drill")


class CaseNotice(msgspec.Struct, frozen=True):
    """`type` is `case.opened`, `case.closed`, `case.digest` …; only a digest has several cases.

    Of `alarm.test` the one case is no case: it has no number, and says which sensor was tested and by whom.
    """

    type: str
    cases: tuple[CaseFacts, ...]


class _Body(msgspec.Struct, frozen=True):
    type: str
    data: dict[str, object] = {}


def decode(body: bytes) -> CaseNotice:
    """A notice's body; members it does not know are left aside, `null` is as good as absent. Raises Undeliverable."""
    try:
        found = msgspec.json.decode(body, type=_Body)
        cases = found.data.get("cases", [_tested(found.data) if found.type == ALARM_TEST else found.data])
        return CaseNotice(found.type, tuple(map(_facts, msgspec.convert(cases, list[dict[str, object]]))))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undeliverable(
            f"this notice is not one about cases: {error}.",
            fix="report it with the dead letter; webhooks, which send it as it is, are not affected.",
            code="E-HOOK-008",
        ) from error


def _tested(alarm: Mapping[str, object]) -> Mapping[str, object]:
    """A test alarm, told as if it were a case."""
    said = f"{alarm.get('sensor', '')} {alarm.get('reason', '')}".strip()
    return {"title": said, "title_en": said, **{name: alarm.get(name) for name in ("level", "site", "district")}}


def _facts(case: Mapping[str, object]) -> CaseFacts:
    return msgspec.convert({name: value for name, value in case.items() if value is not None}, CaseFacts)
