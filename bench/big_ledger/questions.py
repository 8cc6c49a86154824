"""What is asked of the API, one line each. To measure another query, add a line.

A path's parameters are called as in the OpenAPI document; the words of `Words` stand in braces.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from bench.big_ledger.past_cases import DAY_NS, YEARS_DAYS
from bench.big_ledger.town import Town
from cloud.assessment.evaluation import COUNTS
from cloud.cases.case_flow import CaseKind, Stage
from wire.alarm import Level

_OF_YEAR = "/evaluation/cases?from={year_first}&to={today}"
QUESTIONS: Mapping[str, str] = {
    "cases": "/cases",
    "cases, open": "/cases?open=true",
    "cases, closed": "/cases?open=false",
    "cases, overdue": "/cases?overdue=true",
    "cases by stage": "/cases?stage={stage}",
    "cases by level": "/cases?level={level}",
    "cases by kind": "/cases?kind={kind}",
    "cases by code": "/cases?code={code}",
    "cases by site": "/cases?site={site}",
    "cases by district": "/cases?district={district}",
    "cases by street": "/cases?street={street}",
    "cases by unit": "/cases?unit={unit}",
    "cases by outcome": "/cases?outcome=false_alarm",
    "cases by source": "/cases?source=hotline",
    "cases by person": "/cases?person=lin",
    "cases by a related one": "/cases?related={number}",
    "cases, open of a unit": "/cases?open=true&unit={unit}",
    "cases, open and red of a district": "/cases?open=true&level=red&district={district}",
    "cases, closed by unit and level": "/cases?open=false&unit={unit}&level={level}",
    "cases by street and code": "/cases?street={street}&code={code}",
    "cases by site and stage": "/cases?site={site}&stage={stage}",
    "cases by kind and district": "/cases?kind={kind}&district={district}",
    "cases by unit and outcome": "/cases?unit={unit}&outcome=duplicate",
    "cases of a day": "/cases?start_ns={start_ns}&end_ns={day_end_ns}",
    "cases of a month by unit": "/cases?start_ns={start_ns}&end_ns={month_end_ns}&unit={unit}",
    "cases since a time by level and code": "/cases?start_ns={start_ns}&level={level}&code={code}",
    "cases, a deep page": "/cases?after={number}",
    "cases, a deep page by district": "/cases?district={district}&after={number}",
    "cases, a deep page by unit and level": "/cases?unit={unit}&level={level}&after={number}",
    "cases, a deep page of open ones": "/cases?open=true&after={number}",
    "one case": "/cases/{number}",
    "counts of cases": "/cases/counts",
    "alarms": "/alarms",
    "alarms by district": "/alarms?district={district}",
    "alarm events": "/alarms/events",
    "alarm events of an alarm": "/alarms/events?alarm={alarm}",
    "alarm events of an alarm in a month": "/alarms/events?alarm={alarm}&start_ns={start_ns}&end_ns={month_end_ns}",
    "alarm events of a day": "/alarms/events?start_ns={start_ns}&end_ns={day_end_ns}",
    "alarm load of a day": "/alarms/load?start_ns={last_day_ns}",
    "alarm load of 30 days": "/alarms/load?start_ns={last_month_ns}",
    "evaluation of this month": "/evaluation",
    "evaluation of a month": "/evaluation?from={month_first}&to={month_last}",
    "evaluation of a year": "/evaluation?from={year_first}&to={today}",
    "evaluation of three years": "/evaluation?from={first}&to={today}",
    **{
        f"evaluation of {period} by {by}": f"/evaluation?from={{{period.split()[-1]}_first}}&to={{{end}}}&by={by}"
        for period, end in (("a month", "month_last"), ("a year", "today"))
        for by in ("unit", "district", "street", "code", "level", "month")
    },
    "evaluation of a month by day": "/evaluation?from={month_first}&to={month_last}&by=day",
    "evaluation of a year of a unit": "/evaluation?from={year_first}&to={today}&by=code&unit={unit}",
    **{
        f"cases behind {figure}": f"/evaluation/cases?figure={figure}&from={{month_first}}&to={{month_last}}"
        for figure in COUNTS
    },
    "cases behind sent_back in a year of a unit": f"{_OF_YEAR}&figure=sent_back&unit={{unit}}",
    "cases behind false_alarms in a year, red": f"{_OF_YEAR}&figure=false_alarms&level=red",
    "cases behind due_suspended in a year of a street": f"{_OF_YEAR}&figure=due_suspended&street={{street}}",
    "cases behind extended in a year of a code": f"{_OF_YEAR}&figure=extended&code={{code}}",
    "cases behind closed in three years": "/evaluation/cases?figure=closed&from={first}&to={today}",
    "cases behind closed in a year, a deep page": f"{_OF_YEAR}&figure=closed&after={{number}}",
    "figures of the sensor network": "/evaluation/network",
    "state": "/state",
    "modes": "/modes",
    "audit log": "/audit",
    "audit log of an act": "/audit?act=case.close",
    "audit log of a case": "/audit?object={number}",
    "audit log of an actor": "/audit?actor=lin",
    "audit log of an act nobody did": "/audit?act=alarm.shelve",
    "installations": "/installations",
    "one installation": "/installations/{site}/compliance",
    "outbox": "/outbox",
    "dead letters": "/outbox/dead",
    "users": "/users",
    "tokens": "/tokens",
}
LEFT_OUT = frozenset(
    {
        *("/health", "/events", "/city", "/session", "/modes/rules"),  # no list, no count, no evaluation
        *("/readings", "/series", "/count", "/unregistered"),  # of the store
        *("/audit/export", "/audit/verdict"),  # the whole log, as a file or computed again
        *("/quarantine", "/metrics", "/openapi.json"),
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """What the questions ask for."""

    town: Town
    now_ns: int
    per_day: int

    def draw(self, rng: Random) -> dict[str, str | int]:
        """One of each, from anywhere in the three years."""
        town = self.town
        first_ns = self.now_ns - (YEARS_DAYS - 40) * DAY_NS
        start_ns = first_ns + rng.randrange(YEARS_DAYS - 80) * DAY_NS
        sensor = rng.choice([town.inventory.sensors[sensor] for site in town.sites for sensor in site.sensors])
        code, street = rng.choice(town.codes), rng.choice(town.streets)
        return {
            "stage": rng.choice(list(Stage)),
            "level": rng.choice(list(Level)),
            "kind": rng.choice(list(CaseKind)),
            "code": f"{code.code_class} {code.code}",
            "site": sensor.site,
            "district": street.district,
            "street": street.name,
            "unit": rng.choice(town.units),
            "number": f"{_day(start_ns):%Y%m%d}-{rng.randrange(1, max(2, self.per_day)):05d}",
            "alarm": f"{sensor.id}/{sensor.rules[0].name}",
            "start_ns": start_ns,
            "day_end_ns": start_ns + DAY_NS,
            "month_end_ns": start_ns + 30 * DAY_NS,
            "last_day_ns": self.now_ns - DAY_NS,
            "last_month_ns": self.now_ns - 30 * DAY_NS,
            "month_first": f"{_day(start_ns):%Y-%m-01}",
            "month_last": f"{_day(start_ns):%Y-%m-28}",
            "year_first": f"{_day(self.now_ns - 365 * DAY_NS):%Y-%m-%d}",
            "first": f"{_day(first_ns):%Y-%m-%d}",
            "today": f"{_day(self.now_ns):%Y-%m-%d}",
        }


def forgotten(paths: Iterable[str]) -> Iterator[str]:
    """GET routes of the API that no line above asks."""
    asked = {path.partition("?")[0] for path in QUESTIONS.values()} | LEFT_OUT
    for path in paths:
        route = path.removeprefix("/api/v1")
        if route not in asked and route.startswith("/") and path != route:
            yield route


def _day(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // 10**9, UTC)
