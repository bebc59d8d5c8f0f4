"""What came through a door, judged: a message to keep, or bytes that can never succeed. Pure."""
