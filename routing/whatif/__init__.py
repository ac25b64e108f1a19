"""What would be: who is next, what a changed pool would have done, years of leads in a second. Nothing is written."""
