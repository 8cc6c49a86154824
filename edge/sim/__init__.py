"""Simulated worlds, devices and lines. Product, not test helper: demos, training and tests share it."""
