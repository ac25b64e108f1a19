"""What keeps the pipeline going by day and night: the scheduler's watchdog, new mail announced, the dead replaced."""
