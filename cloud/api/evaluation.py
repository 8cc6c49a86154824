"""考核评价: GET /evaluation and GET /evaluation/cases; days are days in China, and both ends of a period are in it."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar import Response, Router, get
from litestar.di import Provide
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import QueryParameter, SkipValidation

from cloud.access.actor import Right
from cloud.api import network
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor, needs
from cloud.api.paging import AnyRequest, page
from cloud.api.period import OnPeriod, period_of
from cloud.api.problems import RequestError
from cloud.assessment import evaluation_csv
from cloud.assessment.evaluation import COUNTS, NONE, By, Filters
from cloud.assessment.evaluation_answer import Evaluation, evaluation
from cloud.cases.case_answer import CaseAnswer, answer
from cloud.tables import evaluation as tables
from wire.alarm import Level
from wire.located import nearest

BY_DAY_MAX = 31
_CODE = re.compile(r"(part|event) \d{4}")

OnFilters = SkipValidation[Filters]
Word = Annotated[str, QueryParameter(max_length=64, description="`-`: cases that have none")]
Code = Annotated[str, QueryParameter(max_length=10, description="as `part 0390`, or `-`")]
Format = Annotated[Literal["json", "csv"], QueryParameter(name="format")]
Urgent = Annotated[bool, QueryParameter(description="only red and orange cases")]


@dataclass
class Tabular(Operation):
    """Says that the answer may be a table, too: Litestar knows one media type a route."""

    def __post_init__(self) -> None:
        """Beside what the route's type says."""
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            found.content["text/csv"] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


def chosen(
    *,
    actor: OnActor,
    unit: Word = "",
    district: Word = "",
    street: Word = "",
    code: Code = "",
    level: Annotated[Level | None, QueryParameter(description="one colour")] = None,
    urgent: Urgent = False,
) -> Filters:
    """What the query asks for, of what the actor may see. Raises RequestError."""
    if code not in ("", NONE) and not _CODE.fullmatch(code):
        fix = "write class and digits: part 0390, or event 0590."
        raise RequestError(f"{code!r} is no case code.", status=400, where="code", fix=fix, code="E-EVAL-004")
    return Filters(
        unit=unit,
        district=district,
        street=street,
        code=code,
        level=level or "",
        is_urgent=urgent,
        districts=actor.districts,
        units=actor.units,
    )


def router() -> Router:
    """The routes; they are for those who have the right to evaluate."""
    return Router(
        "/api/v1/evaluation",
        route_handlers=[figures, cases, network.router()],
        dependencies={
            "filters": Provide(chosen, sync_to_thread=False),
            "period": Provide(period_of, sync_to_thread=False),
        },
        guards=[needs(Right.EVALUATE)],
        tags=["evaluation"],
    )


@get("/", summary="Figures and rates of a period, in groups", operation_class=Tabular)
async def figures(
    desk: OnDesk,
    filters: OnFilters,
    period: OnPeriod,
    by: Annotated[By, QueryParameter(description="one group each")] = "none",
    form: Format = "json",
) -> Response[Evaluation]:
    """Each with numerator and denominator, and links to the cases of both. CSV is for Excel, in UTF-8."""
    if by == "day" and period.days > BY_DAY_MAX:
        what = f"by day a period has at most {BY_DAY_MAX} days, not {period.days}."
        raise RequestError(what, status=400, where="from", fix="ask by month, or month by month.", code="E-EVAL-003")
    found = await desk.ledger.database.read(lambda connection: tables.sums(connection, period, filters, by))
    told = evaluation(found, period, filters, by, desk.ledger.practice)
    if form == "json":
        return Response(told, headers={"Cache-Control": "no-store"})
    name = f"evaluation-{told.first}-{told.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    table: Response[Any] = Response(evaluation_csv.table(told), media_type="text/csv", headers=headers)
    return table


@get("/cases", summary="The cases that a figure counts, newest first")
async def cases(  # noqa: PLR0913, PLR0917 - one parameter a query parameter
    desk: OnDesk,
    actor: OnActor,
    filters: OnFilters,
    period: OnPeriod,
    request: AnyRequest,
    figure: Annotated[str, QueryParameter(max_length=64, description=", ".join(COUNTS))],
    limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 100,
    after: Annotated[str, QueryParameter(description="the last number of the page before", max_length=20)] = "",
) -> Response[list[CaseAnswer]]:
    """As many as the figure says, with the end of their logs."""
    if figure not in COUNTS:
        fix = f"{nearest(figure, COUNTS)}."
        raise RequestError(
            f"no cases are counted as {figure!r}.", status=400, where="figure", fix=fix, code="E-EVAL-005"
        )
    found = await desk.ledger.database.read(
        lambda connection: tables.listed(connection, figure, period, filters, limit=limit, before=after)
    )
    answers = [answer(case, actor, desk.ledger.practice, period.now_ns) for case in found]
    return page(answers, limit, request, found[-1].number if found else "")
