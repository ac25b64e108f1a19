"""A Django app of the tests: an outside world that can be scripted, and a flush that may empty the audit log."""
