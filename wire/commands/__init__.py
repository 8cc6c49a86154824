"""The verbs that belong to neither side: they read files."""
