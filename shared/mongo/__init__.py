"""The one door to MongoDB: versioned documents that hold state, what was seen and what is to be said."""
