"""`make bench`: what this project does, measured beside what others do for the same work, in interleaved rounds.

A row is a ratio of two sides, or one figure, held to what it must be; a table only tells. Nothing here is shipped.
"""
