"""`scripts/bench board`, a short run."""

import bench_run


def test_board_measures_what_it_promises() -> None:
    """A quick run opens the board of 400 sites, floods it, alone and with twelve tabs; none of them is left behind."""
    result = bench_run.result("board")
    figures = result["figures"]
    assert figures["tabs_live"] == figures["tabs_showing_every_alarm"] == 12
    assert set(result["goals"]) >= {"ready_ms", "alarm_to_pixel_ms_p95", "kB_gzip_city_page"}
    assert figures["ready_ms median"] > 0
    assert figures["kB_gzip_city_page"] <= 100
