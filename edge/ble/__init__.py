"""Bluetooth Low Energy: the box's adapter, and the lines of sensors that are heard or connected to over it."""
