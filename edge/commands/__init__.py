"""The verbs that run on a box or a laptop, one a file."""
