"""The dashboards, one module a page; what they have in common is in `page.py`."""
