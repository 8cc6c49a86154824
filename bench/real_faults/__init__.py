"""The whole product as real processes, and what is done to it."""
