"""Cases: their stages, what people do to them, how they open, what they add to the assessment."""
