"""How reports of other systems come in: one file a kind, its name is the word in cloud.yaml."""
