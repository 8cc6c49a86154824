"""What edge and cloud agree on: types, words and bytes. No I/O but reading files."""
