"""Deterministic simulation: the production code of all five services on virtual time, under seeded faults."""
