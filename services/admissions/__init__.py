"""Admissions: who is in which hospital, and since when.

Hears `adt.inbound.v1`, the hospitals' own ADT messages. Says `care.encounters.v1`: registered, admitted, updated,
discharged, discharge withdrawn, cancelled. Remembers patients: their identifiers, their encounters with every lifecycle
fact, the care team, and what was said of each.
"""
