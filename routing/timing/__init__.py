"""Working hours, deadlines within them, and the clock that watches for an answer."""
