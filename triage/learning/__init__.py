"""Learning from people: what they say of mail is kept, teaches the embedded classifier, and can be taken back."""
