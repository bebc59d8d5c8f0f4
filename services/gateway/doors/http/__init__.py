"""The HTTP door: `POST /adt`. Which feed a message is of is said by its bearer token, never by the message."""
