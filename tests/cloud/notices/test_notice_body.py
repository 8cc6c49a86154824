"""The facts that robots, mails and templates tell, read from the body that webhooks send as it is."""

import json
from pathlib import Path

import pytest
import small_city

from cloud.cases.practice import Practice
from cloud.ledger import Ledger
from cloud.notices.notice_body import CaseFacts, CaseNotice, decode
from wire.errors import Undeliverable

OPENED_NS = 1_795_480_000_000_000_000


async def test_a_notice_of_the_ledger_is_read_back(tmp_path: Path) -> None:
    """A billboard leans: number, title, level, place and time are those of the case."""
    inventory = small_city.inventory(tmp_path)
    async with Ledger(tmp_path / "ledger.sqlite", lambda: OPENED_NS, Practice(inventory), ("desk",)) as ledger:
        await ledger.take_alarms(small_city.lean(1, 1))
        [case] = await ledger.cases()
        [row] = await ledger.due("desk", OPENED_NS, 10)
    notice = decode(row.notice.body)
    [facts] = notice.cases
    assert notice.type == "case.opened"
    assert (facts.number, facts.title, facts.title_en) == (case.number, case.title, case.title_en)
    assert (facts.level, facts.stage, facts.site, facts.kind) == (case.level, case.stage, case.site, case.kind)
    assert (facts.longitude, facts.latitude, facts.opened_ns) == (case.longitude, case.latitude, OPENED_NS)


def body(data: object) -> bytes:
    """As it leaves the ledger."""
    return json.dumps({"type": "case.digest", "timestamp": "2026-11-18T03:06:40Z", "data": data}).encode()


def test_a_digest_has_several_cases() -> None:
    """One gust, two boards; `person` null and a member nobody knows are no trouble."""
    cases = [
        {"number": "20261118-00001", "is_drill": True, "person": None, "log": [{"note": "raised"}]},
        {"number": "20261118-00002", "due_ns": OPENED_NS, "unit": "同安区城管局"},
    ]
    assert decode(body({"cases": cases})) == CaseNotice(
        "case.digest",
        (
            CaseFacts(number="20261118-00001", drill=True),
            CaseFacts(number="20261118-00002", due_ns=OPENED_NS, unit="同安区城管局"),
        ),
    )


@pytest.mark.parametrize(
    "wrong",
    [b"", b"{", b"[]", b'"\xff"', b"{}", body([]), body({"cases": 3}), body({"cases": [3]}), body({"number": 7})],
)
def test_what_is_no_notice_of_cases_is_given_up(wrong: bytes) -> None:
    """It would be none tomorrow either."""
    with pytest.raises(Undeliverable, match="E-HOOK-008"):
        decode(wrong)
