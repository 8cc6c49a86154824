"""What raises an alarm: one file a kind, its name is the word in a limit set."""
