"""Showing that nothing is missing: the server's mails against our rows, a canary, and what waits too long."""
