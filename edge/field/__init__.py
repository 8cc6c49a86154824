"""What a person at the pole does on a serial line: find devices, name them, read them, move them."""
