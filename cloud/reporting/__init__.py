"""What other systems report: proven, read, cleaned."""
