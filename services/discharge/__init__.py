"""discharge hears `care.encounters.v1`, says `care.transitions.v1`, remembers what it said of each encounter."""
