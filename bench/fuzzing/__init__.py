"""What `scripts/bench fuzz` feeds the readers of messages and files: valid ones, bent by who knows the grammar."""
