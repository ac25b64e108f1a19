"""What people do about leads and teams: accept, hand over, credit back, leave, and load a team from a file."""
