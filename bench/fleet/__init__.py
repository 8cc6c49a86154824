"""Boxes under load for the benches that kill what is behind them: real spools and links, made-up readings."""
