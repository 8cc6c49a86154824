"""The city's side: readings to the store, alarms to cases, cases to people."""
