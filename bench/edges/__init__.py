"""The edges: MLLP in, mail out, and everything between them. Load, sinks and the others' ways of doing the same."""
