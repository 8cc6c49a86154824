"""The filing check of an installation, and its certificate."""
