"""An alarm as the API answers it."""

from collections.abc import Sequence

import msgspec

from cloud.alarming.alarm_load import first_outs
from cloud.alarming.alarm_state import Alarm


class AlarmAnswer(Alarm, frozen=True, kw_only=True):
    """`is_first_out`: of a flood, or of the alarms of one site within ten minutes, it was the first."""

    is_first_out: bool


class AlarmDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one alarm of an act: the alarm, or why nothing was done, with the code of the problem."""

    id: str
    alarm: Alarm | None = None
    problem: str = ""
    code: str = ""


def answers(alarms: Sequence[Alarm]) -> list[AlarmAnswer]:
    """All that are not normal, in their order."""
    first = first_outs(alarms)
    return [_answer(alarm, is_first_out=alarm.id in first) for alarm in alarms]


def answer(alarm: Alarm, standing: Sequence[Alarm]) -> AlarmAnswer:
    """One alarm; `standing` are all that are not normal."""
    return _answer(alarm, is_first_out=alarm.id in first_outs(standing))


def _answer(alarm: Alarm, *, is_first_out: bool) -> AlarmAnswer:
    return AlarmAnswer(**msgspec.structs.asdict(alarm), is_first_out=is_first_out)
