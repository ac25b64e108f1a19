"""Who gets a lead: in the thread, known owner, matching pool, hold. All of it reads, nothing is written."""
