"""`scripts/bench cases`, a short run."""

import bench_run


def test_cases_measures_both_databases() -> None:
    """A quick run asks every question of a ledger whose sums are proven; no answer is a defect."""
    result = bench_run.result("cases", "--cases", "3000", "--events", "30000")
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
