"""`egret case` and `egret alarm` against the real API on a real ledger."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import small_city
from click.testing import CliRunner, Result
from listening import listening
from webhook_receiver import answer_of

from cloud.api.app import create_app
from cloud.api.server import serving
from cloud.cases.case_answer import CaseFileAnswer
from cloud.cases.practice import Practice
from cloud.commands.case import left
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.stores import embedded
from wire.errors import EgretError, Unreachable
from wire.main import root

NOW_NS = 1_795_000_000 * small_city.SECOND_NS
NUMBER = "20261118-00001"

Egret = Callable[..., Awaitable[Result]]


@pytest.fixture
async def egret(tmp_path: Path) -> AsyncIterator[Egret]:
    """The command, speaking to a cloud in which one billboard leans."""
    city = small_city.inventory(tmp_path)
    store = embedded.open_store(embedded.Config(folder=str(tmp_path)))
    async with Ledger(tmp_path / "ledger.sqlite", lambda: NOW_NS, Practice(city)) as ledger, store:
        await ledger.take_alarms(small_city.lean(1, NOW_NS))
        async with serving(create_app(ledger, store, Live(), city, lambda: NOW_NS)) as url:
            yield lambda *words: run(*words, "--url", f"{url}/api/v1")


async def run(*words: str) -> Result:
    """The command in a thread, so that the server can answer."""
    return await asyncio.to_thread(CliRunner().invoke, root, words, catch_exceptions=True)


async def test_cases_are_a_table(egret: Egret) -> None:
    """One line a case under a head, in columns."""
    head, line = (await egret("case", "list", "--open")).stdout.splitlines()
    assert head.split() == ["number", "level", "stage", "left", "unit", "opened", "title"]
    assert line.startswith(f"{NUMBER}  red    filed  4 h")
    assert line.endswith("Huancheng Road West: resultant tilt over its limit, 2.17°")
    assert line.index("red") == head.index("level")


async def test_cases_are_json(egret: Egret) -> None:
    """`--json` is the data and nothing else."""
    [case] = json.loads((await egret("case", "list", "--json")).stdout)
    assert (case["number"], case["site"], case["closed_ns"]) == (NUMBER, "XM-TA-0117", None)


async def test_a_case_is_shown_with_its_log(egret: Egret) -> None:
    """Both names, place and every line of the log."""
    said = (await egret("case", "show", NUMBER)).stdout
    assert "环城西路南段落地电子屏：合成倾角超限，2.17°" in said
    assert "24.7272, 118.1422 (WGS-84)" in said
    assert "raised red: tilt 2.17 deg is over 1.5 deg" in said
    assert json.loads((await egret("case", "show", NUMBER, "--json")).stdout)["evidence"] == []


async def test_a_note_is_no_row_of_the_table(egret: Egret) -> None:
    """A second line of a note, which anybody with a link may write, cannot pass for an act of somebody else."""
    await egret("case", "advance", NUMBER, "note", "--note", "seen\n2026-11-18 19:06:40  zhao  close  closed  handled")
    rows = (await egret("case", "show", NUMBER)).stdout.splitlines()
    assert rows[-1].endswith("seen 2026-11-18 19:06:40 zhao close closed handled")
    assert " demo  " in rows[-1]


async def test_a_person_closes_a_case(egret: Egret) -> None:
    """The sensor is asked first; then it is no longer open, and closing it again is refused with who did."""
    doubted = await egret("case", "close", NUMBER, "--note", "re-anchored")
    assert isinstance(doubted.exception, EgretError)
    assert "XM-TA-0117-T1/lean is still red" in str(doubted.exception)
    closed = await egret("case", "close", NUMBER, "--note", "re-anchored", "--without-sensor", "seen on the spot")
    assert closed.stdout == f"case {NUMBER} is closed.\n"
    assert (await egret("case", "list", "--open")).stdout == ""
    log = json.loads((await egret("case", "show", NUMBER, "--json")).stdout)["log"]
    assert (log[-1]["actor"], log[-1]["stage"]) == ("demo", "closed")
    again = await egret("case", "close", NUMBER, "--note", "me too")
    assert isinstance(again.exception, EgretError)
    assert "was closed before, by demo" in str(again.exception)
    assert again.exception.code == "E-CASE-002"


async def test_a_case_goes_from_stage_to_stage(egret: Egret) -> None:
    """`assign`, then `advance` as often as needed: nobody has to know the names of the stages."""
    assert f"`egret case assign {NUMBER} --unit UNIT`" in str((await egret("case", "advance", NUMBER)).exception)
    assigned = await egret("case", "assign", NUMBER, "--unit", "command-centre")
    assert assigned.stdout == f"case {NUMBER} is dispatched, 市指挥中心.\n"
    stages = [(await egret("case", "advance", NUMBER)).stdout.split()[-2].rstrip(",") for _ in range(3)]
    assert stages == ["handling", "fed_back", "verification"]
    assert f"`egret case close {NUMBER} --note" in str((await egret("case", "advance", NUMBER)).exception)
    await egret("case", "advance", NUMBER, "send_back", "--note", "bolt still loose")
    waits = await egret("case", "advance", NUMBER, "suspend", "--note", "waits for the power company")
    assert waits.stdout.startswith(f"case {NUMBER} is dispatched")
    more = await egret("case", "advance", NUMBER, "merge", "--set", "into=20261118-00002")
    assert "suspended" in str(more.exception)


async def test_an_unknown_act_is_refused_with_those_there_are(egret: Egret) -> None:
    """The command knows them, and asks nobody."""
    refused = await egret("case", "advance", NUMBER, "aprove")
    assert (refused.exit_code, "'send_back'" in refused.stderr) == (2, True)


async def test_an_unknown_unit_is_refused_with_those_there_are(egret: Egret) -> None:
    """The message names the nearest unit."""
    refused = await egret("case", "assign", NUMBER, "--unit", "comand-centre")
    assert "there is no unit 'comand-centre'. fix: write 'command-centre'" in str(refused.exception)


async def test_alarms_are_acknowledged_shelved_and_put_back(egret: Egret) -> None:
    """Several at once; what cannot be done is said, and the rest is done."""
    assert (await egret("alarm", "ack", small_city.LEAN)).stdout == f"{small_city.LEAN} is acknowledged.\n"
    again = await egret("alarm", "ack", small_city.LEAN, "NOBODY/lean")
    assert (again.exit_code, again.stdout) == (1, "")
    first, second = again.stderr.splitlines()[-2:]
    assert first.startswith(f"alarm {small_city.LEAN} is acknowledged, by demo: there is nothing to acknowledge. fix:")
    assert first.count("[E-ALARM-002]") == 1
    assert second == "there is no alarm 'NOBODY/lean'. fix: `egret alarm list` shows their ids. [E-ALARM-001]"
    shelved = await egret("alarm", "shelve", small_city.LEAN, "--for", "2h", "--reason", "crane at work")
    assert shelved.stdout == f"{small_city.LEAN} is shelved.\n"
    assert "crane at work" in (await egret("alarm", "list", "--state", "shelved")).stdout
    back = await egret("alarm", "unshelve", small_city.LEAN)
    assert back.stdout == f"{small_city.LEAN} is unacknowledged.\n"


async def test_why_an_alarm_stands(egret: Egret) -> None:
    """Link by link as far as it goes: an event without bytes has a rule, a baseline and a case all the same."""
    said = (await egret("alarm", "why", small_city.LEAN)).stdout.splitlines()
    assert said[0].startswith(f"alarm      {small_city.LEAN}  unacknowledged  since ")
    assert "red raised at 20" in said[1]
    headings = [line.split()[0] for line in said if not line.startswith(" ")]
    assert headings == ["alarm", "event", "baseline", "rule", "device", "config", "case"]
    assert "           > red at 1.5 deg for 2 s: judgement" in said
    assert said[-1] == f"case       {NUMBER}"
    why = json.loads((await egret("alarm", "why", small_city.LEAN, "--json")).stdout)
    assert (why["event"]["value"], why["frame"]) == (2.17, None)
    unknown = await egret("alarm", "why", "NOBODY/lean")
    assert "there is no alarm 'NOBODY/lean'. fix: `egret alarm list` shows their ids." in str(unknown.exception)


async def test_what_no_alarm_can_be_is_refused_in_words(egret: Egret) -> None:
    """A misspelt state, and a shelf of three days: the command says what is possible, and asks nobody."""
    assert "'shelved'" in (await egret("alarm", "list", "--state", "shelfed")).stderr
    long = await egret("alarm", "shelve", small_city.LEAN, "--for", "3d", "--reason", "crane at work")
    assert (long.exit_code, "at most 24h" in long.stderr) == (2, True)


async def test_nothing_found_is_said(egret: Egret) -> None:
    """An empty list is no failure: stdout has no data, and stderr says so."""
    for words in (("alarm", "list", "--state", "shelved"), ("case", "list", "--district", "siming")):
        found = await egret(*words)
        assert (found.exit_code, found.stdout) == (0, "")
        assert found.stderr.endswith(f"no {words[0]}s.\n")


async def test_a_test_alarm_is_no_case(egret: Egret) -> None:
    """It stands until somebody acknowledges it."""
    raised = await egret("alarm", "test", "XM-TA-0117-T1", "--level", "red")
    assert raised.stdout.startswith("XM-TA-0117-T1/test is unacknowledged")
    assert len(json.loads((await egret("case", "list", "--json")).stdout)) == 1
    assert (await egret("alarm", "ack", "XM-TA-0117-T1/test")).stdout == "XM-TA-0117-T1/test is normal.\n"


async def test_the_mode_is_switched_and_ends(egret: Egret) -> None:
    """A typhoon opens a special task for the billboards of the district; normal ends it."""
    assert (await egret("mode", "show")).stdout == "normal everywhere.\n"
    said = await egret("mode", "set", "typhoon", "--district", "tongan", "--level", "orange", "--reason", "warning 14")
    assert said.stdout.startswith("tongan is in mode typhoon until 2026-11-19")
    assert said.stdout.endswith("Special task 20261118-00002 is open.\n")
    assert "warning 14" in (await egret("mode", "show")).stdout
    await egret("mode", "set", "normal", "--district", "tongan", "--reason", "over")
    assert (await egret("mode", "show")).stdout == "normal everywhere.\n"
    assert len((await egret("mode", "show", "--all")).stdout.splitlines()) == 3


async def test_a_drill_is_marked_wherever_a_case_is(egret: Egret) -> None:
    """In the list and on its own page, and in what the switch answers."""
    said = await egret("mode", "set", "typhoon", "--drill", "--reason", "exercise of the district", "--level", "orange")
    assert said.stdout.startswith("the city is in mode typhoon (drill) until")
    assert "20261118-00002  orange (drill)" in (await egret("case", "list")).stdout
    assert "level     orange (drill)\n" in (await egret("case", "show", "20261118-00002")).stdout
    assert "typhoon (drill)" in (await egret("mode", "show")).stdout


async def test_a_special_task_shows_how_far_it_is(egret: Egret) -> None:
    """Of the three billboards one is finished."""
    await egret("mode", "set", "typhoon", "--reason", "warning 14")
    await egret("case", "advance", "20261118-00002", "done", "--set", "site=XM-SM-0001")
    assert "progress  1 of 3 sites\n" in (await egret("case", "show", "20261118-00002")).stdout


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"remaining_s": 12_000.0}, "3 h 20 min"),
        ({"remaining_s": 59.6}, "1 min"),
        ({"remaining_s": 0.0}, "0 s"),
        ({"remaining_s": -176_400.0, "is_overdue": True}, "late 2 d 1 h"),
        ({"remaining_s": 27_000.0, "is_working_time": True}, "7 h 30 min of work"),
        ({"remaining_s": 0.0, "is_working_time": True, "is_overdue": True}, "late 0 s of work"),
        ({"remaining_s": None}, ""),
    ],
)
async def test_time_that_is_left(egret: Egret, facts: dict[str, object], said: str) -> None:
    """By the clock, or of work; late since the close of business is late at night, too."""
    case = msgspec.json.decode((await egret("case", "show", NUMBER, "--json")).stdout, type=CaseFileAnswer)
    assert left(msgspec.structs.replace(case, **facts)) == said


async def test_a_number_that_does_not_exist(egret: Egret) -> None:
    """The API's words come through, with their code; nothing in a number leads elsewhere."""
    for number in ("NOPE", "../alarms", "a b?x=1"):
        unknown = await egret("case", "show", number)
        assert isinstance(unknown.exception, EgretError), number
        assert unknown.exception.code in {"E-CASE-001", "E-API-004"}, number


async def test_alarms_are_listed(egret: Egret) -> None:
    """With state, since when, and the case that is at it."""
    head, line = (await egret("alarm", "list")).stdout.splitlines()
    assert head.split() == ["level", "state", "since", "alarm", "case", "reason"]
    assert line.split()[:2] == ["red", "unacknowledged"]
    assert NUMBER in line
    [alarm] = json.loads((await egret("alarm", "list", "--json")).stdout)
    assert (alarm["id"], alarm["value"], alarm["limit"]) == (small_city.LEAN, 2.17, 1.5)


async def test_nobody_answers(free_port: int) -> None:
    """Exit code 3, and what to start."""
    said = await run("case", "list", "--url", f"http://127.0.0.1:{free_port}/api/v1")
    assert isinstance(said.exception, Unreachable)
    assert said.exception.exit_code == 3
    assert "egret cloud run" in str(said.exception)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(answer_of(502, body=b"<html>bad gateway"), "E-API-011"), (answer_of(200, body=b"<html>hello"), "E-API-012")],
)
async def test_something_else_answers(answer: bytes, code: str) -> None:
    """A proxy or another server in its place is said, never shown as data."""
    async with raw_server(answer) as url:
        said = await run("alarm", "list", "--url", url)
    assert isinstance(said.exception, EgretError)
    assert said.exception.code == code


@contextlib.asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[str]:
    """Answers every request alike."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}/api/v1"


@pytest.mark.parametrize("words", [("case",), ("case", "close"), ("alarm", "list")])
def test_help_has_an_example(words: tuple[str, ...]) -> None:
    """Every verb shows how it is used."""
    assert "Example:" in CliRunner().invoke(root, [*words, "--help"]).stdout
