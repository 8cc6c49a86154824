"""The whole product in one process, under virtual time, for `scripts/bench sim`. See docs/develop/simulation.md."""
