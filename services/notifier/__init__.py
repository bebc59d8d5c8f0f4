"""notifier: tells the care team, once, by the channel each chose, and corrects what it told.

Hears care.encounters.v1, care.transitions.v1, care.tasks.v1 and care.directory.v1. Says care.notifications.v1.
Remembers who can be told (`directories`), what stands of each encounter and everything decided about it (`subjects`),
and each delivery with its attempts (`deliveries`). It tells professionals only: no message to a patient or a family
exists.
"""
