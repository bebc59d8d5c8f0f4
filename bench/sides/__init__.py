"""Processes that are measured. Each is told what to do by its environment and ends by itself or is killed."""
