"""The contract's guard: schemas, examples, topics, and what may change."""
