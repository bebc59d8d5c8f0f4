"""Who is told what, by which channel, or why not: pure decisions about one encounter and about one delivery."""
