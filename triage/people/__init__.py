"""What people do: decide about mail and replies, take a decision back, halt all writing."""
