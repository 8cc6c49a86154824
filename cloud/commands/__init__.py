"""The verbs that run beside the cloud, one a file."""
