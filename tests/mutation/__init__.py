"""Planted faults: mutmut's, and those in tables and decorated functions, which mutmut leaves alone."""
