"""The contract: what is said on our topics, in which envelope, under which names. Pure; knows no service."""
