"""Measurements: each file is one bench, run by `scripts/bench NAME`."""
