"""`care`: the command line. May import any service; nobody imports it."""
