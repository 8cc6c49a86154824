"""What becomes of an alarm: its states, the cases it opens, what people do to it, how many there are."""
