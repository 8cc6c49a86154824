"""What field engineers hand over after a commissioning: bundles read without trust, and kept with their site."""
