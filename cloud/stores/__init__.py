"""Where readings are kept: one file a kind, its name is the word in cloud.yaml."""
