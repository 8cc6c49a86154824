"""What `bench/board.py` shows: a city of thousands of sites, its server, and a browser that looks at it."""
