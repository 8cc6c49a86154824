"""Where samples come from: one file a kind, its name is the word in sensors.yaml."""
