"""Dashboards for Grafana: built in code, checked without it, brought to one that runs (docs/operate/grafana.md)."""
