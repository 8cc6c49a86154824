"""What boxes are to run: cut from the city's files, signed, pushed in stages, and what they say to it."""
