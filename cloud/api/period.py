"""The period that an evaluation is asked for: days in China, both ends included."""

from datetime import date
from typing import Annotated

from litestar.params import QueryParameter, SkipValidation

from cloud.api.desk import OnDesk
from cloud.api.problems import RequestError
from cloud.assessment.evaluation import PERIOD_DAYS_MAX, Period, today

FIRST_DAY = date(2000, 1, 1)
OnPeriod = SkipValidation[Period]
From = Annotated[date | None, QueryParameter(name="from", description="the first of the month of `to` by default")]
To = Annotated[date | None, QueryParameter(name="to", description="today by default, and today at most")]


def period_of(*, desk: OnDesk, first: From = None, last: To = None) -> Period:
    """The days that were asked for, to today at most. Raises RequestError."""
    now_ns = desk.now()
    now = today(now_ns)
    end = min(last or now, now)
    start = first or end.replace(day=1)
    if start > (last or now):
        what = f"the period ends on {last or now}, before it begins on {start}."
        raise RequestError(what, status=400, where="from", fix="exchange from and to.", code="E-EVAL-001")
    if not FIRST_DAY <= start <= now:
        fix = f"begin between {FIRST_DAY} and today, {now}."
        raise RequestError(f"nothing is counted from {start} on.", status=400, where="from", fix=fix, code="E-EVAL-002")
    period = Period(start, end, now_ns)
    if period.days > PERIOD_DAYS_MAX:
        what = f"a period has at most {PERIOD_DAYS_MAX} days, not {period.days}."
        raise RequestError(what, status=400, where="from", fix="ask year by year.", code="E-EVAL-003")
    return period
