"""How a notice leaves the house: one file a kind, its name is the word in cloud.yaml."""
