"""The figures over HTTP: numbers, links that lead to as many cases, CSV, and who may ask for what."""

import csv
import io
from typing import Any

import assessed_cases
import httpx
import msgspec
import pytest

from cloud.assessment.evaluation import RATES
from cloud.cases.tally import FIGURES

INJECTED = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1")


@pytest.fixture
async def client(town: Any) -> httpx.AsyncClient:
    """A town in which the story happened; it is 18 November 2026, 19:06 in China."""
    await town.ledger.database.write(lambda connection: assessed_cases.keep(connection, assessed_cases.story()))
    return town.client


async def evaluated(client: httpx.AsyncClient, **query: Any) -> Any:
    """The answer as JSON."""
    answer = await client.get("api/v1/evaluation", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rate(part: Any, name: str) -> Any:
    """One rate of a part."""
    [found] = [one for one in part["rates"] if one["id"] == name]
    return found


async def listed(client: httpx.AsyncClient, link: str, limit: int = 100) -> list[str]:
    """The numbers of all cases behind a link, page by page."""
    numbers: list[str] = []
    address: str | None = f"{link}&limit={limit}"
    while address:
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        numbers += [case["number"] for case in answer.json()]
        address = answer.links.get("next", {}).get("url")
    return numbers


async def test_this_month_is_asked_for_by_default(client: httpx.AsyncClient) -> None:
    """From the first of the month to today; 8 cases were due, one is suspended, 5 were closed in time."""
    told = await evaluated(client)
    assert (told["from"], told["to"], told["until_ns"]) == ("2026-11-01", "2026-11-18", assessed_cases.NOW_NS)
    on_time = rate(told["total"]["all"], "close_on_time_rate")
    assert (on_time["value"], on_time["numerator"], on_time["denominator"]) == (5 / 7, 5, 7)
    assert rate(told["total"]["urgent"], "close_on_time_rate")["value"] == 2 / 3
    assert (told["groups"], told["total"]["all"]["penalty_points"]) == ([], 1)


@pytest.mark.parametrize("by", ["none", "unit", "code", "month"])
async def test_every_rate_leads_to_its_cases(client: httpx.AsyncClient, by: str) -> None:
    """Numerator and denominator of every rate of every group: as many cases behind the link as it says."""
    told = await evaluated(client, by=by)
    parts = [part for group in (*told["groups"], told["total"]) for part in (group["all"], group["urgent"])]
    links: dict[str, int] = {}
    for part in parts:
        for one in part["rates"]:
            links[one["denominator_cases"]] = one["denominator"]
            if not one["id"].endswith("_s"):
                links[one["numerator_cases"]] = one["numerator"]
    asked = {link: count for link, count in links.items() if count or by == "none"}
    for link, count in asked.items():
        assert len(await listed(client, link)) == count, link


async def test_groups_are_named_and_can_be_asked_for(client: httpx.AsyncClient) -> None:
    """A key is what a filter takes; `-` stands for cases without a unit."""
    told = await evaluated(client, by="unit")
    assert [group["key"] for group in told["groups"]] == ["-", "siming-lights", "tongan-ads"]
    again = await evaluated(client, unit="-")
    assert again["total"]["all"]["figures"] == told["groups"][0]["all"]["figures"]
    by_code = await evaluated(client, by="code")
    assert [(group["key"], group["name"]) for group in by_code["groups"]] == [
        ("part 0191", "路灯故障"),
        ("part 0390", "广告牌匾结构异常"),
    ]
    days = await evaluated(client, by="day")
    assert [group["key"] for group in days["groups"]] == [f"202611{day:02d}" for day in range(1, 19)]


async def test_list_is_paged_and_says_what_can_be_done(client: httpx.AsyncClient) -> None:
    """11 filed cases in pages of 4, newest first."""
    link = "/api/v1/evaluation/cases?from=2026-11-01&to=2026-11-30&figure=filed"
    numbers = await listed(client, link, limit=4)
    assert (len(numbers), numbers[0], numbers[-1]) == (11, "20261118-00010", "20261103-00001")
    [first, *_] = (await client.get(link)).json()
    assert {"remaining_s", "can", "unit_name"} <= set(first)


async def test_csv_opens_in_excel(client: httpx.AsyncClient) -> None:
    """UTF-8 with its mark, a row of Chinese words, a row of ids, two rows a unit and two for the whole."""
    answer = await client.get("api/v1/evaluation", params={"by": "unit", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="evaluation-2026-11-01-2026-11-18.csv"' in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    words, ids, *rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len({len(row) for row in (words, ids, *rows)}) == 1
    assert len(ids) == 6 + len(FIGURES) + 1 + 3 * len(RATES)
    total = dict(zip(ids, rows[-2], strict=True))
    assert (total["name"], total["urgent"], total["close_on_time_rate"]) == ("合计", "0", "0.714286")
    assert (total["close_on_time_rate.numerator"], total["close_on_time_rate.denominator"]) == ("5", "7")
    assert words[ids.index("close_on_time_rate.denominator")] == "按期结案率 分母"
    assert dict(zip(ids, rows[1], strict=True))["close_on_time_rate"] == ""


@pytest.mark.parametrize("street", INJECTED)
async def test_csv_runs_nothing(town: Any, street: str) -> None:
    """A street whose name looks like a formula gets an apostrophe; as JSON it is what it is."""
    [case, *_] = assessed_cases.story()
    case = msgspec.structs.replace(case, street=street)
    await town.ledger.database.write(lambda connection: assessed_cases.keep(connection, [case]))
    answer = await town.client.get("api/v1/evaluation", params={"by": "street", "format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[2][3:5] == [f"'{street}", f"'{street}"]
    told = await evaluated(town.client, by="street")
    assert [group["key"] for group in told["groups"]] == [street]
    link = rate(told["groups"][0]["all"], "filing_rate")["numerator_cases"]
    assert await listed(town.client, link) == ["20261103-00001"]


async def test_empty_period_is_answered(client: httpx.AsyncClient) -> None:
    """In October nothing happened: rates are null, 0 of 0, and the CSV says as much."""
    told = await evaluated(client, **{"from": "2026-10-01", "to": "2026-10-31", "by": "month"})
    assert [group["key"] for group in told["groups"]] == ["202610"]
    assert {one["value"] for one in told["total"]["all"]["rates"]} == {None}
    assert (await evaluated(client, unit="nobody", by="unit"))["groups"] == []


async def test_future_is_cut_off(client: httpx.AsyncClient) -> None:
    """A period to the end of the year is one to today."""
    told = await evaluated(client, to="2026-12-31", **{"from": "2026-11-01"})
    assert (told["from"], told["to"]) == ("2026-11-01", "2026-11-18")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?from=2026-11-12&to=2026-11-11", "E-EVAL-001"),
        ("?from=2026-11-19", "E-EVAL-001"),
        ("?from=2026-11-19&to=2026-12-01", "E-EVAL-002"),
        ("?from=1999-12-31&to=2000-01-01", "E-EVAL-002"),
        ("?to=0001-01-01", "E-EVAL-002"),
        ("?from=2022-01-01", "E-EVAL-003"),
        ("?from=2026-10-01&by=day", "E-EVAL-003"),
        ("?code=0390", "E-EVAL-004"),
        ("/cases?figure=done", "E-EVAL-005"),
        ("/cases?figure=accept_s", "E-EVAL-005"),
        ("/cases", "E-API-005"),
        ("/cases?figure=due&limit=0", "E-API-005"),
        ("?from=yesterday", "E-API-005"),
        ("?by=colour", "E-API-005"),
        ("?level=green", "E-API-005"),
        ("?format=xlsx", "E-API-005"),
    ],
)
async def test_bad_question_is_refused(client: httpx.AsyncClient, query: str, code: str) -> None:
    """Each with what is wrong and what to write instead."""
    answer = await client.get(f"api/v1/evaluation{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert answer.json()["fix"]


async def test_openapi_says_that_there_is_a_table(town: Any) -> None:
    """Both forms of the answer are in the document."""
    document = (await town.client.get("api/v1/openapi.json")).json()
    content = document["paths"]["/api/v1/evaluation"]["get"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/csv"}
