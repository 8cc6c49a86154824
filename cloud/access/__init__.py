"""Who may do what, and who did: actors, accounts, logins, tokens and the audit log."""
