"""What stands of a patient's stays, from facts that may come late, twice or in any order. Pure."""
