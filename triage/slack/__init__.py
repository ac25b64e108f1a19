"""What people press in Slack, and where Slack posts it."""
