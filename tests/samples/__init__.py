"""Messages written by others, in a folder outside the project: read, and held to what other readers found in them."""
