"""`scripts/bench`: it lists what can be measured, and a short run ends with one JSON line of the agreed shape."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def bench(*arguments: str) -> str:
    """What it prints on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_lists_the_benches() -> None:
    """Each with the first line of its manual page."""
    assert "path       From a register on a device to a committed case" in bench()


def test_path_measures_what_it_promises() -> None:
    """A quick run measures every figure; whether goals are met is not judged here, the machine may be busy."""
    result = json.loads(bench("path", "--quick", "--json").splitlines()[-1])
    assert set(result) == {"bench", "figures", "goals", "machine", "notes"}
    assert set(result["goals"]) == {
        *("reaction_ms_p99", "edge_rss_mib", "edge_core_percent"),
        *("bytes_a_value_1s", "bytes_a_value_10s"),
    }
    assert all(goal["value"] > 0 for goal in result["goals"].values())


def test_newcomer_gets_through_in_five_minutes() -> None:
    """Everything the first five minutes promise happens on the board of a small demonstration, in that time."""
    result = json.loads(bench("newcomer", "--quick", "--json").splitlines()[-1])
    assert result["goals"]["five_minutes"]["met"], result["figures"]
    assert "acknowledged with one click" in result["figures"]


def test_faults_lose_and_double_nothing() -> None:
    """A quick run kills a box, the cloud, the broker and the store once each, while billboards begin to lean."""
    result = json.loads(bench("faults", "--quick", "--json").splitlines()[-1])
    figures = result["figures"]
    assert figures["kills"] == 4
    assert figures["readings_sampled"] > 1_000
    assert figures["leans"] > 0
    assert (figures["readings_lost"], figures["readings_doubled"], figures["leans_without_exactly_one_case"]) == (
        0,
        0,
        0,
    )


def test_board_measures_what_it_promises() -> None:
    """A quick run opens the board of 400 sites, floods it, alone and with twelve tabs; none of them is left behind."""
    result = json.loads(bench("board", "--quick", "--json").splitlines()[-1])
    figures = result["figures"]
    assert figures["tabs_live"] == figures["tabs_showing_every_alarm"] == 12
    assert set(result["goals"]) >= {"ready_ms", "alarm_to_pixel_ms_p95", "kB_gzip_city_page"}
    assert figures["ready_ms median"] > 0
    assert figures["kB_gzip_city_page"] <= 100


def test_cases_measures_both_databases() -> None:
    """A quick run asks every question of a ledger whose sums are proven; no answer is a defect."""
    result = json.loads(bench("cases", "--quick", "--json", "--cases", "3000", "--events", "30000").splitlines()[-1])
    figures = result["figures"]
    assert (figures["cases"], figures["alarm_events"]) == (3_000, 30_000)
    databases = {name.partition("_flood")[0] for name in figures if name.endswith("_flood_members")}
    assert "sqlite" in databases
    for database in databases:
        assert figures[f"{database}_flood_members"] == 500
        assert figures[f"{database}_alarm_to_case ms p99"] > 0
        assert figures[f"{database}: cases, open, ms p50"] > 0
    assert all(goal["value"] > 0 for goal in result["goals"].values())
    wrong = ("not the sums", "do not count", "name cases that are not there", "500 /api")
    assert not [note for note in result["notes"] if any(words in note for words in wrong)]
