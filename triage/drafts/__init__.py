"""Replies to leads: which text, what fills its places, and how an approved one is sent."""
