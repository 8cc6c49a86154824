"""The configuration of a city's broker, one file for each program: who is let in, and what they may say and hear."""
