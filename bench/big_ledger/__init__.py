"""A ledger as a city has it after three years, built at once, and what is asked of it."""
